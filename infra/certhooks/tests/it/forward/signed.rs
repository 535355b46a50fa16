//! What arrives at a consumer with an address: order, form and signature.

use std::collections::HashMap;

use data_encoding::BASE64;
use ring::hmac;
use time::OffsetDateTime;

use super::server::{Answer, Received, Server};
use super::{Forward, SECRET, VARIABLE, deliver, folder};
use crate::documents::issued;
use crate::harness::{Local, tail_lines};
use crate::wire::Request;

/// Verifies as a consumer does, by the text of the specification.
fn is_signed(received: &Received, secret: &str) -> bool {
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let Received { headers, body, .. } = received;
    let signed = [&headers["webhook-id"], ".", &headers["webhook-timestamp"], ".", body].concat();
    headers["webhook-signature"].split(' ').any(|signature| {
        let tag = BASE64.decode(signature.strip_prefix("v1,").unwrap().as_bytes()).unwrap();
        hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    })
}

#[test]
fn events_arrive_in_order_and_signed_while_certhooks_local_runs() {
    let local = Local::simulated();
    let send = |number| {
        let id = Request::digicert(issued(number).to_string()).send(&local).accepted_one();
        local.settle();
        id
    };
    // The first two before the consumer begins.
    let mut sent = vec![send(1), send(2)];
    let server = Server::start(|_, _| Answer::of(204));
    let state = local.state.path();
    let forward = Forward::start(state, &["--consumer", "one", "--to", &server.url]);
    sent.extend([send(3), send(4)]);
    assert_eq!(server.wait(4), sent);

    let lines = tail_lines(state);
    for (received, line) in server.received().iter().zip(lines) {
        let headers = &received.headers;
        assert_eq!(received.target, "/events");
        assert_eq!(headers["content-type"], "application/cloudevents+json");
        assert_eq!(received.body.replace('\n', " "), line, "the event is what `tail` shows");
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let sent: i64 = headers["webhook-timestamp"].parse().unwrap();
        assert!((now - 60..=now).contains(&sent), "{sent}");
        assert!(is_signed(received, SECRET));
        let changed = Received { body: format!("{} ", received.body), ..received.clone() };
        assert!(!is_signed(&changed, SECRET));
        let mut headers: HashMap<_, _> = headers.clone();
        headers.insert("webhook-timestamp".to_owned(), (sent + 1).to_string());
        assert!(!is_signed(&Received { headers, ..received.clone() }, SECRET));
    }
    forward.outcomes("taken", 4);
    let (status, stopped) = forward.stop();
    assert_eq!(status.code(), Some(0));
    assert_eq!((&stopped["taken"], &stopped["behind"]), (&4.into(), &0.into()));
}

#[test]
fn during_a_rotation_both_secrets_sign() {
    let state = folder();
    deliver(state.path(), ["a/replay/x.y"]);
    let server = Server::start(|_, _| Answer::of(200));
    let other = SECRET.replace("Y2Fu", "b3Ro");
    let both = format!("{other} {SECRET}");
    let arguments = ["--consumer", "one", "--to", &server.url];
    let _forward = Forward::start_with(&[(VARIABLE, &both)], state.path(), &arguments);
    server.wait(1);
    let received = server.received().remove(0);
    assert_eq!(received.headers["webhook-signature"].split(' ').count(), 2);
    assert!(is_signed(&received, SECRET) && is_signed(&received, &other));
}

/// A consumer gets what it selects, and its position passes the rest.
#[test]
fn type_and_provider_select_events() {
    let state = folder();
    deliver(state.path(), ["a", "b", "c"]);
    let database = super::database(state.path());
    let change = "UPDATE deliveries SET kind = 'certhooks.domain.validated' WHERE id = 'a';
        UPDATE deliveries SET provider = 'cloudflare' WHERE id = 'c';";
    database.execute_batch(change).unwrap();
    let server = Server::start(|_, _| Answer::of(200));
    let filter = ["--type", "certificate.issued", "--provider", "digicert"];
    let arguments = [&["--consumer", "one", "--to", &server.url][..], &filter].concat();
    let forward = Forward::start(state.path(), &arguments);
    forward.outcomes("taken", 1);
    let (_, stopped) = forward.stop();
    assert_eq!((&stopped["taken"], &stopped["behind"]), (&1.into(), &0.into()));
    assert_eq!(server.ids(), ["b"]);
}
