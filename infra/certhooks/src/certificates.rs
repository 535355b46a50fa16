use std::cmp::Ordering;

use boot::Environment;
use clap::Args;
use envelope::rfc3339;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::args::{CommonArgs, StackArgs};
use crate::error::CommandResult;
use crate::installation;
use crate::inventory::{self, Filter, Logged, Reading, Row, State, by_expiry, issuer_name};
use crate::output::{Output, count, say};
use crate::table::{Column, Emphasis, SafeText, Table};

/// Lists the certificates that the ledger knows, with state, expiry, next renewal and replacement
///
/// Each is there from its first event on, and for 400 days after its last one. Of a hostname of Cloudflare's it is the
/// certificate that the hostname has now. `ct` is what the comparison with certificate transparency logs says: expected,
/// unexpected, missing or resolved.
///
/// A renewal is expected in the last third of a validity, and in its last 30 days. `renewal_days` is how long the next
/// certificate may be valid for by the limits of the CA/Browser Forum on that day: 200 days, 100 from 2027-03-15, 47
/// from 2029-03-15. A renewal is overdue where, 14 days before the end, no certificate is known that has all of the names
/// and is valid for longer.
///
/// With --stack the whole table of the ledger is read, page by page; how much that was is said on standard error.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks certificates --overdue\n  \
    certhooks certificates --name .example.com --expires-within 30d --sort expires\n  \
    certhooks certificates --in-state unexpected --in-state missing --json | jq -r .certificate\n  \
    certhooks certificates --csv --stack certhooks > certificates.csv\n\n\
    Exit status: 0 listed, also where there are none; 1 failed; 2 wrong usage.")]
pub(crate) struct Certificates {
    #[command(flatten)]
    filter: Filter,
    /// Column to sort by: state, name, issuer, expires, renewal or received; a minus before it reverses the order
    #[arg(long, value_name = "COLUMN", default_value = "state", value_parser = sort, allow_hyphen_values = true)]
    sort: Sort,
    /// Print comma-separated values below a line of names. A value that a spreadsheet would take for a formula has an
    /// apostrophe before it
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Clone, Copy, Debug)]
struct Sort {
    compare: fn(&Row, &Row) -> Ordering,
    is_descending: bool,
}

fn sort(text: &str) -> Result<Sort, String> {
    let (column, is_descending) = match text.strip_prefix('-') {
        Some(column) => (column, true),
        None => (text, false),
    };
    let compare: fn(&Row, &Row) -> Ordering = match column {
        "state" => |one, other| one.state.cmp(&other.state),
        "name" => |one, other| one.name.cmp(&other.name),
        "issuer" => |one, other| one.issuer.cmp(&other.issuer),
        "expires" => by_expiry,
        "renewal" => |one, other| {
            let key = |row: &Row| row.next_renewal().map_or((true, None), |at| (false, Some(at)));
            key(one).cmp(&key(other))
        },
        "received" => |one, other| one.received.cmp(&other.received),
        _ => return Err("must be state, name, issuer, expires, renewal or received".to_owned()),
    };
    Ok(Sort { compare, is_descending })
}

pub(crate) async fn run(arguments: &Certificates) -> CommandResult<()> {
    let Certificates { filter, sort, csv, stack, common } = arguments;
    let installation = installation::open(stack, &common.state, &Environment::of_process()).await?;
    let output = Output { json: common.json };
    let reading = Reading::new(output);
    let all = inventory::read(&*installation, &|read| reading.on_page(read)).await?;
    let now = OffsetDateTime::now_utc();
    let mut rows: Vec<_> = all.iter().filter(|row| filter.selects(row, now)).collect();
    // What is equal stays in the order of states and expiries.
    rows.sort_by(|one, other| match sort.is_descending {
        true => (sort.compare)(other, one),
        false => (sort.compare)(one, other),
    });
    if common.json {
        rows.iter().for_each(|row| say!("{}", object(row)));
    } else if *csv {
        show_csv(&rows);
    } else {
        show(&rows, all.len(), output);
    }
    reading.end();
    Ok(())
}

/// The columns of certificates.
const COLUMNS: [Column; 9] = [
    Column { title: "state", width: 10, least: 10 },
    Column { title: "name", width: 40, least: 24 },
    Column { title: "expires", width: 10, least: 10 },
    Column { title: "renewal", width: 10, least: 10 },
    Column { title: "issuer", width: 28, least: 10 },
    Column { title: "ct", width: 10, least: 0 },
    Column { title: "key", width: 10, least: 0 },
    Column { title: "provider", width: 11, least: 0 },
    Column { title: "certificate", width: 34, least: 0 },
];

