use std::time::Duration;

use boot::Environment;
use embedded::{Reader, WaitingChallenge};
use envelope::rfc3339;
use providers::digicert::webhook;
use secrecy::ExposeSecret;
use serde_json::json;
use tokio::time::Instant;

use super::access::Session;
use super::args::Challenge;
use super::installation::Installation;
use crate::error::{CommandError, CommandResult};
use crate::output::Output;
use crate::stack::Stack;

pub(super) async fn run(arguments: &Challenge) -> CommandResult<()> {
    if arguments.send {
        return send(arguments).await;
    }
    let output = Output { json: arguments.webhook.access.common.json };
    let waiting = waiting(arguments).await?;
    let is_selected = |challenge: &&WaitingChallenge| {
        arguments.webhook.webhook_id.is_none_or(|id| challenge.webhook_id == id.to_string())
    };
    let selected: Vec<_> = waiting.iter().filter(is_selected).collect();
    for challenge in &selected {
        show(output, challenge);
    }
    if selected.is_empty() {
        return Err(CommandError::failed(
            "no challenge is waiting; request one with `certhooks digicert webhook challenge --send`, \
             or select Send verification token in CertCentral",
        ));
    }
    Ok(())
}

/// The challenges that wait. This needs no API key, since it does not call CertCentral.
async fn waiting(arguments: &Challenge) -> CommandResult<Vec<WaitingChallenge>> {
    if let Some(name) = &arguments.installation.stack {
        let stack = Stack::open(&Environment::of_process(), name).await?;
        return Ok(stack.tokens().await?);
    }
    Ok(Reader::open(&arguments.webhook.access.common.state)?.challenges().await?)
}

async fn send(arguments: &Challenge) -> CommandResult<()> {
    let session = Session::open(&arguments.webhook.access).await?;
    let id = session.account.id(arguments.webhook.webhook_id).await?;
    if arguments.wait == 0 {
        session.account.act(&webhook::send_challenge(id)).await?;
        let value = json!({ "webhook_id": id, "outcome": "sent" });
        session.output.say(&format!("webhook {id}: the token was sent to the endpoint"), &value);
        return Ok(());
    }
    let installation = Installation::open(&session, &arguments.installation).await?;
    let before = installation.waiting(id).await?;
    session.account.act(&webhook::send_challenge(id)).await?;
    let until = Instant::now() + Duration::from_secs(arguments.wait);
    let token = installation.arriving(id, before.as_ref(), until).await?;
    let token = token.ok_or_else(|| not_arrived(&installation, arguments.wait))?;
    show(session.output, &token);
    Ok(())
}

/// The error for a token that was sent and did not arrive.
pub(super) fn not_arrived(installation: &Installation<'_>, seconds: u64) -> CommandError {
    CommandError::failed(format!(
        "the token was sent, but did not arrive within {seconds} s; check with `certhooks digicert \
         webhook logs` how the endpoint answered, and check that it belongs to {}",
        installation.name()
    ))
}

fn show(output: Output, challenge: &WaitingChallenge) {
    let (webhook, token) = (&challenge.webhook_id, challenge.token.expose_secret());
    let expires = rfc3339(challenge.expires);
    // The token came from outside, so control characters could act on the terminal.
    let plain: String = token.chars().filter(|character| !character.is_control()).collect();
    output.say(
        &format!("webhook {webhook}: enter token {plain} in CertCentral before {expires}"),
        &json!({ "webhook_id": webhook, "token": token, "expires": expires }),
    );
}
