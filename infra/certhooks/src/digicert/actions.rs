use std::path::Path;

use providers::api::Request;
use providers::digicert::webhook::{self, Refusal};
use secrecy::SecretString;
use serde_json::json;

use super::access::Session;
use super::home::Home;
use super::words::{Activate, Deactivate, Delete, List, One, Show, Test, Verify};
use super::{show, wish};
use crate::error::{CommandError, CommandResult};
use crate::given;

pub(super) async fn list(arguments: &List) -> CommandResult<()> {
    let Session { account, output, .. } = Session::open(&arguments.access).await?;
    let webhooks = account.call(&webhook::list(), webhook::classify_list).await?;
    for webhook in &webhooks {
        output.say(&show::line(webhook), &show::value(webhook));
    }
    if webhooks.is_empty() { Err(Refusal::NoWebhookInAccount.into()) } else { Ok(()) }
}

pub(super) async fn show(arguments: &Show) -> CommandResult<()> {
    let Session { account, output, .. } = Session::open(&arguments.of.access).await?;
    show::webhook(output, &account.webhook(arguments.of.webhook_id).await?);
    Ok(())
}

pub(super) async fn test(arguments: &Test) -> CommandResult<()> {
    let elsewhere = arguments.endpoint.as_deref().map(wish::endpoint).transpose()?;
    let session = Session::open(&arguments.of.access).await?;
    let named = session.new_secret(&arguments.secret).await?;
    let (endpoint, key) = match elsewhere {
        Some(endpoint) => (endpoint, named),
        None => {
            let webhook = session.account.webhook(arguments.of.webhook_id).await?;
            let own = webhook.secret.filter(|_| !arguments.without_secret);
            (webhook.endpoint, named.or(own))
        }
    };
    session.account.act(&webhook::test_endpoint(&endpoint, key.as_ref())).await?;
    let with = if key.is_some() { "with" } else { "without" };
    session.output.say(
        &format!("{} answered the test event, sent {with} a key", endpoint.as_str()),
        &json!({ "endpoint": endpoint.as_str(), "key": key.is_some(), "answered": true }),
    );
    Ok(())
}

pub(super) async fn verify(arguments: &Verify) -> CommandResult<()> {
    let given = arguments.token.as_deref().map(token).transpose()?;
    let session = Session::open(&arguments.of.access).await?;
    let id = session.account.id(arguments.of.webhook_id).await?;
    let token = match given {
        Some(token) => token,
        None => {
            let home = Home::open(&session, &arguments.installation).await?;
            let waiting = home.waiting(id).await?;
            let none = || {
                CommandError::not_found(format!(
                    "no token for webhook {id} waits: have one sent with `challenge --send`"
                ))
            };
            waiting.ok_or_else(none)?.token
        }
    };
    session.account.act(&webhook::check_challenge(id, &token)).await?;
    done(&session, id, "verified", "; next: certhooks digicert webhook activate")
}

fn token(text: &str) -> CommandResult<SecretString> {
    match text.trim() {
        "-" => given::secret("TOKEN", Path::new("-")),
        "" => Err(CommandError::usage("TOKEN: is empty")),
        token => Ok(token.into()),
    }
}

pub(super) async fn activate(arguments: &Activate) -> CommandResult<()> {
    act(&arguments.of, webhook::activate, "active").await
}

pub(super) async fn deactivate(arguments: &Deactivate) -> CommandResult<()> {
    act(&arguments.of, webhook::deactivate, "inactive").await
}

pub(super) async fn delete(arguments: &Delete) -> CommandResult<()> {
    act(&arguments.of, webhook::delete, "deleted").await
}

async fn act(of: &One, request: fn(u64) -> Request, outcome: &str) -> CommandResult<()> {
    let session = Session::open(&of.access).await?;
    let id = session.account.id(of.webhook_id).await?;
    session.account.act(&request(id)).await?;
    done(&session, id, outcome, "")
}

fn done(session: &Session, id: u64, outcome: &str, next: &str) -> CommandResult<()> {
    let value = json!({ "webhook_id": id, "outcome": outcome });
    session.output.say(&format!("webhook {id} {outcome}{next}"), &value);
    Ok(())
}