fn show(rows: &[&Row], all: usize, output: Output) {
    let table = Table::new(&COLUMNS);
    if !rows.is_empty() {
        output.styled([table.header()]);
    }
    output.styled(rows.iter().map(|row| line(&table, row)));
    let states =
        State::ALL.map(|state| (state, rows.iter().filter(|row| row.state == state).count()));
    let states = states.into_iter().filter(|(_, count)| *count > 0);
    let states: Vec<_> =
        states.map(|(state, count)| format!("{count} {}", state.as_str())).collect();
    let selected = if rows.len() < all { format!("{} of ", rows.len()) } else { String::new() };
    let states = if states.is_empty() { String::new() } else { format!(": {}", states.join(", ")) };
    say!("{selected}{}{states}", count(all, "certificate"));
}

fn line(table: &Table, row: &Row) -> SafeText {
    let emphasis = match (row.state, row.logged) {
        (State::Unexpected | State::Expired | State::Failed, _) => Emphasis::Error,
        (State::Overdue, _) | (_, Some(Logged::Missing)) => Emphasis::Warning,
        _ => Emphasis::Plain,
    };
    let name = match row.names.len() {
        0 | 1 => row.name.clone(),
        several => format!("{} +{}", row.name, several - 1),
    };
    let cells: [&str; 9] = [
        row.state.as_str(),
        &name,
        &day(row.not_after),
        &day(row.next_renewal()),
        issuer_name(&row.issuer),
        row.logged.map_or("-", Logged::as_str),
        row.key.as_deref().unwrap_or("-"),
        row.source.provider.map_or("-", |provider| provider.as_str()),
        &row.certificate,
    ];
    let below = match (&row.replaced_by, row.logged) {
        (Some(by), _) => format!("replaced by {by}"),
        // Its column may have no room.
        (None, Some(Logged::Missing)) => "the logs do not show it".to_owned(),
        _ => String::new(),
    };
    table.row(emphasis, &cells, &below)
}

fn day(time: Option<OffsetDateTime>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.date().to_string())
}

/// A value by its name.
type Field = (&'static str, fn(&Row) -> Value);

/// What is known of a certificate, for programs.
const FIELDS: [Field; 22] = [
    ("certificate", |row| json!(row.certificate)),
    ("state", |row| json!(row.state.as_str())),
    ("ct", |row| json!(row.logged.map(Logged::as_str))),
    ("overdue", |row| json!(row.is_overdue)),
    ("name", |row| json!(row.name)),
    ("names", |row| json!(row.names)),
    ("issuer", |row| json!(row.issuer)),
    ("key", |row| json!(row.key)),
    ("serial_numbers", |row| json!(row.serial_numbers)),
    ("tbs_sha256", |row| json!(row.tbs_sha256)),
    ("not_before", |row| json!(row.not_before.map(rfc3339))),
    ("not_after", |row| json!(row.not_after.map(rfc3339))),
    ("renewal", |row| json!(row.next_renewal().map(rfc3339))),
    ("renewal_days", |row| json!(row.next_renewal().and_then(|at| row.allowed_days(at)))),
    ("replaced_by", |row| json!(row.replaced_by)),
    ("provider", |row| json!(row.source.provider)),
    ("event", |row| json!(row.source.event)),
    ("id", |row| json!(row.source.id)),
    ("received", |row| json!(rfc3339(row.source.received))),
    ("last_type", |row| json!(row.kind)),
    ("last_id", |row| json!(row.last)),
    ("last_received", |row| json!(rfc3339(row.received))),
];

fn object(row: &Row) -> Value {
    FIELDS.iter().map(|(name, value)| ((*name).to_owned(), value(row))).collect()
}

fn show_csv(rows: &[&Row]) {
    say!("{}", FIELDS.map(|(name, _)| name).join(","));
    for row in rows {
        say!("{}", FIELDS.map(|(_, value)| csv(&value(row))).join(","));
    }
}

/// A value as RFC 4180 has it. Several are separated by spaces.
fn csv(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    let text = match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_cell_and_no_formula() {
        for (value, cell) in [
            (json!(null), ""),
            (json!(true), "true"),
            (json!(47), "47"),
            (json!(["a.example", "b.example"]), "a.example b.example"),
            (json!("CN=R1,O=Let's \"Encrypt\""), "\"CN=R1,O=Let's \"\"Encrypt\"\"\""),
            (json!("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\""),
            (json!("-11D4FF"), "'-11D4FF"),
            (json!("a\nb"), "\"a\nb\""),
        ] {
            assert_eq!(csv(&value), cell);
        }
    }
}
