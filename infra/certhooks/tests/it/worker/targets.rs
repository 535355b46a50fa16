use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::canned::Canned;
use crate::documents::{deployed, issued, observed, phishing, rejected};
use crate::providers::Providers;

/// Whatever ids and names an event holds, every request goes to the configured base.
#[test]
fn nothing_in_an_event_chooses_an_address() {
    let canned = Canned::start(|_| (200, "{}".into()));
    let providers = Providers::start();
    let bases = ["digicert/v2", "cloudflare/v4", "meta"]
        .map(|base| format!("http://{}/{base}", canned.address));
    let local = providers.local(&[
        ("DIGICERT_API_BASE", &bases[0]),
        ("CLOUDFLARE_API_BASE", &bases[1]),
        ("META_API_BASE", &bases[2]),
        ("META_DOMAINS", "example.com"),
    ]);
    let hostile = [
        "../../../x",
        "..%2f..%2fx",
        "..",
        ".",
        "",
        "a/b",
        "a\\b",
        "a?x=y",
        "a#b",
        "a@evil.example",
        "//evil.example/x",
        "http://evil.example/",
        "a\r\nHost: evil.example",
        "a\u{0}b",
        "a%00b",
        "a b",
        "\u{2025}/x",
        "evil.example:80",
        "me/accounts",
        "123&access_token=x",
    ];
    let mut ids = BTreeSet::new();
    for text in hostile {
        let mut by_hostname = deployed("zone1", "hostname1");
        by_hostname["data"]["hostname"] = json!(text);
        let data = json!({"order_id": text, "certificate_id": text});
        for event in [
            deployed(text, "hostname1"),
            deployed("zone1", text),
            by_hostname,
            observed(text),
            phishing(text, &[text]),
            phishing("5", &[&format!("{text}.example"), "ok.example"]),
            json!({"event": "certificate_issued", "data": data}),
            json!({"event": "order_rejected", "data": data}),
        ] {
            ids.insert(providers.send_one(&local, &event));
        }
    }
    for event in [issued(1), rejected(2)] {
        ids.insert(providers.send_one(&local, &event));
    }
    // Each event is delivered or waits for a retry.
    for id in &ids {
        let is_end = |line: &Value| {
            ["called back", "delivered"].iter().any(|message| line["message"] == *message)
                || !line["delay_seconds"].is_null()
        };
        local.log_until(id, |lines| lines.iter().any(is_end));
    }
    let targets = canned.targets();
    let begins = |target: &str| {
        ["/digicert/v2/certificate/1/download/format/pem_all", "/digicert/v2/order/certificate/2"]
            .contains(&target)
            || target.starts_with("/cloudflare/v4/zones/zone1/custom_hostnames/hostname1")
            || target.starts_with("/meta/certificates?query=")
            || target.starts_with("/meta/5?fields=")
    };
    for target in &targets {
        assert!(begins(target), "{target}");
        assert_eq!(
            target.matches("access_token=").count(),
            usize::from(target.starts_with("/meta")),
            "{target}"
        );
        assert!(target.is_ascii() && !target.contains(['\\', '#', ' ', '\0']), "{target}");
    }
    for base in ["/digicert/v2/cert", "/digicert/v2/order", "/cloudflare", "/meta/cert", "/meta/5"]
    {
        assert!(targets.iter().any(|target| target.starts_with(base)), "{base} was never called");
    }
}
