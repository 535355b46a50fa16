use providers::api::Request;
use providers::digicert::admin::{self, Settings, Status, Webhook};
use serde_json::{Value, json};

use super::args::{Access, Test, WebhookArgs};
use super::change::endpoint;
use super::session::Session;
use crate::display::short;
use crate::error::CommandResult;
use crate::output::{Output, say};

/// Maximum width of an address: longer than any that works, so that none is cut.
const WIDTH: usize = 2048;

pub(super) async fn list(access: &Access) -> CommandResult<()> {
    let session = Session::open(access).await?;
    let webhooks = session.call(&admin::list(), admin::classify_list).await?;
    for webhook in &webhooks {
        session.output.say(&line(webhook), &value(webhook));
    }
    if webhooks.is_empty() { Err(admin::no_webhook(None).into()) } else { Ok(()) }
}

pub(super) async fn show(access: &Access, arguments: &WebhookArgs) -> CommandResult<()> {
    let session = Session::open(access).await?;
    show_webhook(session.output, &session.webhook(arguments.webhook_id).await?);
    Ok(())
}

pub(super) async fn test(access: &Access, arguments: &Test) -> CommandResult<()> {
    let named_endpoint = arguments.endpoint.as_deref().map(endpoint).transpose()?;
    let session = Session::open(access).await?;
    let named_key = session.new_secret(&arguments.secret).await?;
    let (endpoint, key) = match named_endpoint {
        Some(endpoint) => (endpoint, named_key),
        None => {
            let webhook = session.webhook(arguments.webhook.webhook_id).await?;
            let own = webhook.secret.filter(|_| !arguments.without_secret);
            (webhook.endpoint, named_key.or(own))
        }
    };
    session.act(&admin::test_endpoint(&endpoint, key.as_ref())).await?;
    let with = if key.is_some() { "with" } else { "without" };
    session.output.say(
        &format!("{} accepted the test event, which was sent {with} a key", endpoint),
        &json!({ "endpoint": endpoint, "key": key.is_some(), "answered": true }),
    );
    Ok(())
}

/// Makes a call about the webhook whose answer holds nothing.
pub(super) async fn act(
    access: &Access,
    arguments: &WebhookArgs,
    request: fn(u64) -> Request,
    outcome: &str,
) -> CommandResult<()> {
    let session = Session::open(access).await?;
    let id = session.id(arguments.webhook_id).await?;
    session.act(&request(id)).await?;
    done(&session, id, outcome, "");
    Ok(())
}

pub(super) fn done(session: &Session, id: u64, outcome: &str, next: &str) {
    let value = json!({ "webhook_id": id, "outcome": outcome });
    session.output.say(&format!("webhook {id}: {outcome}{next}"), &value);
}

/// Prints a webhook with everything but its secret.
pub(super) fn show_webhook(output: Output, webhook: &Webhook) {
    let settings = &webhook.settings;
    let on = |switch: Option<bool>| match switch {
        Some(true) => "on",
        Some(false) => "off",
        None => "not set (off)",
    };
    let days = settings.frequency.as_ref().map(|days| {
        let days: Vec<_> = days.iter().map(i16::to_string).collect();
        days.join(", ")
    });
    let lines = [
        line(webhook),
        format!("  secret         {}", if webhook.secret.is_some() { "set" } else { "none" }),
        format!("  events         {}", short(&webhook.events.join(", "), WIDTH)),
        format!("  instant issue  {}", on(settings.instant_issue)),
        format!("  chain          {}", on(settings.chain)),
        format!("  instant chain  {}", on(settings.instant_chain)),
        format!("  frequency      {}", days.as_deref().unwrap_or("not set")),
    ];
    output.say(&lines.join("\n"), &value(webhook));
}

/// A webhook on one line.
fn line(webhook: &Webhook) -> String {
    let endpoint = short(&webhook.endpoint, WIDTH);
    format!("webhook {}  {:<8}  {endpoint}", webhook.id, webhook.status.as_str())
}

/// A webhook for programs, in CertCentral's own names; `secret` says only whether there is one.
fn value(webhook: &Webhook) -> Value {
    let settings = &webhook.settings;
    json!({
        "id": webhook.id,
        "endpoint": webhook.endpoint,
        "status": webhook.status.as_str(),
        "secret": webhook.secret.is_some(),
        "events": webhook.events,
        "webhook_settings": {
            Settings::INSTANT_ISSUE: settings.instant_issue,
            Settings::FREQUENCY: settings.frequency,
            Settings::CHAIN: settings.chain,
            Settings::INSTANT_CHAIN: settings.instant_chain,
        },
    })
}

/// Prints the next command to run until events arrive, for people.
pub(super) fn show_next(output: Output, webhook: &Webhook) {
    let next = match webhook.status {
        Status::Pending => "challenge --send",
        Status::Inactive => "activate",
        Status::Active | Status::Other(_) => return,
    };
    if !output.json {
        say!("next: certhooks digicert webhook {next}");
    }
}
