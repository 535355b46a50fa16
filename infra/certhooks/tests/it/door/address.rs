//! Who may come in at all: the allowlist, and whose word counts for an address.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpSocket;

use super::{ROUTES, delivers_only, event};
use crate::harness::{Folder, Local, META_TOKEN};
use crate::wire::{Answer, DIGICERT, META, Request};

const DIGICERT_RANGE: &str = "216.168.240.0/20";

/// A request whose connection comes from this loopback address.
fn send_from(address: [u8; 4], request: &Request, local: &Local) -> Answer {
    let to: SocketAddr = local.address.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::from(address), 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    request.send_over(stream)
}

#[test]
fn only_listed_addresses_come_in() {
    let local =
        Local::start(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20, 127.0.0.2 ,127.1.0.0/16")]);
    let mut ids = Vec::new();
    for (number, route) in (0_u64..).zip(ROUTES) {
        let request = Request::to(route, event(route, number));
        for header in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"] {
            let claimed = request.clone().with(header, "216.168.240.1");
            send_from([127, 0, 0, 1], &claimed, &local).refused(403);
        }
        send_from([127, 0, 0, 3], &request, &local).refused(403);
        // Before the key is looked at: the same answer for a wrong one.
        send_from([127, 0, 0, 3], &Request::bare(route, "{}"), &local).refused(403);
        send_from([127, 0, 0, 2], &Request::bare(route, "{}"), &local).refused(401);
        let from = if number % 2 == 0 { [127, 0, 0, 2] } else { [127, 1, 255, 254] };
        ids.push(send_from(from, &request, &local).accepted_one());
    }
    let handshake = format!("?hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_TOKEN}");
    let handshake = Request::new("GET", &format!("{META}{handshake}"));
    send_from([127, 0, 0, 3], &handshake, &local).refused(403);
    assert_eq!(send_from([127, 0, 0, 2], &handshake, &local).body, b"5");
    delivers_only(&local, &ids);
    let refused = local.logged(1, |line| line["reason"] == "address");
    assert_eq!(
        refused[0]["source_ip"], "127.0.0.1",
        "an operator must see whom the list keeps out"
    );
}

/// `X-Forwarded-For` counts from a trusted proxy, and of it the last address that is not one: what
/// stands before it is the sender's own word.
#[test]
fn a_trusted_proxy_is_believed() {
    let local = Local::start_in(
        Arc::new(Folder::new()),
        &[("SOURCE_IP_ALLOWLIST", DIGICERT_RANGE)],
        &["--trusted-proxy", "127.0.0.8/29", "--trusted-proxy", "10.0.0.0/8"],
    );
    let mut ids = Vec::new();
    for (number, (from, lines, is_let_in)) in (0_u64..).zip([
        (9, &["216.168.240.1"][..], true),
        (9, &["216.168.255.255, 10.1.2.3"], true),
        (9, &["198.51.100.7, 216.168.240.1"], true),
        (9, &["198.51.100.7", "216.168.240.1"], true),
        (9, &["::ffff:216.168.240.1"], true),
        (9, &["nonsense, 216.168.240.1"], true),
        (9, &[], false),
        (9, &[""], false),
        (9, &["nonsense"], false),
        (9, &["198.51.100.7"], false),
        (9, &["216.168.240.1, 198.51.100.7"], false),
        (9, &["216.168.240.1", "198.51.100.7"], false),
        (9, &["216.168.240.1, 198.51.100.7, 10.1.2.3"], false),
        (9, &["216.168.240.1, nonsense, 10.1.2.3"], false),
        (9, &["216.168.240.1, "], false),
        (1, &["216.168.240.1"], false),
        (1, &["216.168.240.1, 127.0.0.9"], false),
    ]) {
        let request = Request::digicert(event(DIGICERT, number));
        let request =
            lines.iter().fold(request, |request, line| request.with("X-Forwarded-For", *line));
        let answer = send_from([127, 0, 0, from], &request, &local);
        assert_eq!(answer.status == 200, is_let_in, "{from} {lines:?}");
        if is_let_in {
            ids.push(answer.accepted_one());
        } else {
            answer.refused(403);
        }
    }
    delivers_only(&local, &ids);
}

/// The list alone is the check only where there is no secret.
#[test]
fn an_allowlist_replaces_no_secret_that_is_there() {
    let variables = [("ALLOW_UNAUTHENTICATED", "true"), ("SOURCE_IP_ALLOWLIST", "127.0.0.0/8")];
    let local = Local::start(&variables);
    for route in ROUTES {
        Request::bare(route, event(route, 1)).send(&local).refused(401);
        Request::to(route, event(route, 1)).send(&local).accepted_one();
    }
}
