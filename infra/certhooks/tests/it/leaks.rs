//! No output may hold a secret, an API key, a challenge token or a private key, and no log line a body.
//! The tests search all output of the process, after valid and invalid requests and with the log level
//! `trace`.

use std::fs;
use std::path::Path;

use ::harness::SecretScanner;
use providers::profile;
use rcgen::KeyPair;
use serde_json::json;

use crate::harness::{
    CLOUDFLARE_AUTH, DIGICERT_KEY, Local, META_SECRET, META_TOKEN, archive, meta_signature,
    tail_lines, webhook_secrets,
};
use crate::providers::{Providers, api_key, called};
use crate::wire::{Answer, META, Request, SIGNATURE_HEADER};

const TOKEN: &str = "canary-challenge-token-0f3c1a7b";
/// Part of a body: it may be delivered, but may be in no log line and no answer.
const BODY: &str = "canary-body";
/// A key that a sender without the right one tries.
const GUESS: &str = "canary-guessed-key-0123456789-0123456789";

/// Looks for the secrets in the settings, and these.
fn scanner(more: &[&str], private_keys: &[&str]) -> SecretScanner {
    let settings: Vec<_> = webhook_secrets().chain(called().map(api_key)).collect();
    let settings = settings.iter().map(String::as_str);
    SecretScanner::new(&settings.chain(more.iter().copied()).collect::<Vec<_>>(), private_keys)
}

#[test]
fn no_output_holds_a_secret() {
    let providers = Providers::start();
    let pem = KeyPair::generate().unwrap().serialize_pem();
    let secrets = scanner(&[TOKEN], &[&pem]);

    let local = providers.local(&[("RUST_LOG", "trace")]);
    let mut answers = valid_requests(&local, &pem);
    answers.extend(invalid_requests(&local));
    local.settle();

    for line in local.log() {
        assert_eq!(secrets.count(&line), 0, "{line}");
        assert!(!line.contains(BODY) && !line.contains(GUESS), "{line}");
    }
    for answer in &answers {
        let text = String::from_utf8_lossy(&answer.body);
        let headers = format!("{:?}", answer.headers);
        for out in [&*text, &*headers] {
            assert_eq!(secrets.count(out), 0, "{out}");
            assert!(!out.contains(BODY) && !out.contains(GUESS), "{out}");
        }
        if answer.status != 200 {
            let internal = ["/tmp", "secrets.json", "sqlite", "certhooks.db", "src/", "panick"];
            assert!(!internal.iter().any(|word| text.contains(word)), "{text}");
        }
    }
    let delivered = tail_lines(local.state.path());
    assert!(delivered.iter().any(|line| line.contains(BODY)), "the events must be delivered");
    let archived: Vec<_> = archive(local.state.path()).into_values().collect();
    assert!(archived.len() >= delivered.len() / 2, "{} {}", archived.len(), delivered.len());
    for text in delivered.iter().chain(&archived) {
        assert_eq!(secrets.count(text), 0, "{text}");
    }
    let removed = delivered.iter().filter(|line| line.contains("private key removed"));
    assert_eq!(removed.count(), KEY_PLACES);

    let arguments = fs::read(format!("/proc/{}/cmdline", local.id())).unwrap();
    let arguments = String::from_utf8(arguments).unwrap();
    assert!(arguments.contains("--state") && !arguments.contains("canary"), "{arguments}");
    // The rest of the state folder holds the challenge token, which waits in the database, and no secret.
    let state = files(local.state.path()).concat();
    assert_eq!(scanner(&[], &[]).count(&state), 0);
}

/// An error must not hold the address of an API, which for Meta holds the token.
#[test]
fn no_error_of_a_call_back_holds_a_secret() {
    let keys: Vec<_> = called().map(|row| (row.api.secret.variable, api_key(row))).collect();
    let mut variables = vec![("RUST_LOG", "trace"), ("META_DOMAINS", "example.com")];
    variables.extend(keys.iter().map(|(variable, key)| (*variable, key.as_str())));
    variables.extend(called().map(|row| (row.api.base_variable, "http://127.0.0.1:1")));
    let local = Local::start(&variables);
    for row in called() {
        Request::to(row.route, (row.samples.event)(1)).send(&local).accepted_one();
    }
    local.logged(called().count(), |line| line["message"] == "retry scheduled");
    let secrets = scanner(&[], &[]);
    for line in local.log() {
        assert_eq!(secrets.count(&line), 0, "{line}");
        assert!(!line.contains("access_token"), "{line}");
    }
}

