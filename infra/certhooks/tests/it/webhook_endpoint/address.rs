//! Allowed source addresses, and trusted proxies.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpSocket;

use super::{delivers_only, event, routes};
use crate::harness::{Folder, Local, META_TOKEN};
use crate::wire::{Answer, DIGICERT, META, Request};

const DIGICERT_RANGE: &str = "216.168.240.0/20";

/// Sends a request over a connection from this loopback address.
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
fn only_listed_addresses_are_allowed() {
    let local =
        Local::start(&[("SOURCE_IP_ALLOWLIST", "216.168.240.0/20, 127.0.0.2 ,127.1.0.0/16")]);
    let mut ids = Vec::new();
    for (number, route) in (0_u64..).zip(routes()) {
        let request = Request::to(route, event(route, number));
        for header in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"] {
            let claimed = request.clone().with(header, "216.168.240.1");
            send_from([127, 0, 0, 1], &claimed, &local).refused(403);
        }
        send_from([127, 0, 0, 3], &request, &local).refused(403);
        // The address is checked before the key, so the answer is the same for a wrong key.
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
    assert_eq!(refused[0]["source_ip"], "127.0.0.1", "the log must name the refused address");
}

/// `X-Forwarded-For` counts from a trusted proxy only, and in it the last address that is not a trusted
/// proxy: the addresses before it are what the sender claims.
#[test]
fn forwarded_addresses_count_from_a_trusted_proxy_only() {
    let local = Local::start_in(
        Arc::new(Folder::new()),
        &[("SOURCE_IP_ALLOWLIST", DIGICERT_RANGE)],
        &["--trusted-proxy", "127.0.0.8/29", "--trusted-proxy", "10.0.0.0/8"],
    );
    let mut ids = Vec::new();
    for (number, (from, lines, is_allowed)) in (0_u64..).zip([
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
        assert_eq!(answer.status == 200, is_allowed, "{from} {lines:?}");
        if is_allowed {
            ids.push(answer.accepted_one());
        } else {
            answer.refused(403);
        }
    }
    delivers_only(&local, &ids);
}

/// The allowlist is the only check where no secret is configured, and nowhere else.
#[test]
fn an_allowlist_does_not_replace_a_configured_secret() {
    let variables = [("ALLOW_UNAUTHENTICATED", "true"), ("SOURCE_IP_ALLOWLIST", "127.0.0.0/8")];
    let local = Local::start(&variables);
    for route in routes() {
        Request::bare(route, event(route, 1)).send(&local).refused(401);
        Request::to(route, event(route, 1)).send(&local).accepted_one();
    }
}
