use std::path::Path;
use std::time::Duration;

use boot::Environment;
use envelope::rfc3339;
use ports::WaitingChallenge;
use providers::digicert::admin;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::time::Instant;

use super::actions::done;
use super::args::{Access, Challenge, Verify};
use super::session::{Session, waiting_token};
use crate::credentials;
use crate::display::clean;
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::output::Output;

/// Interval between two reads of the waiting tokens.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

pub(super) async fn run(access: &Access, arguments: &Challenge) -> CommandResult<()> {
    if arguments.send {
        return send(access, arguments).await;
    }
    // This needs no API key, since it does not call CertCentral.
    let environment = Environment::of_process();
    let installation =
        installation::open(&arguments.stack, &access.common.state, &environment).await?;
    let mut waiting = installation.challenges().await?;
    let id = arguments.webhook.webhook_id.map(|id| id.to_string());
    waiting.retain(|challenge| id.as_ref().is_none_or(|id| challenge.webhook_id == *id));
    for challenge in &waiting {
        show(access.output(), challenge);
    }
    if waiting.is_empty() {
        return Err(CommandError::failed(
            "no challenge is waiting; request one with `certhooks digicert webhook challenge --send`, \
             or select Send verification token in CertCentral",
        ));
    }
    Ok(())
}

async fn send(access: &Access, arguments: &Challenge) -> CommandResult<()> {
    let session = Session::open(access).await?;
    let id = session.id(arguments.webhook.webhook_id).await?;
    if arguments.wait == 0 {
        session.act(&admin::send_challenge(id)).await?;
        let value = json!({ "webhook_id": id, "outcome": "sent" });
        session.output.say(&format!("webhook {id}: the token was sent to the endpoint"), &value);
        return Ok(());
    }
    let installation = session.installation(&arguments.stack).await?;
    let before = waiting_token(&*installation, id).await?;
    session.act(&admin::send_challenge(id)).await?;
    let until = Instant::now() + Duration::from_secs(arguments.wait);
    let token = arriving_token(&*installation, id, before.as_ref(), until).await?;
    let token = token.ok_or_else(|| not_arrived(&*installation, arguments.wait))?;
    show(session.output, &token);
    Ok(())
}

/// Waits for a token of a webhook other than `before`; `None` when none arrives in time.
pub(super) async fn arriving_token(
    installation: &dyn Installation,
    webhook: u64,
    before: Option<&WaitingChallenge>,
    until: Instant,
) -> CommandResult<Option<WaitingChallenge>> {
    loop {
        let waiting = waiting_token(installation, webhook).await?;
        let is_new =
            |token: &WaitingChallenge| before.is_none_or(|before| before.expires != token.expires);
        if let Some(token) = waiting.filter(is_new) {
            return Ok(Some(token));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// The error for a token that was sent and did not arrive.
pub(super) fn not_arrived(installation: &dyn Installation, seconds: u64) -> CommandError {
    CommandError::failed(format!(
        "the token was sent, but did not arrive within {seconds} s; check with `certhooks digicert \
         webhook logs` how the endpoint answered, and check that it belongs to {}",
        installation.name()
    ))
}

pub(super) async fn verify(access: &Access, arguments: &Verify) -> CommandResult<()> {
    let named = arguments.token.as_deref().map(token).transpose()?;
    let session = Session::open(access).await?;
    let id = session.id(arguments.webhook.webhook_id).await?;
    let token = match named {
        Some(token) => token,
        None => {
            let installation = session.installation(&arguments.stack).await?;
            let none = || {
                CommandError::not_found(format!(
                    "no token is waiting for webhook {id}; request one with `certhooks digicert webhook challenge --send`"
                ))
            };
            waiting_token(&*installation, id).await?.ok_or_else(none)?.token
        }
    };
    session.act(&admin::check_challenge(id, &token)).await?;
    done(&session, id, "verified", "; next: certhooks digicert webhook activate");
    Ok(())
}

fn token(text: &str) -> CommandResult<SecretString> {
    match text.trim() {
        "-" => credentials::secret("TOKEN", Path::new("-")),
        "" => Err(CommandError::usage("TOKEN: must not be empty")),
        token => Ok(token.into()),
    }
}

fn show(output: Output, challenge: &WaitingChallenge) {
    let (webhook, token) = (&challenge.webhook_id, challenge.token.expose_secret());
    let expires = rfc3339(challenge.expires);
    // The token came from outside, so control characters could act on the terminal.
    let text = match clean(token).as_str() {
        "" => format!(
            "webhook {webhook}: its challenge came without a token; have it sent again with --send"
        ),
        plain => format!("webhook {webhook}: enter token {plain} in CertCentral before {expires}"),
    };
    output.say(&text, &json!({ "webhook_id": webhook, "token": token, "expires": expires }));
}
