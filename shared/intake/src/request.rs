use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method};

/// An HTTP request from any front end.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub headers: HeaderMap,
    /// The raw query string, without `?`.
    pub query: String,
    /// The client's address from the connection or the request context, never from a header that the
    /// client sent; `None` when it is unknown.
    pub source_ip: Option<IpAddr>,
    pub body: Bytes,
}
