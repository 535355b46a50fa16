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
use super::installation::Home;
use crate::fault::{Fault, Outcome};
use crate::output::Output;
use crate::stack::Stack;

pub(super) async fn run(arguments: &Challenge) -> Outcome<()> {
    if arguments.send {
        return send(arguments).await;
    }
    let output = Output { json: arguments.of.access.common.json };
    let waiting = waiting(arguments).await?;
    let is_asked = |challenge: &&WaitingChallenge| {
        arguments.of.webhook_id.is_none_or(|id| challenge.webhook_id == id.to_string())
    };
    let asked: Vec<_> = waiting.iter().filter(is_asked).collect();
    for challenge in &asked {
        show(output, challenge);
    }
    if asked.is_empty() {
        return Err(Fault::failed(
            "no challenge waits: have one sent with `certhooks digicert webhook challenge --send`, \
             or select Send verification token in CertCentral",
        ));
    }
    Ok(())
}

/// Needs no API key, since it asks nobody at CertCentral.
async fn waiting(arguments: &Challenge) -> Outcome<Vec<WaitingChallenge>> {
    if let Some(name) = &arguments.here.stack {
        let stack = Stack::open(&Environment::of_process(), name).await?;
        return Ok(stack.tokens().await?);
    }
    Ok(Reader::open(&arguments.of.access.common.state)?.challenges().await?)
}

async fn send(arguments: &Challenge) -> Outcome<()> {
    let session = Session::open(&arguments.of.access).await?;
    let id = session.account.id(arguments.of.webhook_id).await?;
    if arguments.wait == 0 {
        session.account.act(&webhook::send_challenge(id)).await?;
        let value = json!({ "webhook_id": id, "outcome": "sent" });
        session.output.say(&format!("webhook {id}: the token was sent to the endpoint"), &value);
        return Ok(());
    }
    let home = Home::open(&session, &arguments.here).await?;
    let before = home.waiting(id).await?;
    session.account.act(&webhook::send_challenge(id)).await?;
    let until = Instant::now() + Duration::from_secs(arguments.wait);
    let token = home.arriving(id, before.as_ref(), until).await?;
    let token = token.ok_or_else(|| not_arrived(&home, arguments.wait))?;
    show(session.output, &token);
    Ok(())
}

/// A token was sent, and did not come.
pub(super) fn not_arrived(home: &Home<'_>, seconds: u64) -> Fault {
    Fault::failed(format!(
        "the token was sent, but none arrived within {seconds} s: see with `logs` how the endpoint \
         answered, and that it is the door of {}",
        home.name()
    ))
}

fn show(output: Output, challenge: &WaitingChallenge) {
    let (webhook, token) = (&challenge.webhook_id, challenge.token.expose_secret());
    let expires = rfc3339(challenge.expires);
    // The token came from outside and is shown on a terminal.
    let plain: String = token.chars().filter(|character| !character.is_control()).collect();
    output.say(
        &format!("webhook {webhook}: enter token {plain} in CertCentral before {expires}"),
        &json!({ "webhook_id": webhook, "token": token, "expires": expires }),
    );
}
