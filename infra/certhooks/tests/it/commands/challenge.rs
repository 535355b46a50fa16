//! `certhooks digicert webhook challenge`, the only command that prints a token.

use serde_json::{Value, json};

use super::{Ended, run_in};
use crate::harness::{Folder, Local};
use crate::wire::Request;

fn challenge(local: &Local, arguments: &[&str]) -> Ended {
    run_in(local.state.path(), &[&["digicert", "webhook", "challenge"], arguments].concat())
}

fn send(local: &Local, webhook: u64, token: &Value) {
    let data = json!({ "token": token, "webhook_id": webhook });
    let body = json!({ "event": "challenge_webhook_endpoint", "data": data }).to_string();
    Request::digicert(body).send(local).accepted_one();
    local.settle();
}

#[test]
fn a_stored_token_is_printed() {
    let local = Local::start(&[]);
    let ended = challenge(&local, &[]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains("Send verification token"), "{}", ended.err);
    let ended = challenge(&local, &["--json"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));

    send(&local, 5, &json!("token-of-5"));
    // CertCentral's page shows the token as a number without quotes.
    send(&local, 6, &json!(1234567890));
    let ended = challenge(&local, &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), 2);
    // The newest comes first.
    assert!(lines[0].contains("webhook 6") && lines[0].contains(" 1234567890 "), "{}", ended.out);
    assert!(lines[1].contains("webhook 5") && lines[1].contains(" token-of-5 "), "{}", ended.out);

    // A later token comes before the earlier one, which may be the provider's own.
    send(&local, 5, &json!("second-token-of-5"));
    let ended = challenge(&local, &["--json"]);
    assert_eq!(ended.code, Some(0));
    let mut waiting: Vec<Value> =
        ended.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    waiting.sort_by_key(|challenge| challenge["webhook_id"].to_string());
    let expires: Vec<Value> =
        waiting.iter_mut().map(|challenge| challenge["expires"].take()).collect();
    assert_eq!(
        waiting,
        [
            json!({ "webhook_id": "5", "token": "second-token-of-5", "expires": null }),
            json!({ "webhook_id": "5", "token": "token-of-5", "expires": null }),
            json!({ "webhook_id": "6", "token": "1234567890", "expires": null }),
        ]
    );
    assert!(expires.iter().all(|expires| expires.as_str().unwrap().ends_with('Z')), "{expires:?}");
}

/// The token comes from outside and is printed on a terminal.
#[test]
fn a_token_is_shown_without_control_characters() {
    let local = Local::start(&[]);
    send(&local, 5, &json!("a\u{1b}[2J\r\nwebhook 6: enter token b"));
    let ended = challenge(&local, &[]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.out.lines().count(), 1, "{:?}", ended.out);
    assert!(!ended.out.trim_end().contains(char::is_control), "{:?}", ended.out);
}

#[test]
fn a_challenge_without_a_token_is_no_token() {
    let local = Local::start(&[]);
    let body = json!({ "event": "challenge_webhook_endpoint", "data": { "webhook_id": 7 } });
    Request::digicert(body.to_string()).send(&local).accepted_one();
    local.settle();
    let ended = challenge(&local, &[]);
    assert!(ended.out.contains("webhook 7: its challenge came without a token"), "{}", ended.out);
}

#[test]
fn an_error_names_a_folder_without_state() {
    let folder = Folder::new();
    let ended = run_in(folder.path(), &["digicert", "webhook", "challenge"]);
    assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""));
    assert!(ended.err.contains(folder.path().to_str().unwrap()), "{}", ended.err);
}
