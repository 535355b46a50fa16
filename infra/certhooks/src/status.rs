use boot::Environment;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use envelope::rfc3339;
use ports::{Entry, History, alias};
use serde_json::{Value, json};

use crate::args::{CommonArgs, StackArgs};
use crate::display::{clean, event_name, short, whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::installation;
use crate::output::say;

/// Shows the history of a certificate: its events, their call-backs and deliveries, and its state
///
/// Finds certificates by CertCentral order number, by hostname (of Cloudflare, or a DNS name in the
/// certificate), by serial number (hexadecimal with or without colons, or decimal), or by the name that
/// this command prints. Every certificate that matches is shown.
///
/// The history holds an event from its delivery on, for 400 days, and at most the last 200 events of a
/// certificate. `stale` marks an event that is older than the state that the certificate had reached.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks status 123456789\n  \
    certhooks status shop.example.com\n  \
    certhooks status 0A:1B:2C:3D:4E:5F --json | jq .state\n\n\
    Exit status: 0 found; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Status {
    /// Order number, hostname, serial number, or name that this command prints
    #[arg(value_name = "ORDER|HOSTNAME|SERIAL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: &Status) -> CommandResult<()> {
    let Status { name, stack, common } = arguments;
    let installation = installation::open(stack, &common.state, &Environment::of_process()).await?;
    let histories = installation.histories(names(name)).await?;
    if histories.is_empty() {
        return Err(CommandError::not_found(format!(
            "{}: not found; no event with this order, hostname or serial number was delivered in the \
             last 400 days",
            clean(name)
        )));
    }
    for (number, history) in histories.iter().enumerate() {
        if common.json {
            say!("{}", value(history));
            continue;
        }
        if number > 0 {
            say!("");
        }
        say!("{}", text(history));
    }
    Ok(())
}

/// The names in the ledger that an operator's argument may stand for: an order, a DNS name, a serial
/// number, or a certificate's name in the ledger itself.
fn names(argument: &str) -> Vec<String> {
    let word = argument.trim();
    if word.contains('/') {
        return vec![word.to_owned()];
    }
    let order = word.parse().ok().filter(|_| is_digits(word)).map(alias::order);
    let name = (!is_digits(word)).then(|| alias::name(word));
    let digits = word.strip_prefix("serial=").unwrap_or(word);
    let hex = certificate::serial_of_hex(digits).map(|hex| alias::serial(&hex));
    // A number may be an order or a serial number; Cloudflare and OpenSSL's text form write serial
    // numbers in decimal.
    let decimal = certificate::serial_hex(digits).map(|hex| alias::serial(&hex));
    order.into_iter().chain(name).chain(hex).chain(decimal).collect()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A certificate as text: its state and identifiers, then a line for each event.
fn text(history: &History) -> String {
    let mut lines = vec![clean(&history.certificate)];
    let state = history.state.as_ref();
    let state = state.map(|state| {
        format!("{} since {}", without_prefix(&state.kind), whole_seconds(state.time))
    });
    let serials = serial_numbers(history).join(", ");
    for (what, value) in [
        ("state", Some(state.unwrap_or_else(|| "- (the order of its events is not known)".into()))),
        ("order", identifier(history, "order_id")),
        ("hostname", identifier(history, "hostname")),
        ("serial", Some(serials).filter(|serials| !serials.is_empty())),
        ("not after", not_after(history).map(str::to_owned)),
    ] {
        lines.extend(value.map(|value| format!("  {what:<10} {}", clean(&value))));
    }
    lines.push(columns(["received", "event", "call-back", "delivered", "marks", "id"]));
    lines.extend(history.entries.iter().map(line));
    lines.join("\n")
}

/// A certificate as JSON.
fn value(history: &History) -> Value {
    let state = history
        .state
        .as_ref()
        .map(|state| json!({ "type": state.kind, "id": state.id, "time": rfc3339(state.time) }));
    json!({
        "certificate": history.certificate,
        "state": state,
        "serial_numbers": serial_numbers(history),
        "not_after": not_after(history),
        "history": history.entries,
    })
}

fn line(entry: &Entry) -> String {
    let callback = &entry.callback;
    let reason = callback.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let attempts = match callback.attempts {
        0 | 1 => String::new(),
        more => format!(", {more} attempts"),
    };
    let event = match without_prefix(&entry.kind) {
        "unrecognised" => event_name(&entry.event),
        kind => kind.to_owned(),
    };
    let marks = marks(entry);
    columns([
        &whole_seconds(entry.received),
        &event,
        &format!("{}{reason}{attempts}", callback.outcome),
        &whole_seconds(entry.delivered),
        if marks.is_empty() { "-" } else { &marks },
        &short(&entry.id, 64),
    ])
}

fn columns([received, event, callback, delivered, marks, id]: [&str; 6]) -> String {
    format!("  {received:<20} {event:<32} {callback:<26} {delivered:<20} {marks:<16} {id}")
}

fn marks(entry: &Entry) -> String {
    let marked = |mark: Option<bool>, word: &'static str| mark.filter(|mark| *mark).map(|_| word);
    let marks = [
        entry.ordering.as_deref(),
        marked(entry.reconciled, "reconciled"),
        marked(entry.replayed, "replayed"),
        marked(entry.conflict, "conflict"),
    ];
    marks.into_iter().flatten().collect::<Vec<_>>().join(",")
}

fn identifier(history: &History, name: &str) -> Option<String> {
    let entry = history.entries.iter().rev().find_map(|entry| entry.identifiers.get(name))?;
    Some(entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
}

/// The value of the latest event that has one; a stale or disputed event counts only where no other has one.
fn latest<'a, T>(history: &'a History, known: impl Fn(&'a Entry) -> Option<T>) -> Option<T> {
    let of = |is_doubtful: bool| {
        let entries = history.entries.iter().rev();
        let doubtful = |entry: &Entry| entry.ordering.is_some() || entry.is_disputed();
        entries.filter(move |entry| doubtful(entry) == is_doubtful).find_map(&known)
    };
    of(false).or_else(|| of(true))
}

fn serial_numbers(history: &History) -> &[String] {
    let known = |entry: &'_ Entry| !entry.serial_numbers.is_empty();
    latest(history, |entry| known(entry).then_some(entry.serial_numbers.as_slice()))
        .unwrap_or_default()
}

fn not_after(history: &History) -> Option<&str> {
    latest(history, |entry| entry.not_after.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_may_be_an_order_a_name_or_a_serial_number() {
        for (word, expected) in [
            ("12", &["order/12", "serial/12", "serial/C"][..]),
            ("Shop.Example.com.", &["name/shop.example.com"]),
            (" *.example.com ", &["name/*.example.com"]),
            ("0a:1B:2c", &["name/0a:1b:2c", "serial/A1B2C"]),
            ("00A1B2C", &["name/00a1b2c", "serial/A1B2C"]),
            ("0xA1B2C", &["name/0xa1b2c", "serial/A1B2C"]),
            ("serial=0A1B2C", &["name/serial=0a1b2c", "serial/A1B2C"]),
            // A negative one, as it is shown; behind `--`, since it looks like an option.
            ("-11D4FF", &["name/-11d4ff", "serial/-11D4FF"]),
            // Too large for a 64-bit number, so not an order.
            (
                "1001172778337169491000",
                &["serial/1001172778337169491000", "serial/3646103974F9E2C438"],
            ),
            ("digicert/certificate/7", &["digicert/certificate/7"]),
        ] {
            assert_eq!(names(word), expected, "{word}");
        }
    }
}
