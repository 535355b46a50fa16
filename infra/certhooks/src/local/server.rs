use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use intake::problem;
use ipnet::IpNet;
use providers::request::WebhookRequest;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::local::webhook_endpoints::WebhookEndpoints;

/// How much of a body is read, in bytes. A sender gets the answer to a body over the limit only if
/// the server reads on instead of closing the connection.
const DRAIN_LIMIT: usize = 16 * 1024 * 1024;
/// CertCentral gives up after 10 s, so a body that takes longer is of no use.
const BODY_DEADLINE: Duration = Duration::from_secs(9);

/// What every request needs.
pub(crate) struct AppState {
    endpoints: Arc<WebhookEndpoints>,
    trusted_proxies: Vec<IpNet>,
}

impl AppState {
    pub(crate) fn new(endpoints: Arc<WebhookEndpoints>, trusted_proxies: Vec<IpNet>) -> Self {
        Self { endpoints, trusted_proxies }
    }
}

/// Serves requests until `stopped` turns true, then finishes the open ones.
pub(crate) async fn serve(
    listener: TcpListener,
    app: AppState,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let router = Router::new().fallback(handle).with_state(Arc::new(app));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            // An error means that the channel is closed, which is a stop too.
            let _stop = stopped.wait_for(|stop| *stop).await;
        })
        .await
}

async fn handle(
    State(app): State<Arc<AppState>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: axum::extract::Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let no_route = || problem(StatusCode::NOT_FOUND, "There is no such route.").map(Body::from);
    let Some(limit) = app.endpoints.body_limit(&path) else { return no_route() };
    let Ok(body) = tokio::time::timeout(BODY_DEADLINE, read_body(body, limit)).await else {
        return problem(StatusCode::REQUEST_TIMEOUT, "The body took too long.").map(Body::from);
    };
    let Some(body) = body else {
        return problem(StatusCode::BAD_REQUEST, "The body was cut short.").map(Body::from);
    };
    let request = WebhookRequest {
        method: parts.method,
        source_ip: Some(source_ip(&parts.headers, peer.ip(), &app.trusted_proxies)),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        received: OffsetDateTime::now_utc(),
        traceparent: None,
    };
    match app.endpoints.handle(&path, request).await {
        Some(response) => response.map(Body::from),
        None => no_route(),
    }
}

/// The body, cut off one byte after the limit; `None` where the sender ended it too early.
async fn read_body(mut body: Body, limit: usize) -> Option<Bytes> {
    let (mut kept, mut received) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        received = received.saturating_add(data.len());
        let room = limit.saturating_add(1).saturating_sub(kept.len());
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if received > DRAIN_LIMIT.max(limit) {
            break;
        }
    }
    Some(kept.freeze())
}

/// The peer's address. Where the peer is a trusted proxy, the last address in `X-Forwarded-For` that is
/// not a trusted proxy itself: the addresses before it are what the client claims.
fn source_ip(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_proxy = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    if !is_proxy(&peer) {
        return peer;
    }
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let mut last = peer;
    for line in lines.into_iter().rev() {
        // What cannot be read ends the search: what stands before it is the client's word.
        let Ok(line) = line.to_str() else { return last };
        for text in line.rsplit(',') {
            let Some(address) = forwarded(text) else { return last };
            last = address.to_canonical();
            if !is_proxy(&last) {
                return last;
            }
        }
    }
    last
}

/// An address as proxies write it: with or without a port, an IPv6 address with or without brackets, and
/// with or without quotes.
fn forwarded(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare.parse::<IpAddr>().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use super::{HeaderMap, IpNet, source_ip};

    #[test]
    fn forwarded_addresses_count_from_a_trusted_proxy_only() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("192.0.2.1", "216.168.240.1", "192.0.2.1"),
            ("10.0.0.1", "216.168.240.1", "216.168.240.1"),
            ("10.0.0.1", "216.168.240.1, 198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "216.168.240.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
            ("10.0.0.1", "216.168.240.1, nonsense", "10.0.0.1"),
            ("::ffff:10.0.0.1", "::ffff:216.168.240.1", "216.168.240.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "216.168.240.1:51234", "216.168.240.1"),
            ("10.0.0.1", "216.168.240.1:51234, 10.0.0.2:443", "216.168.240.1"),
            ("10.0.0.1", "[2001:db8::1]:51234", "2001:db8::1"),
            ("10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
            ("10.0.0.1", "\"[::ffff:216.168.240.1]:80\"", "216.168.240.1"),
            ("10.0.0.1", "216.168.240.1, unknown", "10.0.0.1"),
            ("10.0.0.1", "216.168.240.1, 198.51.100.7:99999", "10.0.0.1"),
            ("10.0.0.1", "216.168.240.1, [198.51.100.7", "10.0.0.1"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            let source = source_ip(&headers, peer.parse().unwrap(), &trusted);
            assert_eq!(source.to_string(), expected, "{peer} {forwarded}");
        }
    }

    #[test]
    fn a_line_that_is_no_text_ends_the_search() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "216.168.240.1".parse().unwrap());
        let garbled = http::HeaderValue::from_bytes(b"\xff, 198.51.100.7").unwrap();
        headers.append("x-forwarded-for", garbled);
        let source = source_ip(&headers, "10.0.0.1".parse().unwrap(), &trusted);
        assert_eq!(source.to_string(), "10.0.0.1");
    }
}
