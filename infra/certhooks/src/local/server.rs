use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::EXPECT;
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use intake::no_route;
use ipnet::IpNet;
use providers::request::WebhookRequest;
use time::OffsetDateTime;

use crate::local::body::{Bodies, discard};
use crate::local::connections::Place;
use crate::local::refusals::Refusals;
use crate::local::webhook_endpoints::{Endpoint, WebhookEndpoints};

/// The HTTP server of the webhook endpoints, but for its connections.
pub(crate) struct Server {
    endpoints: Arc<WebhookEndpoints>,
    trusted_proxies: Vec<IpNet>,
    bodies: Bodies,
    refusals: Arc<Refusals>,
}

impl Server {
    pub(crate) fn new(
        endpoints: Arc<WebhookEndpoints>,
        trusted_proxies: Vec<IpNet>,
        refusals: Arc<Refusals>,
    ) -> Self {
        Self { endpoints, trusted_proxies, bodies: Bodies::default(), refusals }
    }

    /// Answers a request. Whatever can be refused is refused before its body is read.
    pub(crate) async fn answer(
        self: Arc<Self>,
        peer: SocketAddr,
        place: Arc<Place>,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        let source_ip = source_ip(&parts.headers, peer.ip(), &self.trusted_proxies);
        let endpoint = self.endpoints.on(uri.path());
        let head = WebhookRequest {
            method: parts.method,
            source_ip: Some(source_ip),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: Bytes::new(),
            received: OffsetDateTime::now_utc(),
            traceparent: None,
        };
        let response = match endpoint {
            Some(endpoint) => self.receive(endpoint, head, body, &place).await,
            None => refuse(&head, body, no_route()),
        };
        self.refusals.note(&method, uri.path(), source_ip, &response, OffsetDateTime::now_utc());
        Ok(response.map(Full::new))
    }

    async fn receive(
        &self,
        endpoint: &dyn Endpoint,
        head: WebhookRequest,
        body: Incoming,
        place: &Arc<Place>,
    ) -> Response<Bytes> {
        let length =
            body.size_hint().exact().map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let admission = match endpoint.check_head(&head, length).await {
            Ok(admission) => admission,
            Err(response) => return refuse(&head, body, response),
        };
        // Only a request that is verified, or whole, keeps its connection from making room for another.
        let working = admission.is_verified.then(|| place.work());
        match self.bodies.read(body, length, admission).await {
            Ok(read) => {
                let _working = working.unwrap_or_else(|| place.work());
                let (body, received) = (read.bytes.clone(), OffsetDateTime::now_utc());
                endpoint.handle(WebhookRequest { body, received, ..head }).await
            }
            Err(fault) => endpoint.refuse_body(fault, head.source_ip),
        }
    }
}

/// A sender that waits for a word before it sends its body has none to be read.
fn refuse(head: &WebhookRequest, body: Incoming, response: Response<Bytes>) -> Response<Bytes> {
    if !head.headers.contains_key(EXPECT) {
        discard(body);
    }
    response
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
