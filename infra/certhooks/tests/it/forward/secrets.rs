//! Where the signing secret comes from.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::server::{Answer, Server};
use super::{Forward, VARIABLE, deliver, folder, forward};

#[test]
fn a_missing_signing_secret_is_made_and_never_printed() {
    let state = folder();
    deliver(state.path(), ["a"]);
    let server = Server::start(|_, _| Answer::of(200));
    let arguments = ["--consumer", "one", "--to", &server.url];
    let first = Forward::start_with(&[], state.path(), &arguments);
    first.outcomes("taken", 1);
    let file = state.path().join("secrets.json");
    assert!(first.err().contains(file.to_str().unwrap()), "{}", first.err());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = || {
        let secrets: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        secrets["forward_secret_one"].as_str().unwrap().to_owned()
    };
    let made = secret();
    let printed = format!("{:?}{}", first.out(), first.err());
    assert!(!printed.contains(&made) && !printed.contains(&made[6..]), "{printed}");
    first.stop();
    let second = Forward::start_with(&[], state.path(), &arguments);
    second.outcomes("started", 1);
    assert_eq!((second.err().as_str(), secret()), ("", made));
}

#[test]
fn a_malformed_signing_secret_is_named_and_not_quoted() {
    let state = folder();
    let file = state.path().join("secrets.json");
    let arguments = ["--consumer", "one", "--to", "http://127.0.0.1:1/"];
    let fails = |variables: &[(&str, &str)], named: &str| {
        let output = forward(variables, state.path(), &arguments).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{err}");
        assert!(err.contains(named) && err.contains("24 to 64 bytes in Base64"), "{err}");
        assert!(!err.contains("c2hvcnQ"), "{err}");
    };
    fails(&[(VARIABLE, "whsec_c2hvcnQ=")], VARIABLE);
    let mut secrets: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    secrets["forward_secret_one"] = "whsec_c2hvcnQ=".into();
    fs::write(&file, secrets.to_string()).unwrap();
    fails(&[], "`forward_secret_one`");
}

/// Only --to signs.
#[test]
fn a_command_needs_no_secret() {
    let state = folder();
    deliver(state.path(), ["a"]);
    let forward = Forward::start_with(&[], state.path(), &["--consumer", "one", "--exec", "true"]);
    forward.outcomes("taken", 1);
    let secrets = fs::read_to_string(state.path().join("secrets.json")).unwrap();
    assert!(!secrets.contains("forward_secret"), "{secrets}");
}
