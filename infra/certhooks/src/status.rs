use boot::Environment;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use embedded::Delivered;
use envelope::{Outcome, rfc3339};
use ports::{Entry, History, alias};
use providers::profile;
use serde_json::{Value, json};

use crate::args::{CommonArgs, StackArgs};
use crate::display::{clean, event_name, one_line, whole_seconds, without_prefix};
use crate::error::{CommandError, CommandResult};
use crate::installation;
use crate::output::{Output, say};
use crate::queue::waiting::{COLUMNS as WAITING, WaitingEvent};
use crate::table::{Column, Emphasis, SafeText, Table};
use crate::{queue, tail};

/// Shows where a certificate or an event is: what waits, and the history with its deliveries and state
///
/// Finds by CertCentral order number or certificate id, by hostname (of Cloudflare, or a DNS name in the
/// certificate), by serial number (hexadecimal with or without colons, or decimal), by the id of an event, or
/// by the name that this command prints. Everything that matches is shown.
///
/// What waits on the events queue is shown with its attempts, the reason and the next one; not with --stack,
/// since SQS shows no message that waits. The history holds an event from its delivery on, for 400 days, and at
/// most the last 200 events of a certificate. `stale` marks an event that is older than the state that the
/// certificate had reached.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks status 123456789\n  \
    certhooks status shop.example.com\n  \
    certhooks status 2a1cee8cfb35cf718a213f67c9c41612dbdd196b041bdd15b9e5b66a6380062f\n  \
    certhooks status 0A:1B:2C:3D:4E:5F --json | jq .state\n\n\
    Exit status: 0 found; 1 failed; 2 wrong usage; 3 not found.")]
pub(crate) struct Status {
    /// Order number, certificate id, hostname, serial number, event id, or name that this command prints
    #[arg(value_name = "ORDER|CERTIFICATE|HOSTNAME|SERIAL|EVENT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: &Status) -> CommandResult<()> {
    let Status { name, stack, common } = arguments;
    let installation = installation::open(stack, &common.state, &Environment::of_process()).await?;
    let output = Output { json: common.json };
    let wanted = names(name);
    let waiting = queue::waiting(&*installation).await?.unwrap_or_default();
    let waiting: Vec<_> = waiting.into_iter().filter(|event| is_named(event, &wanted)).collect();
    let histories = installation.histories(wanted).await?;
    // An event that is about no certificate has no history.
    let delivered = match histories.is_empty() {
        true => installation.delivered(name.trim()).await?,
        false => None,
    };
    if waiting.is_empty() && histories.is_empty() && delivered.is_none() {
        let unseen = match installation.is_stack() {
            true => "SQS does not show what waits: search the worker's log for it",
            false => {
                "nothing of it waits on the events queue; `certhooks dead-letters list` shows what failed"
            }
        };
        return Err(CommandError::not_found(format!(
            "{}: not found; no event with this order, certificate id, hostname, serial number or id was \
             delivered in the last 400 days, and {unseen}",
            clean(name)
        )));
    }
    show_waiting(&waiting, output);
    if let Some(delivered) = delivered {
        show_delivered(&delivered, output);
    }
    for (number, history) in histories.iter().enumerate() {
        if common.json {
            say!("{}", value(history));
            continue;
        }
        if number > 0 || !waiting.is_empty() {
            say!("");
        }
        show(history, output);
    }
    Ok(())
}

fn is_named(event: &WaitingEvent, wanted: &[String]) -> bool {
    event.names().iter().any(|name| wanted.contains(name))
}

fn show_waiting(waiting: &[WaitingEvent], output: Output) {
    if output.json {
        return waiting.iter().for_each(|event| say!("{}", json!({ "waiting": event.value() })));
    }
    let table = Table::new(&WAITING);
    if !waiting.is_empty() {
        say!("waiting on the events queue");
        output.styled([table.header()]);
    }
    output.styled(waiting.iter().map(|event| event.line(&table)));
}

fn show_delivered(delivered: &Delivered, output: Output) {
    match serde_json::from_str(&delivered.body) {
        Ok(event) if !output.json => {
            let table = Table::new(&tail::COLUMNS);
            output.styled([table.header()]);
            output.styled([tail::line(&table, &event, delivered)]);
        }
        _ => say!("{}", one_line(&delivered.body)),
    }
}

