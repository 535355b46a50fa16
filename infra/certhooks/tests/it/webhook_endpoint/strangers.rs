//! What strangers cannot take: connections, memory, the log. They have no secret.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use providers::profile;

use super::{delivers_only, event, routes};
use crate::harness::{Folder, Local, META_TOKEN};
use crate::wire::{Answer, DIGICERT, META, Request, SIGNATURE_HEADER, connect};

/// The answer to the head of a request, which says that a body of this size follows, and none does.
fn answer_to_head(local: &Local, request: &Request, length: usize) -> Answer {
    let bytes = request.clone().with("Content-Length", length.to_string()).to_bytes("close");
    let head = String::from_utf8(bytes).unwrap().replace("Content-Length: 0\r\n", "");
    let mut stream = connect(&local.address);
    stream.write_all(head.as_bytes()).unwrap();
    Answer::read_next(&mut stream)
}

#[test]
fn what_can_be_refused_is_refused_before_the_body() {
    let local = Local::start(&[("SOURCE_IP_ALLOWLIST", "127.0.0.1")]);
    let elsewhere = Local::start(&[("SOURCE_IP_ALLOWLIST", "192.0.2.1")]);
    for route in routes() {
        let request = Request::new("POST", route);
        let row = profile::ALL.iter().find(|row| row.route == route).unwrap();
        if row.proof_header().is_some() {
            answer_to_head(&local, &request, 1000).refused(401);
        }
        answer_to_head(&local, &request.clone().method("PUT"), 1000).refused(405);
        answer_to_head(&local, &request.clone().at("/nowhere"), 1000).refused(404);
        answer_to_head(&local, &request, 100_000_000).refused(413);
        answer_to_head(&elsewhere, &request, 1000).refused(403);
    }
    let digicert = Request::new("POST", DIGICERT);
    answer_to_head(&local, &digicert.with("X-WEBHOOK-KEY", "wrong"), 1000).refused(401);
    let meta = Request::new("POST", META);
    for malformed in ["sha256=00", "sha1=0000", "nonsense"] {
        let signed = meta.clone().with(SIGNATURE_HEADER, malformed);
        answer_to_head(&local, &signed, 1000).refused(401);
    }
    // A sender that waits for a word before its body gets it at once.
    answer_to_head(&local, &meta.with("Expect", "100-continue"), 1000).refused(401);
    let handshake =
        format!("{META}?hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_TOKEN}");
    assert_eq!(Request::new("GET", &handshake).send(&local).body, b"5");
}

/// One more connection than the limit closes the one that has waited the longest, and never one that works.
#[test]
fn waiting_connections_make_room() {
    // A quarter of these is for connections.
    let local = Local::with_descriptors(Arc::new(Folder::new()), 256);
    let half = b"POST /webhooks/digicert HTTP/1.1\r\nHost: x\r\n";
    let mut held = Vec::new();
    let mut ids = Vec::new();
    for number in 0..3 {
        for _ in 0..100 {
            let mut stream = connect(&local.address);
            stream.write_all(half).unwrap();
            held.push(stream);
        }
        for route in routes() {
            ids.push(Request::to(route, event(route, number)).send(&local).accepted_one());
        }
    }
    assert!(is_closed(&mut held[0]), "the first of them has waited the longest");
    delivers_only(&local, &ids);
    let warned = local.logged(1, |line| line["message"].as_str().unwrap().contains("connections"));
    assert!(warned.len() <= 10, "{}", warned.len());
}

fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    match stream.read(&mut [0; 1]) {
        Ok(read) => read == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

#[test]
fn bodies_that_nobody_vouches_for_have_limited_memory() {
    let local = Local::start(&[]);
    let signed = Request::new("POST", META)
        .with(SIGNATURE_HEADER, format!("sha256={}", "0".repeat(64)))
        .with("Content-Length", (5 << 20).to_string());
    let head = String::from_utf8(signed.to_bytes("close")).unwrap();
    let head = head.replace("Content-Length: 0\r\n", "");
    // As many as the memory is for, each of which sends a part.
    let mut held = Vec::new();
    let refused = loop {
        let mut stream = connect(&local.address);
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&[b'x'; 1000]).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        if stream.peek(&mut [0; 1]).is_ok() {
            break Answer::read_next(&mut stream);
        }
        held.push(stream);
        assert!(held.len() < 10, "{} bodies of 5 MiB", held.len());
    };
    refused.refused(503);
    assert!(refused.header("retry-after").is_some());
    // Neither small events nor those with a secret in the header are affected.
    let mut ids: Vec<_> = (0..)
        .zip(routes())
        .map(|(number, route)| Request::to(route, event(route, number)).send(&local).accepted_one())
        .collect();
    let large = event(DIGICERT, 100) + &" ".repeat(400_000);
    ids.push(Request::digicert(large).send(&local).accepted_one());
    delivers_only(&local, &ids);
}

#[test]
fn a_header_block_has_a_limit() {
    let local = Local::start(&[]);
    let request = Request::digicert(event(DIGICERT, 1));
    assert_eq!(request.clone().with("X-Filling", "x".repeat(20_000)).send(&local).status, 431);
    let good = request.with("X-Filling", "x".repeat(8_000)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

/// The build of a workspace has the features of all its crates, HTTP/2 among them.
#[test]
fn http_2_is_not_spoken() {
    let local = Local::start(&[]);
    let mut stream = connect(&local.address);
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00").unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "), "{answer:?}");
}

#[test]
fn refusals_fill_no_log_and_are_all_counted() {
    let local = Local::start(&[]);
    let mut stream = connect(&local.address);
    for _ in 0..200 {
        let bytes = Request::new("PUT", DIGICERT).to_bytes("keep-alive");
        stream.write_all(&bytes).unwrap();
        assert_eq!(Answer::read_next(&mut stream).status, 405);
    }
    let lines = local.logged(1, |line| line["reason"] == "method");
    assert!((1..=20).contains(&lines.len()), "{}", lines.len());
    let metrics = local.admin("/metrics").1;
    assert!(metrics.contains("Refused{provider=\"digicert\",reason=\"method\"} 200"), "{metrics}");
}
