//! The call-backs of each provider's events, as sequences of replies and of what the machine wants next.

use envelope::{Outcome, Provider, Reason};
use providers::enrich::{CallResult, Next, Reply};
use providers::interpretation::{Challenge, Plan};
use providers::profile;
use providers::receiver::Event;
use serde_json::{Value, json};

use crate::support::{NOON, answer};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// What the caller replies, and what the machine wants next.
type Step<'a> = (Reply<'a>, &'a str);

/// The machine of the one event in `document` takes these steps from its start.
fn assert_steps(
    provider: Provider,
    settings: &[(&str, &str)],
    document: &Value,
    steps: &[Step<'_>],
) {
    let row = profile::of(provider);
    let setting = |name: &str| {
        let found = settings.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let enrichers = (row.enrichers)(&setting).unwrap();
    let request = (row.samples.request)(&SECRET.into(), document.to_string().into(), NOON).unwrap();
    let events = (row.receive)(&request.received(NOON), &SECRET.into()).unwrap();
    let [Event { envelope, .. }] = &events[..] else { panic!("{} events", events.len()) };
    let interpretation = (row.interpret)(envelope);
    assert_eq!(interpretation.plan, Plan::CallBack, "{document}");
    let mut machine = enrichers.enricher(&interpretation);
    for (number, (reply, expected)) in steps.iter().enumerate() {
        let next = describe(machine.next(copy(reply)));
        assert_eq!(next, *expected, "step {number} of {document}");
    }
}

fn copy<'a>(reply: &Reply<'a>) -> Reply<'a> {
    match reply {
        Reply::Start => Reply::Start,
        Reply::Answer(answer) => Reply::Answer(*answer),
        Reply::Final(result) => Reply::Final(*result),
        Reply::Unreadable { is_cut_short } => Reply::Unreadable { is_cut_short: *is_cut_short },
        Reply::Emitted => Reply::Emitted,
    }
}

fn describe(next: Next) -> String {
    match next {
        Next::Ask(call) => {
            let query = call.query.iter().filter(|(name, _)| matches!(*name, "query" | "after"));
            let query: String = query.map(|(name, value)| format!(" {name}={value}")).collect();
            format!("ask {}{query}", call.segments.join("/"))
        }
        Next::Emit(emission) => format!("emit {}", emission.sha256),
        Next::Failed(classification) => format!("failed {classification:?}"),
        Next::Done(found) => {
            let CallResult { outcome, reason, status } = found.result;
            let mut text = format!("done {outcome}");
            if let Some(reason) = reason {
                text += &format!(" {reason}");
            }
            if let Some(status) = status {
                text += &format!(" {status}");
            }
            for (name, count) in [
                ("pem", usize::from(found.pem.is_some())),
                ("certificates", found.certificates.len()),
                ("related", found.related.len()),
            ] {
                if count > 0 {
                    text += &format!(", {count} {name}");
                }
            }
            if let Some(status) = found.status {
                text += &format!(", {status}");
            }
            found.problems.iter().for_each(|problem| text += &format!(", {problem}"));
            text
        }
    }
}

fn ended(outcome: Outcome, reason: Option<Reason>) -> Reply<'static> {
    Reply::Final(CallResult { reason, ..CallResult::new(outcome) })
}

fn disabled() -> Reply<'static> {
    ended(Outcome::Disabled, None)
}

fn refused(reason: Reason) -> Reply<'static> {
    ended(Outcome::Failed, Some(reason))
}

fn good(body: &str) -> Reply<'_> {
    Reply::Answer(answer(200, body))
}

mod digicert {
    use super::*;

    const DOWNLOAD: &str = "ask certificate/2/download/format/pem_all";
    const ORDER: &str = "ask order/certificate/1";
    const BAD: &str = "failed BadCertificate";
    const CUT_SHORT: Reply<'_> = Reply::Unreadable { is_cut_short: true };
    const NO_BUNDLE: Reply<'_> = Reply::Unreadable { is_cut_short: false };

