use providers::digicert::webhook::{Settings, Status, Webhook};
use serde_json::{Value, json};

use crate::display::short;
use crate::output::Output;
use crate::output::say;

/// Maximum width of an address: longer than any that works, so that none is cut.
const WIDTH: usize = 2048;

/// Prints a webhook with everything but its secret.
pub(super) fn webhook(output: Output, webhook: &Webhook) {
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
pub(super) fn line(webhook: &Webhook) -> String {
    let endpoint = short(webhook.endpoint.as_str(), WIDTH);
    format!("webhook {}  {:<8}  {endpoint}", webhook.id, webhook.status.as_str())
}

/// A webhook for programs, in CertCentral's own names; `secret` says only whether there is one.
pub(super) fn value(webhook: &Webhook) -> Value {
    let settings = &webhook.settings;
    json!({
        "id": webhook.id,
        "endpoint": webhook.endpoint.as_str(),
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
pub(super) fn next(output: Output, webhook: &Webhook) {
    let next = match webhook.status {
        Status::Pending => "challenge --send",
        Status::Inactive => "activate",
        Status::Active | Status::Other(_) => return,
    };
    if !output.json {
        say!("next: certhooks digicert webhook {next}");
    }
}
