//! Methods and paths.

use super::{delivers_only, event, routes};
use crate::harness::Local;
use crate::wire::{Answer, CLOUDFLARE, DIGICERT, META, Request, connect};
use std::io::Write;

#[test]
fn the_answer_to_a_wrong_method_names_the_allowed_ones() {
    let local = Local::start(&[]);
    let methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "BREW"];
    for (route, allow) in [(DIGICERT, "POST"), (CLOUDFLARE, "POST"), (META, "GET, POST")] {
        for method in methods.into_iter().filter(|method| !allow.contains(method)) {
            let answer = Request::new(method, route).send(&local);
            assert_eq!(answer.status, 405, "{method} {route}");
            assert_eq!(answer.header("allow").as_deref(), Some(allow), "{method} {route}");
            if method != "HEAD" {
                answer.refused(405);
            }
        }
        // A valid event does not change that.
        let answer = Request::to(route, event(route, 1)).method("PUT").send(&local);
        answer.refused(405);
    }
    let good = Request::digicert(event(DIGICERT, 2)).send(&local).accepted_one();
    delivers_only(&local, &[good]);
}

#[test]
fn no_other_route_exists() {
    let local = Local::start(&[]);
    for target in [
        "/",
        "/webhooks",
        "/webhooks/",
        "/webhooks/digicert/x",
        "/webhooks/DigiCert",
        "/webhooks//digicert",
        "/webhooks/digicer%74",
        "/webhooks/../webhooks/digicert",
        "/webhooks/meta",
        "/metrics",
        "/.certhooks/secrets.json",
        "/../../etc/passwd",
    ] {
        for method in ["GET", "POST"] {
            let answer = Request::digicert(event(DIGICERT, 1)).at(target).method(method);
            let detail = answer.send(&local).refused(404);
            assert!(!detail.contains(target) || target == "/", "{detail}");
        }
    }
    // A query is not part of the path, and an absolute target is the same route (RFC 9112, section
    // 3.2.2).
    let targets =
        ["/webhooks/digicert?a=1&hub.mode=subscribe", "http://other.test/webhooks/digicert"];
    let good = targets.map(|target| {
        let body = event(DIGICERT, target.len() as u64);
        Request::digicert(body).at(target).send(&local).accepted_one()
    });
    delivers_only(&local, &good);
}

/// A refusal does not end the connection, and does not affect the next request on it.
#[test]
fn requests_that_share_a_connection() {
    let local = Local::start(&[]);
    let mut stream = connect(&local.address);
    let mut ids = Vec::new();
    for (number, route) in (0_u64..).zip(routes()) {
        for (request, status) in [
            (Request::bare(route, event(route, number)), 401),
            (Request::to(route, "[]"), 400),
            (Request::to(route, event(route, number)).method("PUT"), 405),
            (Request::to(route, " ".repeat(6 << 20)), 413),
            (Request::to(route, event(route, number)), 200),
        ] {
            stream.write_all(&request.to_bytes("keep-alive")).unwrap();
            let answer = Answer::read_next(&mut stream);
            assert_eq!(answer.status, status, "{route}");
            if status == 200 {
                ids.push(answer.accepted_one());
            }
        }
    }
    delivers_only(&local, &ids);
}