/// The number of delivered events whose payload held a private key.
const KEY_PLACES: usize = 11;

fn valid_requests(local: &Local, pem: &str) -> Vec<Answer> {
    let issued = |chain: serde_json::Value| {
        json!({ "event": "certificate_issued", "data": {
            "order_id": 1, "certificate_id": 2, "certificate_chain": chain, "note": BODY,
        } })
    };
    let custom = |data: serde_json::Value| {
        json!({
            "metadata": { "event": { "type": "ssl.custom_hostname_certificate.deletion.succeeded" } },
            "data": data,
        })
    };
    let meta = |value: serde_json::Value| {
        let changes = json!([{ "field": "other", "value": value }]);
        json!({ "object": "certificate_transparency", "entry": [{ "id": BODY, "changes": changes }] })
    };
    let name_of_key = json!({ pem: BODY });
    let requests = [
        Request::digicert(issued(json!([{ "subject_common_name": "a", "pem": pem }])).to_string()),
        Request::digicert(json!({ "event": "new_event", "data": { "k": [[pem]], "b": BODY } }).to_string()),
        Request::digicert(
            json!({ "event": "domain_validated", "data": { "domain_name": pem, "b": BODY } }).to_string(),
        ),
        Request::cloudflare(
            custom(json!({ "hostname": "a.example.com", "custom_metadata": { "k": pem, "b": BODY } }))
                .to_string(),
        ),
        // In place of a name, which becomes part of subjects, types and log lines.
        Request::digicert(json!({ "event": pem, "data": { "b": BODY } }).to_string()),
        Request::cloudflare(custom(json!({ "hostname": pem, "b": BODY })).to_string()),
        Request::cloudflare(json!({ "alert_type": pem, "data": BODY }).to_string()),
        Request::meta(
            json!({ "object": "certificate_transparency", "entry": [{
                "id": "1", "changes": [{ "field": pem, "value": BODY }],
            }] })
            .to_string(),
        ),
        Request::cloudflare(custom(name_of_key).to_string()),
        Request::meta(meta(json!({ "k": pem })).to_string()),
        // Escaped as Meta does.
        Request::meta(meta(json!({ "k2": pem.replace('-', "\u{e000}") })).to_string()
            .replace('/', "\\/").replace('\u{e000}', "\\u002d")),
        Request::digicert(
            json!({ "event": "challenge_webhook_endpoint", "data": { "token": TOKEN, "webhook_id": 1 } })
                .to_string(),
        ),
    ];
    let answers = requests.map(|request| request.send(local));
    for answer in &answers {
        answer.accepted_one();
    }
    answers.into()
}

fn invalid_requests(local: &Local) -> Vec<Answer> {
    let mut requests = Vec::new();
    for body in [
        BODY.to_owned(),
        format!("{{\"{BODY}\":1}}"),
        format!("[\"{BODY}\"]"),
        BODY.repeat(1 << 19),
    ] {
        for route in profile::ALL.map(|row| row.route) {
            requests.push(Request::to(route, &*body));
            requests.push(Request::to(route, &*body).chunked(5000));
            requests.push(Request::to(route, &*body).method("PUT"));
            requests.push(Request::to(route, &*body).at(&format!("/{GUESS}?{BODY}")));
        }
    }
    for value in
        [GUESS.to_owned(), format!("{DIGICERT_KEY}, {CLOUDFLARE_AUTH}"), META_SECRET.to_owned()]
    {
        for row in profile::ALL {
            let proof = row.proof_header().unwrap_or("authorization");
            requests.push(Request::bare(row.route, BODY).with(proof, &*value));
            requests.push(Request::bare(&format!("{}?key={value}", row.route), BODY));
        }
    }
    let signature = meta_signature(b"another body");
    requests.push(Request::bare(META, BODY).with(SIGNATURE_HEADER, signature));
    for query in [
        format!("hub.mode=subscribe&hub.challenge={BODY}&hub.verify_token={GUESS}"),
        format!("hub.mode=other&hub.challenge={BODY}&hub.verify_token={META_TOKEN}"),
        format!("hub.verify_token={META_TOKEN}&hub.verify_token={GUESS}"),
    ] {
        requests.push(Request::new("GET", &format!("{META}?{query}")));
    }
    let answers: Vec<Answer> = requests.iter().map(|request| request.send(local)).collect();
    assert!(answers.iter().all(|answer| answer.status >= 400));
    answers
}

/// The content of each file below a folder, except `secrets.json`.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if entry.file_name() != "secrets.json" {
            found.push(String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned());
        }
    }
    found
}
