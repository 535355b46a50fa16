//! Our own secrets: in `secrets.json`, changed and broken while running.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use providers::profile;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{delivers_only, event, routes};
use crate::harness::{Local, NO_SECRETS};
use crate::wire::{CLOUDFLARE, DIGICERT, KEY_HEADER, META, Request};

const OTHER_KEY: &str = "canary-rotated-digicert-webhook-key-0123456789";

/// Starts a server with the secrets of `secrets.json` and these variables.
fn start(variables: &[(&str, &str)]) -> Local {
    Local::start(&[&NO_SECRETS[..], variables].concat())
}

fn file(local: &Local) -> PathBuf {
    local.state.path().join("secrets.json")
}

fn secrets(local: &Local) -> Value {
    serde_json::from_slice(&fs::read(file(local)).unwrap()).unwrap()
}

/// Changes the file as an operator's editor does, without changing its mode.
fn edit(local: &Local, change: impl FnOnce(&mut Value)) {
    let mut members = secrets(local);
    change(&mut members);
    fs::write(file(local), members.to_string()).unwrap();
}

fn with_key(number: u64, key: &str) -> Request {
    Request::bare(DIGICERT, event(DIGICERT, number)).with(KEY_HEADER, key)
}

#[test]
fn the_first_start_creates_usable_secrets() {
    let local = start(&[]);
    assert_eq!(fs::metadata(file(&local)).unwrap().permissions().mode() & 0o777, 0o600);
    let secrets = secrets(&local);
    let names: BTreeSet<&str> = secrets.as_object().unwrap().keys().map(String::as_str).collect();
    let members = profile::ALL.iter().flat_map(|row| row.webhook_secret);
    assert_eq!(names, members.map(|member| member.name).chain(["version_salt"]).collect());
    let value = |name: &str| secrets[name].as_str().unwrap();
    assert!(names.iter().all(|name| value(name).len() >= 32));
    let id = with_key(1, value("digicert_webhook_key")).send(&local).accepted_one();
    Request::digicert(event(DIGICERT, 1)).send(&local).refused(401);
    let token = value("meta_verify_token");
    let challenge = format!("?hub.mode=subscribe&hub.challenge=5&hub.verify_token={token}");
    assert_eq!(Request::new("GET", &format!("{META}{challenge}")).send(&local).body, b"5");
    delivers_only(&local, &[id]);
}

/// A secret that does not match makes the server read the file again, without a restart and before the
/// cache expires.
#[test]
fn a_rotation_while_running() {
    let local = start(&[]);
    let first = secrets(&local)["digicert_webhook_key"].as_str().unwrap().to_owned();
    with_key(1, &first).send(&local).accepted_one();

    edit(&local, |members| members["digicert_webhook_key_pending"] = OTHER_KEY.into());
    with_key(2, OTHER_KEY).send(&local).accepted_one();
    with_key(3, &first).send(&local).accepted_one();
    let other = local.logged(1, |line| line["secret_stage"] == "AWSPENDING");
    assert_eq!(other[0]["provider"], "digicert");
    with_key(4, &format!("{OTHER_KEY}x")).send(&local).refused(401);

    // The file is read again at most every 5 s, so the next change is made under another server.
    let local = start(&[]);
    let first = secrets(&local)["digicert_webhook_key"].as_str().unwrap().to_owned();
    with_key(5, &first).send(&local).accepted_one();
    edit(&local, |members| {
        members["digicert_webhook_key"] = format!("{OTHER_KEY}-2").into();
        members["digicert_webhook_key_previous"] = OTHER_KEY.into();
        members["digicert_webhook_key_rotated"] = ago(1).into();
    });
    with_key(6, &format!("{OTHER_KEY}-2")).send(&local).accepted_one();
    with_key(7, OTHER_KEY).send(&local).accepted_one();
    with_key(8, &first).send(&local).refused(401);
    local.logged(1, |line| line["secret_stage"] == "AWSPREVIOUS");
}

