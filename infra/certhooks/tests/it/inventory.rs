//! `certhooks certificates` and `certhooks forecast`, on what the providers and the logs said.

use std::path::Path;

use embedded::Reader;
use rusqlite::Connection;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tokio::runtime::Runtime;

use crate::correlation::{self, states, unknown, webhook};
use crate::documents::{deployed, issued};
use crate::harness::{Local, NO_SECRETS, certhooks};
use crate::scene::json_lines;
use crate::wire::Request;

struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs a command on the state folder.
fn run(state: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let arguments = [arguments, &["--state", state.to_str().unwrap()]].concat();
    let output = certhooks(&[&NO_SECRETS[..], variables].concat(), &arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The JSON lines of a command that succeeds.
fn lines(state: &Path, arguments: &[&str]) -> Vec<Value> {
    let ended = run(state, &[], &[arguments, &["--json"]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{arguments:?}: {}", ended.out);
    json_lines(&ended.out)
}

/// The names in the ledger of the certificates that these options select, in order.
fn listed(state: &Path, options: &[&str]) -> Vec<String> {
    let lines = lines(state, &[&["certificates"], options].concat());
    lines.iter().map(|line| line["certificate"].as_str().unwrap().to_owned()).collect()
}

fn in_days(days: i64) -> String {
    envelope::rfc3339(OffsetDateTime::now_utc() + Duration::days(days))
}

/// Stores a copy of a certificate's history under another name, with the entry changed.
fn copy(state: &Path, from: &str, to: &str, change: impl Fn(&mut Value)) {
    let database = Connection::open(state.join("certhooks.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let reader = Reader::open(state).unwrap();
    let histories = Runtime::new().unwrap().block_on(reader.histories(vec![from.to_owned()]));
    let mut entry = serde_json::to_value(&histories.unwrap()[0].entries[0]).unwrap();
    entry["id"] = to.into();
    entry.as_object_mut().unwrap().remove("names");
    change(&mut entry);
    database
        .execute(
            "INSERT INTO history (certificate, received, id, replay, entry, keep_until)
                 SELECT ?2, received, ?2, replay, ?3, keep_until FROM history WHERE certificate = ?1",
            (from, to, entry.to_string()),
        )
        .unwrap();
}

#[test]
fn every_certificate_with_its_state_and_what_the_logs_say() {
    let local = correlation::local();
    let state = local.state.path();
    let id = Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    let event = local.event(&id);
    let leaf = &event["data"]["certificates"][0];
    Request::digicert(issued(78).to_string()).send(&local).accepted_one();
    local.settle();
    let mut revoked = issued(78);
    revoked["event"] = "certificate_revoked".into();
    Request::digicert(revoked.to_string()).send(&local).accepted_one();
    Request::cloudflare(deployed("z", "h1").to_string()).send(&local).accepted_one();
    webhook("1", event["data"]["pem_chain"].as_str().unwrap()).send(&local).accepted_one();
    let (_, pem) = unknown();
    webhook("2", &pem).send(&local).accepted_one();
    let found = states(&local, 2);
    let is_unexpected = |event: &&Value| event["type"] == "certhooks.ct.certificate_unexpected";
    let unexpected = found.iter().find(is_unexpected).unwrap();
    local.settle();

    let lines = lines(state, &["certificates"]);
    let line_of = |certificate: &Value| {
        let found = lines.iter().find(|line| line["certificate"] == *certificate);
        found.unwrap_or_else(|| panic!("{certificate}: {lines:?}"))
    };
    let cloudflare = "cloudflare/zone/z/hostname/h1.example.com";
    for (certificate, state, ct) in [
        (unexpected["subject"].clone(), "unexpected", json!("unexpected")),
        (json!("digicert/certificate/77"), "valid", json!("expected")),
        (json!("digicert/certificate/78"), "revoked", json!(null)),
        (json!(cloudflare), "valid", json!(null)),
    ] {
        let line = line_of(&certificate);
        assert_eq!((&line["state"], &line["ct"]), (&json!(state), &ct), "{certificate}");
    }
    assert_eq!(lines.len(), 4, "{lines:?}");
    let alien = &lines[0];
    assert_eq!(
        (&alien["name"], &alien["provider"]),
        (&json!("shop.example"), &json!("certspotter"))
    );
    let own = line_of(&json!("digicert/certificate/77"));
    for (name, value) in [
        ("certificate", json!("digicert/certificate/77")),
        ("name", json!("www-77.example.com")),
        ("names", leaf["names"]["dns"].clone()),
        ("issuer", leaf["issuer"].clone()),
        ("key", leaf["key_algorithm"].clone()),
        ("serial_numbers", json!([leaf["serial_number"]])),
        ("tbs_sha256", leaf["tbs_sha256"].clone()),
        ("not_after", leaf["not_after"].clone()),
        ("provider", json!("digicert")),
        ("event", json!("certificate_issued")),
        ("id", json!(id)),
        ("replaced_by", json!(null)),
        ("overdue", json!(false)),
    ] {
        assert_eq!(own[name], value, "{name}");
    }
    // The certificate of 47 days is renewed in their last third.
    assert!(own["renewal"].as_str() < own["not_after"].as_str() && own["renewal_days"] == 200);

    for (options, expected) in [
        (&["--in-state", "revoked"][..], &["digicert/certificate/78"][..]),
        (&["--in-state", "expected"], &["digicert/certificate/77"]),
        (&["--provider", "cloudflare"], &[cloudflare]),
        (&["--name", "www-78.example.com"], &["digicert/certificate/78"]),
        (
            &["--issuer", "simulator", "--name", "*.example.com", "--sort", "-name"],
            &["digicert/certificate/78", "digicert/certificate/77", cloudflare],
        ),
        (&["--overdue"], &[]),
        (&["--expires-within", "1h"], &[]),
    ] {
        assert_eq!(listed(state, options), expected, "{options:?}");
    }

    // What followed from the logs is erased with the name, its archived event too.
    let day = unexpected["receivedtime"].as_str().unwrap()[..10].replace('-', "/");
    let key = format!("certhooks/{day}/{}", unexpected["id"].as_str().unwrap());
    assert_eq!(run(state, &[], &["archive", "get", &key]).code, Some(0));
    let erased = run(state, &[], &["erase", "--hostname", "shop.example"]);
    assert_eq!(erased.code, Some(0), "{}", erased.err);
    assert_eq!(run(state, &[], &["archive", "get", &key]).code, Some(3));
    assert_eq!(listed(state, &["--in-state", "unexpected"]), [] as [&str; 0]);
}

#[test]
fn a_renewal_that_did_not_come_is_overdue_until_a_replacement_is_known() {
    let local = Local::simulated();
    let state = local.state.path();
    Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    local.settle();
    let (old, new) = ("digicert/certificate/80", "digicert/certificate/81");
    let ends = |days: i64| {
        move |entry: &mut Value| {
            entry["name"] = "old.example".into();
            entry["not_before"] = in_days(days - 47).into();
            entry["not_after"] = in_days(days).into();
        }
    };
    copy(state, "digicert/certificate/77", old, ends(13));
    assert_eq!(listed(state, &["--overdue"]), [old]);
    assert_eq!(listed(state, &["--expires-within", "14d"]), [old]);
    copy(state, "digicert/certificate/77", new, ends(46));
    assert_eq!(listed(state, &["--overdue"]), [] as [&str; 0]);
    let replaced = lines(state, &["certificates", "--in-state", "replaced"]).remove(0);
    assert_eq!((&replaced["certificate"], &replaced["replaced_by"]), (&json!(old), &json!(new)));
    assert_eq!(replaced["renewal"], Value::Null);
    let shown = run(state, &[("COLUMNS", "80")], &["certificates", "--name", ".old.example"]);
    assert!(shown.out.contains("    replaced by digicert/certificate/81"), "{}", shown.out);
}

#[test]
fn what_came_from_outside_fits_the_terminal_and_is_text() {
    let local = Local::simulated();
    let state = local.state.path();
    Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    local.settle();
    copy(state, "digicert/certificate/77", "digicert/certificate/80", |entry| {
        entry["name"] = "=cmd\u{1b}[2J\u{202e}, \"x\"".into();
        entry["issuer"] = format!("CN={}", "long ".repeat(60)).into();
    });
    let table = run(state, &[("COLUMNS", "80")], &["certificates"]);
    let lines: Vec<_> = table.out.lines().collect();
    assert_eq!(lines.len(), 4, "{}", table.out);
    assert!(lines[0].starts_with("STATE       NAME") && lines[3] == "2 certificates: 2 valid");
    for line in &lines {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let csv = run(state, &[], &["certificates", "--csv"]);
    let rows: Vec<_> = csv.out.lines().collect();
    assert!(rows[0].starts_with("certificate,state,ct,overdue,name,names,issuer,key,"));
    assert!(rows[2].contains(",\"'=cmd\\u001b[2J\\u202e, \"\"x\"\"\","), "{}", csv.out);
    for text in [&table.out, &csv.out] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
}

#[test]
fn a_forecast_counts_renewals_calls_and_imports() {
    let local = Local::simulated();
    let state = local.state.path();
    Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    local.settle();
    // Ten that are renewed in thirty days, and each 169 days after.
    for number in 0..10 {
        copy(
            state,
            "digicert/certificate/77",
            &format!("digicert/certificate/{number}"),
            |entry| {
                entry["name"] = format!("host-{number}.example").into();
                entry["not_before"] = in_days(60 - 199).into();
                // An hour later than whole days, since the command runs later.
                entry["not_after"] = envelope::rfc3339(
                    OffsetDateTime::now_utc() + Duration::days(60) + Duration::HOUR,
                )
                .into();
            },
        );
    }
    let budget = [("DIGICERT_API_BUDGET", "1/1h")];
    let arguments = ["forecast", "--name", "*.example", "--acm-quota", "365", "--json"];
    let ended = run(state, &budget, &arguments);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let plans = json_lines(&ended.out);
    let found: Vec<_> = plans
        .iter()
        .map(|plan| (plan["plan"].as_str().unwrap(), plan["renewals"].as_u64().unwrap()))
        .collect();
    // 169, 70 and 31 days apart; by date it depends on today.
    let by_date = found[1].1;
    let expected =
        [("as is", 20), ("by date", by_date), ("199 days", 20), ("100 days", 50), ("47 days", 110)];
    assert_eq!(found, expected);
    assert!((20..=110).contains(&by_date));
    let first = &plans[0];
    assert_eq!((&first["certificates"], &first["days"]), (&json!(10), &json!(365)));
    assert_eq!(first["busiest_day"]["renewals"], 10);
    assert_eq!(first["renewals_by_day"][30], 10);
    assert_eq!(first["renewals_by_day"].as_array().unwrap().len(), 365);
    let provider = &first["providers"][0];
    assert_eq!(provider["provider"], "digicert");
    assert_eq!(
        (&provider["calls_per_renewal"], &provider["busiest_day_calls"]),
        (&json!(1.0), &json!(10.0))
    );
    assert_eq!(
        (&provider["budget_calls_per_day"], &provider["budget_share"]),
        (&json!(24), &json!(0.416_667))
    );
    assert_eq!(first["acm"]["quota_share"], json!(0.054_795));

    let shown = run(state, &[("COLUMNS", "80")], &["forecast", "--name", "*.example"]);
    assert!(
        shown
            .out
            .starts_with("10 certificates to renew, counted for 365 days\nVALIDITY  RENEWALS/DAY")
    );
    assert!(shown.out.contains("\n47 days   0.3 "), "{}", shown.out);
    let bars: Vec<_> = shown.out.lines().filter(|line| line.ends_with('█')).collect();
    assert!(bars.iter().any(|bar| bar.chars().count() == 80), "{}", shown.out);
    for line in shown.out.lines() {
        assert!(line.chars().count() <= 80 && !line.contains('\u{1b}'), "{line}");
    }
    let coloured = run(state, &[("CLICOLOR_FORCE", "1")], &["forecast"]);
    assert!(coloured.out.contains("\u{1b}[32m█"), "{}", coloured.out);
    let plain = run(state, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &["forecast"]);
    assert!(!plain.out.contains('\u{1b}'), "{}", plain.out);
}

#[test]
fn wrong_options_are_named_and_an_empty_ledger_is_no_error() {
    let local = Local::simulated();
    let state = local.state.path();
    for (arguments, named) in [
        (&["certificates", "--in-state", "broken"][..], "deleted, expected, expired"),
        (&["certificates", "--sort", "size"], "--sort"),
        (&["certificates", "--expires-within", "soon"], "--expires-within"),
        (&["certificates", "--provider", "acme"], "--provider"),
        (&["certificates", "--name", ""], "--name"),
        (&["certificates", "--csv", "--json"], "--csv"),
        (&["forecast", "--days", "0"], "--days"),
        (&["forecast", "--days", "-1"], "--days"),
        (&["forecast", "--acm-quota", "0"], "--acm-quota"),
    ] {
        let ended = run(state, &[], arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?}");
        assert!(ended.err.contains(named), "{arguments:?}: {}", ended.err);
    }
    let empty = run(state, &[], &["certificates"]);
    assert_eq!((empty.code, empty.out.as_str()), (Some(0), "0 certificates\n"));
    assert_eq!(listed(state, &[]), [] as [&str; 0]);
    assert_eq!(lines(state, &["forecast"]).len(), 5);

    Request::digicert(issued(77).to_string()).send(&local).accepted_one();
    local.settle();
    let budget = [("DIGICERT_API_BUDGET", "fast")];
    let ended = run(state, &budget, &["forecast"]);
    assert!(
        ended.code == Some(2) && ended.err.contains("DIGICERT_API_BUDGET: `fast`"),
        "{}",
        ended.err
    );
    let nowhere = run(&state.join("nowhere"), &[], &["certificates"]);
    assert!(nowhere.code == Some(1) && nowhere.err.contains("nowhere"), "{}", nowhere.err);
}