    fn steps(event: &str, chain: Option<&str>, steps: &[Step<'_>]) {
        let chain: Vec<_> = chain.iter().map(|pem| json!({"pem": pem})).collect();
        let data = json!({"order_id": 1, "certificate_id": 2, "certificate_chain": chain});
        assert_steps(Provider::DIGICERT, &[], &json!({"event": event, "data": data}), steps);
    }

    #[test]
    fn an_issued_certificate_is_downloaded() {
        let event = "certificate_issued";
        steps(event, None, &[(Reply::Start, DOWNLOAD), (good(PEM), "done downloaded 200, 1 pem")]);
        steps(event, None, &[(Reply::Start, DOWNLOAD), (disabled(), "done disabled")]);
        steps(
            event,
            None,
            &[
                (Reply::Start, DOWNLOAD),
                (good(PEM), "done downloaded 200, 1 pem"),
                (NO_BUNDLE, BAD),
            ],
        );
    }

    /// Where there is no download, the chain of the event is taken for what it is.
    #[test]
    fn a_chain_that_came_along_is_confirmed_by_the_download() {
        let event = "certificate_issued";
        for (reply, expected) in [
            (good(PEM), "done downloaded 200, 1 pem"),
            (disabled(), "done included"),
            (refused(Reason::NotFound), "done included not_found"),
            (refused(Reason::Timeout), "done included timeout"),
        ] {
            steps(event, Some(PEM), &[(Reply::Start, DOWNLOAD), (reply, expected)]);
        }
        let data = json!({"order_id": 1, "certificate_id": 2, "certificate_chain": [{"pem": PEM}]});
        let document = json!({"event": event, "data": data});
        let unconfirmed = [("DIGICERT_CONFIRM", "false")];
        assert_steps(
            Provider::DIGICERT,
            &unconfirmed,
            &document,
            &[(Reply::Start, "done included")],
        );
    }

    #[test]
    fn a_setting_that_is_neither_true_nor_false_is_named() {
        for variable in ["DIGICERT_CONFIRM", "DIGICERT_AUTO_VERIFY"] {
            let setting = |name: &str| (name == variable).then(|| "yes".to_owned());
            let error = (profile::of(Provider::DIGICERT).enrichers)(&setting).err().unwrap();
            assert_eq!(error.variable, variable);
        }
    }

    /// An order describes its latest certificate, which need not be that of the event.
    #[test]
    fn an_order_speaks_for_its_own_certificate_only() {
        let contradiction =
            "the order contradicts the event: its certificate is 2, and the order is issued";
        for (event, order, expected) in [
            (
                "certificate_revoked",
                r#"{"status":"issued","certificate":{"id":2,"serial_number":"0A"}}"#,
                format!("done queried 200, 1 certificates, issued, {contradiction}"),
            ),
            (
                "order_rejected",
                r#"{"status":"issued","certificate":{"id":"2","serial_number":"0A"}}"#,
                format!("done queried 200, 1 certificates, issued, {contradiction}"),
            ),
            (
                "certificate_revoked",
                r#"{"status":"issued","certificate":{"id":3,"serial_number":"0A"}}"#,
                "done queried 200, issued".to_owned(),
            ),
            (
                "certificate_revoked",
                r#"{"status":"issued","certificate":{"serial_number":"0A"}}"#,
                "done queried 200, 1 certificates, issued".to_owned(),
            ),
            (
                "certificate_revoked",
                r#"{"status":"revoked","certificate":{"id":2,"serial_number":"0A"}}"#,
                "done queried 200, 1 certificates, revoked".to_owned(),
            ),
            (
                "order_approval_email_sent",
                r#"{"status":"issued","certificate":{"id":2,"serial_number":"0A"}}"#,
                "done queried 200, 1 certificates, issued".to_owned(),
            ),
        ] {
            steps(event, None, &[(Reply::Start, ORDER), (good(order), &expected)]);
        }
    }

    #[test]
    fn a_download_that_was_cut_on_the_way_is_tried_again() {
        steps(
            "certificate_issued",
            None,
            &[
                (Reply::Start, DOWNLOAD),
                (good(PEM), "done downloaded 200, 1 pem"),
                (CUT_SHORT, "failed Retry { reason: Unreadable, after: None }"),
            ],
        );
        steps(
            "certificate_issued",
            None,
            &[
                (Reply::Start, DOWNLOAD),
                (good("<html>maintenance"), "failed Retry { reason: Unreadable, after: None }"),
            ],
        );
        steps(
            "certificate_issued",
            None,
            &[
                (Reply::Start, DOWNLOAD),
                (good("-----BEGIN PKCS7-----"), "failed BadCertificate"),
                (refused(Reason::BadCertificate), "done failed bad_certificate"),
            ],
        );
    }

    #[test]
    fn other_events_of_an_order_ask_for_the_order() {
        for event in ["certificate_revoked", "order_rejected", "order_approval_email_sent"] {
            steps(
                event,
                Some(PEM),
                &[
                    (Reply::Start, ORDER),
                    (good(r#"{"status":"revoked"}"#), "done queried 200, revoked"),
                ],
            );
        }
        let rejected = r#"{"requests":[{"status":"rejected","type":"new_request"}],
            "certificate":{"serial_number":"0A"}}"#;
        steps(
            "order_rejected",
            None,
            &[
                (Reply::Start, ORDER),
                (
                    good(rejected),
                    "done queried 200, 1 certificates, new_request rejected: no comment",
                ),
            ],
        );
        steps(
            "order_rejected",
            None,
            &[
                (Reply::Start, ORDER),
                (
                    Reply::Answer(answer(404, "")),
                    "failed Retry { reason: Unreadable, after: None }",
                ),
            ],
        );
        steps(
            "order_rejected",
            None,
            &[
                (Reply::Start, ORDER),
                (
                    Reply::Answer(answer(404, r#"{"errors":[{"code":"not_found|order"}]}"#)),
                    "failed Failed { reason: NotFound }",
                ),
                (refused(Reason::NotFound), "done failed not_found"),
            ],
        );
    }

    #[test]
    fn a_challenge_is_completed_where_the_operator_wants_it() {
        let challenge = Challenge {
            webhook_id: "7".to_owned(),
            token: "t0ken".into(),
            expires: NOON,
            command: "",
        };
        let unknown = Challenge { webhook_id: "unknown".to_owned(), ..challenge.clone() };
        let enrichers = |value: &'static str| {
            (profile::of(Provider::DIGICERT).enrichers)(&|_| Some(value.to_owned())).unwrap()
        };
        assert!(matches!(enrichers("false").completion(&challenge), Ok(None)));
        assert!(enrichers("true").completion(&unknown).is_err());
        let completion = enrichers("true").completion(&challenge).unwrap().unwrap();
        assert!(completion.request.segments.contains(&"7".to_owned()));
        let own = |body: &str| (completion.is_own)(&answer(200, body), &challenge, &[]);
        assert_eq!(own(r#"{"webhooks":[{"id":8},{"id":"7"}]}"#), Ok(()));
        for other in [r#"{"webhooks":[{"id":70}]}"#, r#"{"webhooks":[]}"#, "{}", "<html>"] {
            assert!(own(other).is_err(), "{other}");
        }
        assert!((completion.classify)(&answer(204, ""), &[]).is_ok());
        let refusal = r#"{"errors":[{"code":"x","message":"no token t0ken"}]}"#;
        let error = (completion.classify)(&answer(400, refusal), &["t0ken".into()]).unwrap_err();
        assert!(!error.contains("t0ken"), "{error}");
    }
}

mod cloudflare {
    use super::*;

    const DETAILS: &str = "ask zones/z1/custom_hostnames/h1";

    fn steps(steps: &[Step<'_>]) {
        let kind = "ssl.custom_hostname_certificate.deployment.succeeded";
        let metadata = json!({"event": {"type": kind}, "zone": {"id": "z1"}});
        let document = json!({"metadata": metadata, "data": {"id": "h1", "hostname": "a.example"}});
        assert_steps(Provider::CLOUDFLARE, &[], &document, steps);
    }

    #[test]
    fn every_event_asks_for_its_hostname() {
        let result = r#"{"success":true,"result":{"ssl":{"status":"active",
            "certificates":[{"issuer":"a"},{"issuer":"b"}],"validation_errors":[{"message":"caa"}]}}}"#;
        steps(&[
            (Reply::Start, DETAILS),
            (good(result), "done queried 200, 2 certificates, active, caa"),
        ]);
        steps(&[
            (Reply::Start, DETAILS),
            (
                Reply::Answer(answer(404, r#"{"success":false,"errors":[{"code":1436}]}"#)),
                "failed Gone { reason: NotFound }",
            ),
            (ended(Outcome::Gone, Some(Reason::NotFound)), "done gone not_found"),
        ]);
        steps(&[
            (Reply::Start, DETAILS),
            (
                Reply::Answer(answer(401, r#"{"success":false,"errors":[{"code":10000}]}"#)),
                "failed KeyRefused { reason: Unauthorized }",
            ),
        ]);
        steps(&[(Reply::Start, DETAILS), (disabled(), "done disabled")]);
    }
}

mod meta {
    use super::*;

    const DOMAINS: (&str, &str) = ("META_DOMAINS", "a.example, b.example");

    fn batch(entry: Value) -> Value {
        json!({"object": "certificate_transparency", "entry": [entry]})
    }

    fn observed(id: &str) -> Value {
        batch(json!({"id": id, "changed_fields": ["certificate"]}))
    }

    fn phishing(value: Value) -> Value {
        batch(json!({"id": "../", "changes": [{"field": "phishing", "value": value}]}))
    }

    fn steps(settings: &[(&str, &str)], document: &Value, steps: &[Step<'_>]) {
        assert_steps(Provider::META, settings, document, steps);
    }

    /// A page with certificates of these ids, and the cursor of the next page.
    fn page(ids: &[&str], after: Option<&str>) -> String {
        let data: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let mut page = json!({"data": data});
        if let Some(after) = after {
            page["paging"] = json!({"next": "https://x.example", "cursors": {"after": after}});
        }
        page.to_string()
    }

    #[test]
    fn an_alert_emits_the_certificate_and_every_page_of_every_domain() {
        let own = json!({"id": "9", "certificate_pem": PEM}).to_string();
        let (first, last) = (page(&["1", "2"], Some("next")), page(&["3"], None));
        let empty = page(&[], None);
        steps(
            &[DOMAINS],
            &observed("9"),
            &[
                (Reply::Start, "ask 9"),
                (good(&own), "emit 9"),
                (Reply::Emitted, "ask certificates query=a.example"),
                (good(&first), "emit 1"),
                (Reply::Emitted, "emit 2"),
                (Reply::Emitted, "ask certificates query=a.example after=next"),
                (good(&last), "emit 3"),
                (Reply::Emitted, "ask certificates query=b.example"),
                (good(&empty), "done queried 200"),
            ],
        );
    }

    /// One that is not answered does not keep the others from being asked.
    #[test]
    fn what_is_not_answered_is_a_problem_of_the_event() {
        let refusal = r#"{"error":{"type":"OAuthException","code":100}}"#;
        let retired = r#"{"error":{"code":100,"error_subcode":33}}"#;
        let found = page(&["1"], None);
        steps(
            &[DOMAINS],
            &observed("9"),
            &[
                (Reply::Start, "ask 9"),
                (Reply::Answer(answer(400, retired)), "failed Failed { reason: NotFound }"),
                (refused(Reason::NotFound), "ask certificates query=a.example"),
                (Reply::Answer(answer(400, refusal)), "failed Failed { reason: Refused }"),
                (refused(Reason::Refused), "ask certificates query=b.example"),
                (good(&found), "emit 1"),
                (Reply::Emitted, "done queried 200, a.example: lookup failed: refused"),
            ],
        );
        // Nothing is asked of an API that is retired, or once the time is over.
        for (reply, result) in [
            (ended(Outcome::Gone, Some(Reason::Retired)), "gone retired"),
            (ended(Outcome::Failed, Some(Reason::Expired)), "failed expired"),
        ] {
            let reason = result.split(' ').next_back().unwrap();
            steps(
                &[DOMAINS],
                &observed("../"),
                &[
                    (Reply::Start, "ask certificates query=a.example"),
                    (reply, &format!("done {result}, a.example: lookup failed: {reason}")),
                ],
            );
        }
        steps(
            &[DOMAINS],
            &observed("9"),
            &[(Reply::Start, "ask 9"), (disabled(), "done disabled")],
        );
        steps(&[], &observed("../"), &[(Reply::Start, "done failed unusable_id")]);
    }

    #[test]
    fn a_domain_has_twenty_pages() {
        let page = page(&[], Some("next"));
        let mut all = vec![(Reply::Start, "ask certificates query=a.example")];
        let next = "ask certificates query=a.example after=next";
        all.extend((1..20).map(|_| (good(&page), next)));
        all.push((good(&page), "done queried 200, a.example: search ended after 20 pages"));
        steps(&[("META_DOMAINS", "a.example")], &observed("../"), &all);
    }

    #[test]
    fn the_domains_of_an_app_are_asked_for() {
        let first = r#"{"data":[{"domain":"a.example"}],
            "paging":{"next":"https://x.example","cursors":{"after":"more"}}}"#;
        let last = r#"{"data":[{"domain":"b.example"}]}"#;
        let empty = page(&[], None);
        steps(
            &[("META_APP_ID", "77")],
            &observed("../"),
            &[
                (Reply::Start, "ask 77/subscribed_domains"),
                (good(first), "ask 77/subscribed_domains after=more"),
                (good(last), "ask certificates query=a.example"),
                (good(&empty), "ask certificates query=b.example"),
                (good(&empty), "done queried 200"),
            ],
        );
        steps(
            &[("META_APP_ID", "77")],
            &observed("../"),
            &[
                (Reply::Start, "ask 77/subscribed_domains"),
                (refused(Reason::Refused), "done failed refused, app 77: lookup failed: refused"),
            ],
        );
    }

    #[test]
    fn a_phishing_alert_lists_what_was_found_for_the_suspected_names() {
        let names = json!({"ct_cert": {"id": "9"}, "phishing_domains": ["a.example", "b.example"]});
        let own = json!({"id": "9", "certificate_pem": PEM}).to_string();
        let (two, none) = (page(&["1", "2"], None), page(&[], None));
        steps(
            &[],
            &phishing(names.clone()),
            &[
                (Reply::Start, "ask 9"),
                (good(&own), "ask certificates query=a.example"),
                (good(&two), "ask certificates query=b.example"),
                (good(&none), "done queried 200, 1 pem, 1 certificates, 2 related"),
                // A certificate that cannot be read is delivered as Meta describes it.
                (
                    Reply::Unreadable { is_cut_short: false },
                    "done queried 200, 1 certificates, 2 related",
                ),
            ],
        );
        steps(
            &[],
            &phishing(names.clone()),
            &[
                (Reply::Start, "ask 9"),
                (refused(Reason::NotFound), "ask certificates query=a.example"),
                (
                    ended(Outcome::Gone, Some(Reason::Retired)),
                    "done gone retired, certificate 9: lookup failed: not_found, \
                 a.example: lookup failed: retired",
                ),
            ],
        );
        steps(&[], &phishing(names), &[(Reply::Start, "ask 9"), (disabled(), "done disabled")]);
    }

    #[test]
    fn a_phishing_alert_lists_at_most_a_hundred() {
        let names = phishing(json!({"phishing_domains": ["a.example"]}));
        let ids: Vec<_> = (0..101).map(|id| id.to_string()).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let page = page(&ids, None);
        steps(
            &[],
            &names,
            &[
                (Reply::Start, "ask certificates query=a.example"),
                (good(&page), "done queried 200, 1 certificates, 100 related"),
            ],
        );
    }
}