#[test]
fn the_previous_secret_counts_for_its_hours_only() {
    for (variables, hours_ago, is_accepted) in [
        (&[][..], 23, true),
        (&[], 25, false),
        (&[("SECRET_OVERLAP_HOURS", "1")], 2, false),
        (&[("SECRET_OVERLAP_HOURS", "48")], 25, true),
        (&[("SECRET_OVERLAP_HOURS", "0")], 0, false),
    ] {
        let local = start(variables);
        edit(&local, |members| {
            members["digicert_webhook_key_previous"] = OTHER_KEY.into();
            members["digicert_webhook_key_rotated"] = ago(hours_ago).into();
        });
        let answer = with_key(1, OTHER_KEY).send(&local);
        assert_eq!(answer.status == 200, is_accepted, "{variables:?} {hours_ago}");
    }
}

/// A time some hours ago, as `secrets.json` has it.
fn ago(hours: i64) -> String {
    envelope::rfc3339(OffsetDateTime::now_utc() - time::Duration::hours(hours))
}

/// Nothing but its own date decides: a file of an older version has none, and anything touches a file.
#[test]
fn a_rotated_out_secret_stays_out() {
    let local = start(&[("SECRET_CACHE_SECONDS", "0")]);
    let touch = |when: SystemTime| {
        fs::File::options().write(true).open(file(&local)).unwrap().set_modified(when).unwrap();
    };
    let day = Duration::from_secs(24 * 3600);
    edit(&local, |members| members["digicert_webhook_key_previous"] = OTHER_KEY.into());
    for when in [SystemTime::now() - 40 * day, SystemTime::now(), SystemTime::now() + 40 * day] {
        touch(when);
        with_key(1, OTHER_KEY).send(&local).refused(401);
    }
    // Another secret's rotation does not prolong it either.
    let local = Local::start_in(local.kill(), &NO_SECRETS, &[]);
    let until = Instant::now() + Duration::from_secs(30);
    while secrets(&local).get("digicert_webhook_key_previous").is_some() {
        assert!(Instant::now() < until, "it is still in the file");
        sleep(Duration::from_millis(20));
    }
    edit(&local, |members| {
        members["digicert_webhook_key_previous"] = OTHER_KEY.into();
        members["digicert_webhook_key_rotated"] = ago(25).into();
        members["cloudflare_webhook_auth_previous"] = "canary-former".into();
        members["cloudflare_webhook_auth_rotated"] = ago(0).into();
    });
    with_key(2, OTHER_KEY).send(&local).refused(401);
    Request::bare(CLOUDFLARE, event(CLOUDFLARE, 3))
        .with("cf-webhook-auth", "canary-former")
        .send(&local)
        .accepted_one();
}

#[test]
fn a_replaced_secret_counts_when_the_cache_expires() {
    let local = start(&[("SECRET_CACHE_SECONDS", "1")]);
    let first = secrets(&local)["digicert_webhook_key"].as_str().unwrap().to_owned();
    edit(&local, |members| members["digicert_webhook_key"] = OTHER_KEY.into());
    until_answered(&local, &first, 401);
    with_key(2, OTHER_KEY).send(&local).accepted_one();
    // The key is right, but a file that cannot be read cannot confirm it.
    fs::write(file(&local), "{").unwrap();
    until_answered(&local, OTHER_KEY, 503);
}

/// Sends an event again until it gets this answer, when the cache has expired.
fn until_answered(local: &Local, key: &str, status: u16) {
    let until = Instant::now() + Duration::from_secs(30);
    while with_key(1, key).send(local).status != status {
        assert!(Instant::now() < until, "no {status}");
        sleep(Duration::from_millis(50));
    }
}

