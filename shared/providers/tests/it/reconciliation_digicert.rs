//! The event log and the status changes of CertCentral, as the events that the receiver would have
//! made.

use envelope::Envelope;
use providers::api::Answer;
use providers::digicert::DigicertReceiver;
use providers::digicert::reconciliation::{
    SentEvent, StatusChange, classify_sent_events, classify_status_changes, status_changes,
};
use providers::occurrence::Occurrence;
use providers::receiver::Receipt;
use providers::refusal::Kind;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::received;

const SENT: OffsetDateTime = datetime!(2026-11-21 23:59:58 UTC);
const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer { status, retry_after: None, body: body.as_bytes() }
}

/// A page with these entries, each sent at `SENT`.
fn sent_events(entries: &[&str]) -> Vec<SentEvent> {
    let entries = entries.join(",");
    let body = format!(r#"{{"page":{{"total":{}}},"events":[{entries}]}}"#, 2000);
    let page = classify_sent_events(&answer(200, &body)).unwrap();
    assert_eq!(page.total, Some(2000));
    page.sent_events
}

fn entry(event: &str, info: &str, rest: &str) -> String {
    format!(r#"{{"event_name":"{event}",{info}"request_sent_time":"2026-11-21T23:59:58",{rest}}}"#)
}

fn failed(event: &str, data: &str) -> Occurrence {
    let info = format!(r#""event_info":{data},"#);
    let entry = entry(event, &info, r#""request_status":"failed","response_code":503"#);
    sent_events(&[&entry])[0].occurrence(NOW).unwrap()
}

/// The envelope of the same event when the webhook delivers it.
fn delivered(event: &str, data: &str, at: OffsetDateTime) -> Envelope {
    let body = format!(r#"{{ "data": {data}, "event": "{event}" }}"#);
    let receipt = Receipt { at, traceparent: None };
    received::<DigicertReceiver>(body, receipt).unwrap().remove(0).envelope
}

#[test]
fn an_event_of_the_log_has_the_id_of_its_delivery() {
    for (event, data) in [
        ("certificate_issued", r#"{"order_id":12345,"certificate_id":23456}"#),
        ("certificate_revoked", r#"{"certificate_id":23456,"order_id":"12345"}"#),
        ("order_rejected", r#"{"order_id":12345,"certificate_id":23456}"#),
        (
            "domain_revalidation_notice",
            r#"{"name":"ä.example","days":1e2,"id":18446744073709551616}"#,
        ),
        ("brand_new", "null"),
    ] {
        let occurrence = failed(event, data);
        let envelope = &occurrence.envelope;
        let expected = delivered(event, data, SENT);
        assert_eq!(envelope.id, expected.id, "{event}");
        assert_eq!((&envelope.kind, &envelope.subject), (&expected.kind, &expected.subject));
        assert_eq!((envelope.time, envelope.receivedtime), (SENT, NOW), "{event}");
        assert_eq!(envelope.reconciled, Some(true));
    }
}

#[test]
fn an_id_with_a_day_in_it_has_ids_of_the_adjacent_days() {
    let data = r#"{"domain_id":7}"#;
    let notice = failed("domain_expired", data);
    let on = |days| delivered("domain_expired", data, SENT + Duration::days(days)).id;
    assert_eq!(notice.ids().collect::<Vec<_>>(), [on(0), on(-1), on(1)]);
    let issued = failed("certificate_issued", r#"{"order_id":1,"certificate_id":2}"#);
    assert_eq!(issued.other_ids, [] as [String; 0]);
}

#[test]
fn only_a_success_with_2xx_is_not_failed() {
    for (rest, is_failed, code) in [
        (r#""request_status":"success","response_code":200"#, false, Some(200)),
        (r#""request_status":"success","response_code":"204""#, false, Some(204)),
        (r#""response_code":202"#, false, Some(202)),
        (r#""request_status":"failed","response_code":503"#, true, Some(503)),
        (r#""request_status":"failed","response_code":200"#, true, Some(200)),
        (r#""request_status":"failed","response_code":null"#, true, None),
        (r#""request_status":"failed","response_code":0"#, true, None),
        (r#""request_status":"success""#, true, None),
    ] {
        let event = &sent_events(&[&entry("certificate_issued", "", rest)])[0];
        assert_eq!((event.is_failed, event.code), (is_failed, code), "{rest}");
        assert_eq!(event.sent, Some(SENT));
    }
}

#[test]
fn tests_and_challenges_are_no_events_and_no_token_is_kept() {
    let rest = r#""request_status":"failed","response_code":500"#;
    let token = r#""event_info":{"webhook_id":1,"token":"t0ken"},"#;
    let entries = [
        entry("test_webhook_endpoint", "", rest),
        entry("challenge_webhook_endpoint", token, rest),
        entry("", "", rest),
        "7".to_owned(),
    ];
    for event in sent_events(&entries.each_ref().map(String::as_str)) {
        assert!(event.occurrence(NOW).is_none(), "{event:?}");
        assert!(!format!("{event:?}").contains("t0ken"));
    }
}

#[test]
fn an_entry_without_a_time_counts_as_sent_now() {
    let entry = r#"{"event_name":"domain_expired","response_code":500}"#;
    let occurrence = sent_events(&[entry])[0].occurrence(NOW).unwrap();
    assert_eq!(occurrence.envelope.time, NOW);
}

#[test]
fn status_changes_are_asked_for_by_minutes() {
    let request = status_changes(10_080);
    assert_eq!(request.segments.join("/"), "order/certificate/status-changes");
    assert_eq!(request.query, [("minutes", "10080".to_owned())]);
}

#[test]
fn a_status_change_is_the_event_of_its_webhook() {
    let body = r#"{"orders":[
        {"order_id":1,"certificate_id":"11","status":"issued"},
        {"order_id":2,"certificate_id":12,"status":"Revoked"},
        {"order_id":3,"certificate_id":13,"status":"rejected"},
        {"order_id":4,"status":"rejected"},
        {"order_id":5,"certificate_id":15,"status":"needs_approval"},
        {"certificate_id":16,"status":"issued"},
        {"order_id":7,"certificate_id":17}]}"#;
    let changes = classify_status_changes(&answer(200, body)).unwrap();
    let ids: Vec<_> = changes
        .iter()
        .filter_map(|change| change.occurrence(NOW))
        .map(|occurrence| (occurrence.envelope.id, occurrence.other_ids.len()))
        .collect();
    let expected = [
        ("certificate_issued", r#"{"order_id":1,"certificate_id":11}"#),
        ("certificate_revoked", r#"{"order_id":2,"certificate_id":12}"#),
        ("order_rejected", r#"{"order_id":3,"certificate_id":13}"#),
        ("order_rejected", r#"{"order_id":4}"#),
    ];
    assert_eq!(ids, expected.map(|(event, data)| (delivered(event, data, NOW).id, 0)));
    assert_eq!(changes.len(), 5, "an order without an id is left out");
}

#[test]
fn an_empty_object_has_no_changes_and_other_shapes_are_refused() {
    for body in ["{}", r#"{"orders":null}"#, r#"{"orders":[]}"#] {
        let none: Vec<StatusChange> = Vec::new();
        assert_eq!(classify_status_changes(&answer(200, body)), Ok(none), "{body}");
    }
    for (status, body, kind) in [
        (200, "[]", Kind::Unreadable),
        // A document of something on the way is not an empty list.
        (200, r#"{"message":"blocked"}"#, Kind::Unreadable),
        (200, r#"{"orders":{}}"#, Kind::Unreadable),
        (200, "<html>", Kind::Html),
        (
            403,
            r#"{"errors":[{"code":"access_denied|access_denied_invalid_key"}]}"#,
            Kind::KeyRefused,
        ),
        (429, "", Kind::RateLimited),
    ] {
        let refusal = classify_status_changes(&answer(status, body)).unwrap_err();
        assert_eq!(refusal.kind, kind, "{body}");
        if status != 200 || body == "<html>" || body.contains("blocked") {
            assert!(classify_sent_events(&answer(status, body)).is_err(), "{body}");
        }
    }
}
