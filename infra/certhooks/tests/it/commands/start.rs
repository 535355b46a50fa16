//! Errors that stop the start of `certhooks local`. Each names its cause, and never the value of a
//! secret.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use providers::profile;

use super::{Ended, run, run_in};
use crate::harness::{Folder, Local, NO_SECRETS, command};

const ANY: [&str; 5] = ["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

#[track_caller]
fn assert_error(ended: &Ended, named: &[&str]) {
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert_eq!(ended.out, "");
    for name in named {
        assert!(ended.err.contains(name), "{name}: {}", ended.err);
    }
    // One line of text, without the trace of a panic.
    assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    assert!(ended.err.starts_with("certhooks: "), "{}", ended.err);
}

#[test]
fn an_invalid_variable() {
    let folder = Folder::new();
    let state = folder.path().to_str().unwrap();
    for (name, value) in [
        ("SOURCE_IP_ALLOWLIST", "216.168.240.0/33"),
        ("SOURCE_IP_ALLOWLIST", "216.168.240.0/20 10.0.0.0/8"),
        ("SOURCE_IP_ALLOWLIST", "digicert.com"),
        ("SOURCE_IP_ALLOWLIST", ","),
        ("ALLOW_UNAUTHENTICATED", "true"),
        ("ALLOW_UNAUTHENTICATED", "yes please"),
        ("MAX_BODY_BYTES", "512k"),
        ("MAX_BODY_BYTES", "-1"),
        ("SECRET_CACHE_SECONDS", "5m"),
        ("SECRET_OVERLAP_HOURS", "a day"),
        ("CALLBACK_TIMEOUT_SECONDS", "0"),
        ("WORKER_CONCURRENCY", "many"),
        ("DIGICERT_API_BUDGET", "100"),
    ] {
        let ended = run(&[(name, value)], &[&ANY[..], &["--state", state]].concat());
        assert_error(&ended, &[name]);
    }
    // A variable that is not UTF-8 counts as neither unset nor empty.
    let name = "SOURCE_IP_ALLOWLIST";
    let mut started = command(&[]);
    started.env(name, OsStr::from_bytes(b"\xff")).args(ANY).args(["--state", state]);
    assert_error(&started.output().unwrap().into(), &[name]);
}

#[test]
fn an_api_base_that_is_not_safe() {
    let folder = Folder::new();
    let state = folder.path().to_str().unwrap();
    for row in profile::ALL {
        let (name, key) = (row.api.base_variable, row.api.secret.variable);
        for base in ["nonsense", "http://example.com", "ftp://127.0.0.1", "https://a:canary@b.test"]
        {
            let variables = [(name, base), (key, "canary-key")];
            let ended = run(&variables, &[&ANY[..], &["--state", state]].concat());
            assert_error(&ended, &[name]);
            assert!(!ended.err.contains("canary"), "{}", ended.err);
        }
    }
    let variables = [("DIGICERT_API_BUDGET", "none"), ("DIGICERT_API_KEY", "canary-key")];
    let ended = run(&variables, &[&ANY[..], &["--state", state]].concat());
    assert_error(&ended, &["DIGICERT_API_BUDGET", "DIGICERT_API_BASE"]);
}

#[test]
fn a_webhook_secret_that_cannot_be_used() {
    for (variable, member, value) in [
        ("DIGICERT_WEBHOOK_KEY", "digicert_webhook_key", "canary-one-short-of-32-charactr"),
        ("DIGICERT_WEBHOOK_KEY", "digicert_webhook_key", "not-filled-in"),
        ("CLOUDFLARE_WEBHOOK_AUTH", "cloudflare_webhook_auth", "not-filled-in"),
        ("META_APP_SECRET", "meta_app_secret", "not-filled-in"),
        (
            "DIGICERT_WEBHOOK_KEY",
            "digicert_webhook_key",
            "{'webhook_key': 'canary-0123456789-0123456789'}",
        ),
        ("CLOUDFLARE_WEBHOOK_AUTH", "cloudflare_webhook_auth", "[canary-auth"),
        ("META_APP_SECRET", "meta_app_secret", "{canary-app-secret}"),
    ] {
        let folder = Folder::new();
        let ended = run(
            &[(variable, value)],
            &[&ANY[..], &["--state", folder.path().to_str().unwrap()]].concat(),
        );
        assert_error(&ended, &[variable]);
        assert!(!ended.err.contains(value), "{}", ended.err);

        let file = folder.path().join("secrets.json");
        fs::write(&file, format!(r#"{{"{member}":"{value}"}}"#)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let arguments = [&ANY[..], &["--state", folder.path().to_str().unwrap()]].concat();
        // It also warns of the secrets that the folder had and this file has not.
        let settings = [&NO_SECRETS[..], &[("RUST_LOG", "error")]].concat();
        let ended = run(&settings, &arguments);
        assert_error(&ended, &[member, "secrets.json"]);
        assert!(!ended.err.contains(value), "{}", ended.err);
    }
}

#[test]
fn a_secrets_file_that_cannot_be_used() {
    for (content, mode, named) in [
        ("{}", 0o640, "chmod 600"),
        ("{}", 0o602, "chmod 600"),
        ("canary", 0o600, "not JSON"),
        ("[\"canary\"]", 0o600, "object"),
        (r#"{"digicert_webhook_key":["canary"]}"#, 0o600, "`digicert_webhook_key`"),
        (r#"{"digicert_webhook_key":""}"#, 0o600, "`digicert_webhook_key`"),
        (r#"{"digicert_webhok_key":"canary"}"#, 0o600, "`digicert_webhok_key`"),
    ] {
        let folder = Folder::new();
        let file = folder.path().join("secrets.json");
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        let ended = run_in(folder.path(), &ANY);
        assert_error(&ended, &[file.to_str().unwrap(), named]);
        assert!(!ended.err.contains("canary"), "{}", ended.err);
    }
}

#[test]
fn an_address_and_a_state_folder_that_are_in_use() {
    let running = Local::start(&[]);
    let folder = Folder::new();
    let port = running.address.as_str();
    assert_error(&run_in(folder.path(), &["local", "--listen", port]), &["--listen", port]);
    let ended = run_in(running.state.path(), &ANY);
    assert_error(&ended, &[running.state.path().to_str().unwrap(), "another `certhooks local`"]);
    // An address that this machine does not have (RFC 5737).
    assert_error(&run_in(folder.path(), &["local", "--listen", "192.0.2.1:0"]), &["192.0.2.1"]);
    let (status, _) = running.stop();
    assert!(status.success());
}

#[test]
fn a_path_that_cannot_be_a_state_folder() {
    let folder = Folder::new();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    assert_error(&run_in(&file, &ANY), &[file.to_str().unwrap()]);
    assert_error(&run_in(&file.join("below"), &ANY), &[file.to_str().unwrap()]);
    let garbled = folder.path().join("garbled");
    fs::create_dir(&garbled).unwrap();
    fs::write(garbled.join("certhooks.db"), "no database ".repeat(1000)).unwrap();
    assert_error(&run_in(&garbled, &ANY), &["secrets.json", "--new-secrets"]);
    assert_error(&run_in(&garbled, &[&ANY[..], &["--new-secrets"]].concat()), &["certhooks.db"]);
}