/// A missing secret must neither allow every request nor equal an empty header.
#[test]
fn an_unusable_secret_is_503() {
    let local = start(&[("SECRET_CACHE_SECONDS", "0")]);
    let good = secrets(&local);
    let key = good["digicert_webhook_key"].as_str().unwrap();
    let auth = good["cloudflare_webhook_auth"].as_str().unwrap();
    let with = |member: &str, value: Value| {
        let mut members = good.clone();
        members[member] = value;
        members.to_string()
    };
    let without = |member: &str| {
        let mut members = good.clone();
        members.as_object_mut().unwrap().remove(member);
        members.to_string()
    };
    let digicert = "digicert_webhook_key";
    for (content, mode, routes) in [
        ("{".to_owned(), 0o600, &routes()[..]),
        (String::new(), 0o600, &routes()),
        ("[]".to_owned(), 0o600, &routes()),
        ("{}".to_owned(), 0o600, &routes()),
        (good.to_string(), 0o640, &routes()),
        (good.to_string(), 0o604, &routes()),
        (with(digicert, json!("")), 0o600, &[DIGICERT]),
        (with(digicert, json!("   ")), 0o600, &[DIGICERT]),
        (with(digicert, json!("not-filled-in")), 0o600, &[DIGICERT]),
        (with(digicert, json!("short")), 0o600, &[DIGICERT]),
        (with(digicert, json!(null)), 0o600, &[DIGICERT]),
        (without(digicert), 0o600, &[DIGICERT]),
        (with("cloudflare_webhook_auth", json!(" ")), 0o600, &[CLOUDFLARE]),
        (with("meta_app_secret", json!("not-filled-in")), 0o600, &[META]),
        (with(digicert, json!(format!("{{'webhook_key': '{key}'}}"))), 0o600, &[DIGICERT]),
        (
            with(digicert, json!(format!("\u{feff}{{\"webhook_key\": \"{key}\"}}"))),
            0o600,
            &[DIGICERT],
        ),
        (with(digicert, json!(format!("{key}\n{key}"))), 0o600, &[DIGICERT]),
        (with("cloudflare_webhook_auth", json!(format!("\"{auth}\""))), 0o600, &[CLOUDFLARE]),
        (with("meta_app_secret", json!("{'app_secret': 'x'}")), 0o600, &[META]),
        (with("meta_verify_token", json!("[\"x\"]")), 0o600, &[META]),
    ] {
        fs::write(file(&local), &content).unwrap();
        fs::set_permissions(file(&local), Permissions::from_mode(mode)).unwrap();
        for &route in routes {
            let body = event(route, 1);
            let mut requests = vec![
                Request::bare(route, &*body),
                Request::bare(route, &*body).with(KEY_HEADER, "").with("cf-webhook-auth", ""),
                Request::bare(route, &*body).with(KEY_HEADER, key).with("cf-webhook-auth", auth),
                Request::to(route, &*body),
            ];
            if route == META {
                let query = "?hub.mode=subscribe&hub.challenge=5&hub.verify_token=";
                requests.push(Request::new("GET", &format!("{META}{query}")));
            }
            for request in requests {
                let answer = request.send(&local);
                assert_eq!(answer.status, 503, "{route} {mode:o} {content}");
                let detail = answer.refused(503);
                assert!(answer.header("retry-after").is_some());
                assert!(!detail.contains("secrets.json"), "{detail}");
            }
        }
    }
    fs::set_permissions(file(&local), Permissions::from_mode(0o600)).unwrap();
    fs::write(file(&local), good.to_string()).unwrap();
    // A secret that cannot be used is read once a second.
    sleep(Duration::from_secs(1));
    let id = with_key(2, key).send(&local).accepted_one();
    delivers_only(&local, &[id]);
    let named = local.logged(1, |line| line["level"] == "ERROR");
    assert!(named.iter().any(|line| line["error"].as_str().unwrap().contains("secrets.json")));
    for line in local.log() {
        assert!(!line.contains(key) && !line.contains(auth), "{line}");
    }
}
