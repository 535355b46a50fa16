//! HTTP/1.1 written by hand, since a client library can neither send a malformed request nor show every
//! byte of the answer.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use providers::profile;
use serde_json::Value;
use time::OffsetDateTime;

use crate::harness::{CLOUDFLARE_AUTH, DIGICERT_KEY, Local, meta_signature, stored_secret};

pub(crate) const DIGICERT: &str = "/webhooks/digicert";
pub(crate) const CLOUDFLARE: &str = "/webhooks/cloudflare";
pub(crate) const META: &str = "/webhooks/meta-ct";
pub(crate) const KEY_HEADER: &str = "X-WEBHOOK-KEY";
pub(crate) const AUTH_HEADER: &str = "cf-webhook-auth";
pub(crate) const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

/// Longer than a webhook endpoint may take (9 s).
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    /// The size of a chunk in bytes; `None` for a body with `Content-Length`.
    chunk: Option<usize>,
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        let (method, target) = (method.to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: Vec::new(), chunk: None }
    }

    /// A `POST` without secret or signature.
    pub(crate) fn bare(route: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::new("POST", route) }
            .with("content-type", "application/json")
    }

    /// As CertCentral sends it.
    pub(crate) fn digicert(body: impl Into<Vec<u8>>) -> Self {
        Self::bare(DIGICERT, body).with(KEY_HEADER, DIGICERT_KEY)
    }

    /// As Cloudflare sends it.
    pub(crate) fn cloudflare(body: impl Into<Vec<u8>>) -> Self {
        Self::bare(CLOUDFLARE, body).with(AUTH_HEADER, CLOUDFLARE_AUTH)
    }

    /// As Meta sends it.
    pub(crate) fn meta(body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let signature = meta_signature(&body);
        Self::bare(META, body).with(SIGNATURE_HEADER, signature)
    }

    /// As the provider of this route sends it.
    pub(crate) fn to(route: &str, body: impl Into<Vec<u8>>) -> Self {
        match route {
            DIGICERT => Self::digicert(body),
            CLOUDFLARE => Self::cloudflare(body),
            META => Self::meta(body),
            other => {
                let row = profile::ALL.iter().find(|row| row.route == other).unwrap();
                let (secret, now) = (stored_secret(row), OffsetDateTime::now_utc());
                let sample = (row.samples.request)(&secret, body.into(), now).unwrap();
                let separator = if sample.query.is_empty() { "" } else { "?" };
                let target = format!("{route}{separator}{}", sample.query);
                let request =
                    Self { body: sample.body, ..Self::new(sample.method.as_str(), &target) };
                let headers = sample.headers.into_iter();
                headers.fold(request, |request, (name, value)| request.with(name, value))
            }
        }
    }

    /// Adds a header line.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn at(mut self, target: &str) -> Self {
        target.clone_into(&mut self.target);
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn chunked(mut self, size: usize) -> Self {
        self.chunk = Some(size);
        self
    }

    pub(crate) fn send(&self, local: &Local) -> Answer {
        self.send_over(connect(&local.address))
    }

    /// Sends this as the only request of its connection.
    pub(crate) fn send_over(&self, mut stream: TcpStream) -> Answer {
        // A server that refuses early may have closed the connection; its answer counts all the same.
        let _cut_short = stream.write_all(&self.to_bytes("close"));
        Answer::read_last(&mut stream, self.method != "HEAD")
    }

    /// The bytes of the request, with this value of the header `Connection`.
    pub(crate) fn to_bytes(&self, connection: &str) -> Vec<u8> {
        let mut bytes = format!(
            "{} {} HTTP/1.1\r\nHost: certhooks.test\r\nConnection: {connection}\r\n",
            self.method, self.target
        )
        .into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        match self.chunk {
            None => {
                bytes.extend(format!("Content-Length: {}\r\n\r\n", self.body.len()).into_bytes());
                bytes.extend(&self.body);
            }
            Some(size) => {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in self.body.chunks(size) {
                    bytes.extend(format!("{:x};ext=\"1\"\r\n", chunk.len()).into_bytes());
                    bytes.extend([chunk, b"\r\n"].concat());
                }
                bytes.extend(b"0\r\n\r\n");
            }
        }
        bytes
    }
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let address: SocketAddr = address.parse().unwrap();
    let stream = TcpStream::connect_timeout(&address, TIMEOUT).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads the answer until the server closes the connection.
    fn read_last(stream: &mut TcpStream, has_body: bool) -> Self {
        let mut bytes = Vec::new();
        // A reset after the answer does no harm.
        let _reset = stream.read_to_end(&mut bytes);
        let (answer, rest) = Self::parse(&bytes, has_body).unwrap_or_else(|| {
            panic!("no whole answer: {:?}", String::from_utf8_lossy(&bytes));
        });
        assert!(rest.is_empty(), "more than one answer: {:?}", String::from_utf8_lossy(rest));
        answer
    }

    /// Reads one answer, whose end `Content-Length` gives.
    pub(crate) fn read_next(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        loop {
            if let Some((answer, _)) = Self::parse(&bytes, true) {
                return answer;
            }
            let mut more = [0; 4096];
            let count = stream.read(&mut more).unwrap();
            assert!(count > 0, "connection closed after {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend(&more[..count]);
        }
    }

    fn parse(bytes: &[u8], has_body: bool) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let (status_line, lines) = head.split_once("\r\n").unwrap_or((head, ""));
        let status = status_line.split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .lines()
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.to_ascii_lowercase(), value.to_owned())
            })
            .collect();
        let length = headers.iter().find(|(name, _)| has_body && name == "content-length");
        let length = length.map_or(0, |(_, length)| length.parse().unwrap());
        let rest = &bytes[end + 4..];
        let body = rest.get(..length)?.to_vec();
        Some((Self { status, headers, body }, &rest[length..]))
    }

    /// The header lines of this name, joined with commas.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.iter().filter(|(other, _)| other == name);
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!("{error}: {} {:?}", self.status, String::from_utf8_lossy(&self.body));
        })
    }

    /// The accepted ids, after asserting that the answer is the documented one.
    #[track_caller]
    pub(crate) fn accepted(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type").as_deref(), Some("application/json"));
        let body = self.json();
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["accepted", "ids"]);
        let ids: Vec<String> = serde_json::from_value(body["ids"].clone()).unwrap();
        assert_eq!(body["accepted"], ids.len());
        ids
    }

    /// The accepted id, which must be the only one.
    #[track_caller]
    pub(crate) fn accepted_one(&self) -> String {
        let ids = self.accepted();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids.into_iter().next().unwrap()
    }

    /// The `detail` of a refusal, after asserting that the answer is a problem document (RFC 9457).
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        assert_eq!(self.header("content-type").as_deref(), Some("application/problem+json"));
        let mut body = self.json();
        let body = body.as_object_mut().unwrap();
        assert_eq!(body.remove("status"), Some(status.into()));
        assert_eq!(body.remove("type"), Some("about:blank".into()));
        assert!(body.remove("title").is_some_and(|title| title.is_string()));
        let detail = body.remove("detail").unwrap().as_str().unwrap().to_owned();
        assert!(body.is_empty() && !detail.is_empty(), "{detail:?} {body:?}");
        detail
    }
}

/// Sends these bytes and closes the sending side, as a client that ended early.
pub(crate) fn send_half(local: &Local, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(&local.address);
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    answer
}