/// The names in the ledger that an operator's argument may stand for: an order, a DNS name, a serial
/// number, or a certificate's name in the ledger itself.
fn names(argument: &str) -> Vec<String> {
    let word = argument.trim();
    if word.contains('/') {
        return vec![word.to_owned()];
    }
    let certificates = profile::ALL.iter().map(|row| format!("{}/certificate/{word}", row.name));
    let order = word.parse().ok().filter(|_| is_digits(word)).map(alias::order);
    let name = (!is_digits(word)).then(|| alias::name(word));
    let digits = word.strip_prefix("serial=").unwrap_or(word);
    let hex = certificate::serial_of_hex(digits).map(|hex| alias::serial(&hex));
    // A number may be an order or a serial number; Cloudflare and OpenSSL's text form write serial
    // numbers in decimal.
    let decimal = certificate::serial_hex(digits).map(|hex| alias::serial(&hex));
    let names = order.into_iter().chain(name).chain(hex).chain(decimal);
    // An event's id, or a certificate's, is a name as it is.
    names.chain([word.to_owned()]).chain(certificates).collect()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The columns of a history.
const COLUMNS: [Column; 5] = [
    Column { title: "received", width: 20, least: 20 },
    Column { title: "event", width: 32, least: 16 },
    Column { title: "call-back", width: 26, least: 16 },
    Column { title: "marks", width: 16, least: 8 },
    Column { title: "delivered", width: 20, least: 0 },
];

/// A certificate for people: its state and identifiers, then its events.
fn show(history: &History, output: Output) {
    say!("{}", clean(&history.certificate));
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
        if let Some(value) = value {
            say!("  {what:<10} {}", clean(&value));
        }
    }
    let table = Table::new(&COLUMNS);
    output.styled([table.header()]);
    output.styled(history.entries.iter().map(|entry| line(&table, entry)));
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

fn line(table: &Table, entry: &Entry) -> SafeText {
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
    let emphasis = match callback.outcome {
        Outcome::Failed => Emphasis::Error,
        _ if entry.conflict == Some(true) => Emphasis::Error,
        _ if entry.ordering.is_some() => Emphasis::Warning,
        _ => Emphasis::Plain,
    };
    let cells: [&str; 5] = [
        &whole_seconds(entry.received),
        &event,
        &format!("{}{reason}{attempts}", callback.outcome),
        &marks,
        &whole_seconds(entry.delivered),
    ];
    table.row(emphasis, &cells, &entry.id)
}

fn marks(entry: &Entry) -> String {
    let marked = |mark: Option<bool>, word: &'static str| mark.filter(|mark| *mark).map(|_| word);
    let marks = [
        entry.ordering.as_deref(),
        marked(entry.reconciled, "reconciled"),
        marked(entry.replayed, "replayed"),
        marked(entry.conflict, "conflict"),
    ];
    let marks = marks.into_iter().flatten().collect::<Vec<_>>().join(",");
    if marks.is_empty() { "-".to_owned() } else { marks }
}

fn identifier(history: &History, name: &str) -> Option<String> {
    let entry = history.entries.iter().rev().find_map(|entry| entry.identifiers.get(name))?;
    Some(entry.as_str().map_or_else(|| entry.to_string(), str::to_owned))
}

/// The value of the latest event that has one; a stale or disputed event counts only where no other has one.
pub(crate) fn latest<'a, T>(
    history: &'a History,
    known: impl Fn(&'a Entry) -> Option<T>,
) -> Option<T> {
    let of = |is_doubtful: bool| {
        let entries = history.entries.iter().rev();
        let doubtful = |entry: &Entry| entry.ordering.is_some() || entry.is_disputed();
        entries.filter(move |entry| doubtful(entry) == is_doubtful).find_map(&known)
    };
    of(false).or_else(|| of(true))
}

pub(crate) fn serial_numbers(history: &History) -> &[String] {
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
            let found = names(word);
            assert!(
                expected.iter().all(|name| found.iter().any(|it| it == name)),
                "{word}: {found:?}"
            );
        }
    }
}
