//! Transfer and size of a request body.

use std::io::{Read, Write};

use super::{delivers_only, event, json_routes, routes};
use crate::harness::Local;
use crate::wire::{Answer, CLOUDFLARE, DIGICERT, META, Request, connect, send_half};

const HALF_MIB: usize = 512 * 1024;
const FIVE_MIB: usize = 5 * 1024 * 1024;

/// The event in a request whose body has `size` bytes. JSON is followed by blanks, which are no part of it; anything
/// else has a member more.
fn padded(route: &str, number: u64, size: usize) -> Request {
    let event = event(route, number);
    let with = |padding: usize| match json_routes().contains(&route) {
        true => Request::to(route, format!("{event}{}", " ".repeat(padding))),
        false => {
            let member = format!(r#"{{"padding":"{}","#, "x".repeat(padding));
            Request::to(route, event.replacen('{', &member, 1))
        }
    };
    with(size - with(0).body.len())
}

#[test]
fn a_body_of_the_maximum_size_is_accepted_and_one_byte_more_is_not() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for (number, (route, limit)) in
        (0_u64..).zip([(DIGICERT, HALF_MIB), (CLOUDFLARE, HALF_MIB), (META, FIVE_MIB)])
    {
        let refused = padded(route, number, limit + 1);
        refused.send(&local).refused(413);
        refused.chunked(10_000).send(&local).refused(413);
        let accepted = padded(route, number, limit);
        let id = accepted.send(&local).accepted_one();
        local.settle();
        assert_eq!(accepted.chunked(10_000).send(&local).accepted_one(), id);
        ids.push(id);
    }
    delivers_only(&local, &ids);
}

#[test]
fn the_operator_may_set_another_limit() {
    // A queue message is limited to 1 MiB, so that what is more must be blanks around JSON.
    for (limit, routes) in [(1000, routes()), (17 << 20, json_routes())] {
        let local = Local::start(&[("MAX_BODY_BYTES", &limit.to_string())]);
        let mut ids = Vec::new();
        for (number, route) in (0_u64..).zip(routes) {
            padded(route, number, limit + 1).send(&local).refused(413);
            ids.push(padded(route, number, limit).send(&local).accepted_one());
        }
        delivers_only(&local, &ids);
    }
}

/// The server keeps the connection open while the sender is sending, so that it gets the answer.
#[test]
fn ten_megabytes() {
    let local = Local::start(&[]);
    let body = vec![b'x'; 10_000_000];
    for route in routes() {
        let request = Request::to(route, body.clone());
        request.send(&local).refused(413);
        request.chunked(1 << 16).send(&local).refused(413);
    }
    let good = Request::meta(event(META, 1)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

/// Chunked coding with chunk extensions (RFC 9112, section 7.1); the signature is over the decoded body.
#[test]
fn chunks() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for (number, route) in (0_u64..).zip(routes()) {
        for size in [1, 7, 4096] {
            let body = event(route, number * 10 + size);
            let request = Request::to(route, body).chunked(usize::try_from(size).unwrap());
            ids.push(request.send(&local).accepted_one());
        }
    }
    delivers_only(&local, &ids);
}

/// The sender waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1).
#[test]
fn expect_100_continue() {
    let local = Local::start(&[]);
    let mut ids = Vec::new();
    for (number, route) in (0_u64..).zip(routes()) {
        let request = Request::to(route, event(route, number)).with("Expect", "100-continue");
        let bytes = request.to_bytes("close");
        let (head, body) = bytes.split_at(bytes.len() - request.body.len());
        let mut stream = connect(&local.address);
        stream.write_all(head).unwrap();
        let mut interim = [0; 25];
        stream.read_exact(&mut interim).unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(body).unwrap();
        ids.push(Answer::read_next(&mut stream).accepted_one());
    }
    delivers_only(&local, &ids);
}

/// A body that is cut short is refused, even where its beginning would be a valid event.
#[test]
fn a_body_cut_short() {
    let local = Local::start(&[]);
    for route in routes() {
        let request = padded(route, 1, 2000);
        let bytes = request.to_bytes("close");
        // The last bytes of the body are missing: blanks, where it is JSON.
        let answer = send_half(&local, &bytes[..bytes.len() - 10]);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        let chunked = request.chunked(1000).to_bytes("close");
        let answer = send_half(&local, &chunked[..chunked.len() - b"0\r\n\r\n".len()]);
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
    let good = Request::meta(event(META, 2)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}
