use std::process::ExitCode;

use embedded::Reader;
use envelope::rfc3339;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::cli::Challenge;

pub(crate) async fn run(arguments: Challenge) -> anyhow::Result<ExitCode> {
    let waiting = Reader::open(&arguments.state)?.challenges().await?;
    for challenge in &waiting {
        let (webhook, token) = (&challenge.webhook_id, challenge.token.expose_secret());
        let expires = rfc3339(challenge.expires);
        if arguments.json {
            println!("{}", json!({ "webhook_id": webhook, "token": token, "expires": expires }));
        } else {
            // The token came from outside and is shown on a terminal.
            let token: String = token.chars().filter(|character| !character.is_control()).collect();
            println!("webhook {webhook}: enter token {token} in CertCentral before {expires}");
        }
    }
    if waiting.is_empty() {
        eprintln!("certhooks: no challenge waits; select Send verification token in CertCentral");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
