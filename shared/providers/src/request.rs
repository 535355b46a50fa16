use std::marker::PhantomData;
use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method};
use time::OffsetDateTime;

use crate::receiver::WebhookReceiver;

/// A webhook request, whole, as any front end hands it in.
#[derive(Clone, Debug)]
pub struct WebhookRequest {
    pub method: Method,
    pub headers: HeaderMap,
    /// The raw query string, without `?`.
    pub query: String,
    /// The raw body. Signatures are over these bytes.
    pub body: Bytes,
    /// From the connection or the request context, never from a header that the client sent.
    pub source_ip: Option<IpAddr>,
    /// When it was received. Everything that depends on the time goes by this.
    pub received: OffsetDateTime,
    /// W3C trace context, under which its events are followed; as the platform gave it, before the
    /// endpoint decides.
    pub traceparent: Option<String>,
}

impl WebhookRequest {
    /// A `POST` without a query, from an unknown address.
    pub fn post(headers: HeaderMap, body: impl Into<Bytes>, received: OffsetDateTime) -> Self {
        Self {
            method: Method::POST,
            headers,
            query: String::new(),
            body: body.into(),
            source_ip: None,
            received,
            traceparent: None,
        }
    }
}

/// A request that was verified for the receiver `R`: the only thing from which events can be read.
pub struct Verified<'a, R> {
    request: &'a WebhookRequest,
    receiver: PhantomData<R>,
}

impl<'a, R: WebhookReceiver> Verified<'a, R> {
    /// Verifies the raw request, before any parsing. `None` if it was not made with `secret`.
    pub fn with_secret(request: &'a WebhookRequest, secret: &R::Secret) -> Option<Self> {
        R::verify(request, secret).then_some(Self { request, receiver: PhantomData })
    }

    /// For an endpoint that runs without a secret, because the operator said so and gave a list of
    /// source addresses instead. The caller has compared `source_ip` with that list.
    pub fn by_source_address(request: &'a WebhookRequest) -> Self {
        Self { request, receiver: PhantomData }
    }

    pub fn request(&self) -> &'a WebhookRequest {
        self.request
    }
}
