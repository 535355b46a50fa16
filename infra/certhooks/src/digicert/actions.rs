use std::path::Path;

use providers::api::Request;
use providers::digicert::webhook::{self, Refusal};
use secrecy::SecretString;
use serde_json::json;

use super::access::Session;
use super::args::{Activate, Deactivate, Delete, List, Show, Test, Verify, WebhookArgs};
use super::installation::Installation;
use super::{show, webhook_spec};
use crate::credentials;
use crate::error::{CommandError, CommandResult};

pub(super) async fn list(arguments: &List) -> CommandResult<()> {
    let Session { account, output, .. } = Session::open(&arguments.access).await?;
    let webhooks = account.call(&webhook::list(), webhook::classify_list).await?;
    for webhook in &webhooks {
        output.say(&show::line(webhook), &show::value(webhook));
    }
    if webhooks.is_empty() { Err(Refusal::NoWebhookInAccount.into()) } else { Ok(()) }
}

pub(super) async fn show(arguments: &Show) -> CommandResult<()> {
    let Session { account, output, .. } = Session::open(&arguments.webhook.access).await?;
    show::webhook(output, &account.webhook(arguments.webhook.webhook_id).await?);
    Ok(())
}

pub(super) async fn test(arguments: &Test) -> CommandResult<()> {
    let named_endpoint = arguments.endpoint.as_deref().map(webhook_spec::endpoint).transpose()?;
    let session = Session::open(&arguments.webhook.access).await?;
    let named_key = session.new_secret(&arguments.secret).await?;
    let (endpoint, key) = match named_endpoint {
        Some(endpoint) => (endpoint, named_key),
        None => {
            let webhook = session.account.webhook(arguments.webhook.webhook_id).await?;
            let own = webhook.secret.filter(|_| !arguments.without_secret);
            (webhook.endpoint, named_key.or(own))
        }
    };
    session.account.act(&webhook::test_endpoint(&endpoint, key.as_ref())).await?;
    let with = if key.is_some() { "with" } else { "without" };
    session.output.say(
        &format!("{} accepted the test event, which was sent {with} a key", endpoint.as_str()),
        &json!({ "endpoint": endpoint.as_str(), "key": key.is_some(), "answered": true }),
    );
    Ok(())
}

pub(super) async fn verify(arguments: &Verify) -> CommandResult<()> {
    let named = arguments.token.as_deref().map(token).transpose()?;
    let session = Session::open(&arguments.webhook.access).await?;
    let id = session.account.id(arguments.webhook.webhook_id).await?;
    let token = match named {
        Some(token) => token,
        None => {
            let installation = Installation::open(&session, &arguments.installation).await?;
            let waiting = installation.waiting(id).await?;
            let none = || {
                CommandError::not_found(format!(
                    "no token is waiting for webhook {id}; request one with `certhooks digicert webhook challenge --send`"
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
        "-" => credentials::secret("TOKEN", Path::new("-")),
        "" => Err(CommandError::usage("TOKEN: must not be empty")),
        token => Ok(token.into()),
    }
}

pub(super) async fn activate(arguments: &Activate) -> CommandResult<()> {
    act(&arguments.webhook, webhook::activate, "active").await
}

pub(super) async fn deactivate(arguments: &Deactivate) -> CommandResult<()> {
    act(&arguments.webhook, webhook::deactivate, "inactive").await
}

pub(super) async fn delete(arguments: &Delete) -> CommandResult<()> {
    act(&arguments.webhook, webhook::delete, "deleted").await
}

async fn act(
    arguments: &WebhookArgs,
    request: fn(u64) -> Request,
    outcome: &str,
) -> CommandResult<()> {
    let session = Session::open(&arguments.access).await?;
    let id = session.account.id(arguments.webhook_id).await?;
    session.account.act(&request(id)).await?;
    done(&session, id, outcome, "")
}

fn done(session: &Session, id: u64, outcome: &str, next: &str) -> CommandResult<()> {
    let value = json!({ "webhook_id": id, "outcome": outcome });
    session.output.say(&format!("webhook {id}: {outcome}{next}"), &value);
    Ok(())
}
