use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use lambda_runtime::Diagnostic;
use providers::request::WebhookRequest;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;

/// An event that is not a request. The message does not quote it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Undecodable {
    #[error("the body of the event is not valid base64")]
    Base64,
    #[error("the event is not from API Gateway or a function URL")]
    Shape,
}

impl From<Undecodable> for Diagnostic {
    fn from(undecodable: Undecodable) -> Self {
        Self { error_type: "UndecodableEvent".into(), error_message: undecodable.to_string() }
    }
}

/// Converts an event to a request. `lambda_http` is not used for it, because its conversion panics
/// at a body that is not base64, and at a host, path or query of which no URI can be built.
///
/// `received` is the time of receipt.
///
/// # Errors
/// When the event has neither payload format, or its body is not valid base64.
pub fn decode(event: &str, received: OffsetDateTime) -> Result<WebhookRequest, Undecodable> {
    let event: Event<'_> = serde_json::from_str(event).map_err(|_| Undecodable::Shape)?;
    let Headers(headers) = match (event.headers, event.multi_value_headers) {
        (Some(headers), _) => headers,
        (None, Some(lists)) => last_values(lists)?,
        (None, None) => Headers::default(),
    };
    let Context { http_method, identity, http } = event.request_context;
    let (method, query, source_ip) = match (http_method, http) {
        (Some(method), _) => (
            method,
            query(
                event.query_string_parameters.unwrap_or_default(),
                event.multi_value_query_string_parameters.unwrap_or_default(),
            ),
            identity.unwrap_or_default().source_ip,
        ),
        (None, Some(http)) => {
            (http.method, event.raw_query_string.unwrap_or_default(), http.source_ip)
        }
        (None, None) => return Err(Undecodable::Shape),
    };
    Ok(WebhookRequest {
        method: Method::from_bytes(method.as_bytes()).map_err(|_| Undecodable::Shape)?,
        headers,
        query,
        source_ip: source_ip.and_then(|address| address.parse().ok()),
        body: body(event.body, event.is_base64_encoded.unwrap_or_default())?,
        received,
        traceparent: None,
    })
}

/// The used members of an event, in the payload format of REST APIs (and of HTTP APIs with payload format
/// 1.0) or in that of HTTP APIs and function URLs. The types of `aws_lambda_events` copy the others too,
/// which takes twice the instructions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    headers: Option<Headers>,
    /// Read only where `headers` is missing, which has the last value of each repeated header.
    #[serde(borrow)]
    multi_value_headers: Option<&'a RawValue>,
    #[serde(borrow)]
    query_string_parameters: Option<BTreeMap<Text<'a>, Text<'a>>>,
    #[serde(borrow)]
    multi_value_query_string_parameters: Option<BTreeMap<Text<'a>, Vec<Text<'a>>>>,
    raw_query_string: Option<String>,
    request_context: Context,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    /// Only in the format of REST APIs.
    http_method: Option<String>,
    identity: Option<Identity>,
    /// Only in the format of HTTP APIs.
    http: Option<Http>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    source_ip: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    source_ip: Option<String>,
}

/// Text of the event, which is copied only if there are escapes in it.
#[derive(Deserialize, Eq, Ord, PartialEq, PartialOrd)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// One value for each header. In the format of HTTP APIs repeated headers arrive joined with commas, and the
/// receiver refuses such a value where it matters.
#[derive(Default)]
struct Headers(HeaderMap);

impl Headers {
    fn insert<E: de::Error>(&mut self, name: &Text<'_>, value: &Text<'_>) -> Result<(), E> {
        let name = HeaderName::from_bytes(name.0.as_bytes()).map_err(E::custom)?;
        let value = HeaderValue::from_bytes(value.0.as_bytes()).map_err(E::custom)?;
        self.0.insert(name, value);
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str("headers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut headers = Headers::default();
        while let Some((name, value)) = map.next_entry()? {
            headers.insert(&name, &value)?;
        }
        Ok(headers)
    }
}

fn last_values(lists: &RawValue) -> Result<Headers, Undecodable> {
    let lists: BTreeMap<Text<'_>, Vec<Text<'_>>> =
        serde_json::from_str(lists.get()).map_err(|_| Undecodable::Shape)?;
    let mut headers = Headers::default();
    for (name, value) in lists.iter().filter_map(|(name, values)| Some((name, values.last()?))) {
        headers.insert::<serde_json::Error>(name, value).map_err(|_| Undecodable::Shape)?;
    }
    Ok(headers)
}

/// API Gateway has decoded the query; this encodes it again.
fn query(single: BTreeMap<Text<'_>, Text<'_>>, list: BTreeMap<Text<'_>, Vec<Text<'_>>>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if list.is_empty() {
        query.extend_pairs(single.iter().map(|(Text(name), Text(value))| (name, value)));
    }
    for (Text(name), values) in &list {
        query.extend_pairs(values.iter().map(|Text(value)| (name, value)));
    }
    query.finish()
}

fn body(text: Option<String>, is_base64: bool) -> Result<Bytes, Undecodable> {
    let text = text.unwrap_or_default();
    if !is_base64 {
        return Ok(text.into());
    }
    BASE64.decode(text.as_bytes()).map(Bytes::from).map_err(|_| Undecodable::Base64)
}

/// A response in the format that REST APIs, HTTP APIs and function URLs all accept. The one of HTTP APIs
/// only has cookies more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    status_code: u16,
    #[serde(serialize_with = "as_text")]
    headers: HeaderMap,
    body: String,
    is_base64_encoded: bool,
}

pub fn reply(response: Response<Bytes>) -> Reply {
    let (parts, body) = response.into_parts();
    let (body, is_base64_encoded) = match String::from_utf8(body.into()) {
        Ok(text) => (text, false),
        Err(binary) => (BASE64.encode(binary.as_bytes()), true),
    };
    let status_code = parts.status.as_u16();
    Reply { status_code, headers: parts.headers, body, is_base64_encoded }
}

fn as_text<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    serializer.collect_map(headers.iter().map(|(name, it)| (name.as_str(), text(it.as_bytes()))))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Bytes, OffsetDateTime, Response, Undecodable, WebhookRequest, reply};

    fn decode(event: &str) -> Result<WebhookRequest, Undecodable> {
        super::decode(event, OffsetDateTime::UNIX_EPOCH)
    }

    fn v1(changes: Value) -> String {
        event(
            json!({
                "httpMethod": "POST", "path": "/webhooks/digicert", "headers": {}, "body": "{}",
                "requestContext": { "httpMethod": "POST", "identity": { "sourceIp": "216.168.240.1" } },
            }),
            changes,
        )
    }

    fn v2(changes: Value) -> String {
        event(
            json!({
                "version": "2.0", "rawPath": "/webhooks/digicert", "headers": {}, "body": "{}",
                "requestContext": { "http": { "method": "POST", "sourceIp": "216.168.240.1" } },
            }),
            changes,
        )
    }

    fn event(mut event: Value, changes: Value) -> String {
        let changes = changes.as_object().unwrap().clone();
        event.as_object_mut().unwrap().extend(changes);
        event.to_string()
    }

    #[test]
    fn headers() {
        let value = |event: &str| {
            let request = decode(event).unwrap();
            let mut values = request.headers.get_all("x-webhook-key").iter();
            let value = values.next().map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(values.next(), None);
            value
        };
        let many = json!({ "X-WEBHOOK-KEY": ["first", "last"] });
        for (event, expected) in [
            (v1(json!({ "headers": { "X-Webhook-Key": "a" } })), Some("a")),
            (
                v1(json!({ "headers": { "x-webhook-key": "last" }, "multiValueHeaders": many })),
                Some("last"),
            ),
            (v1(json!({ "headers": null, "multiValueHeaders": many })), Some("last")),
            (v1(json!({ "headers": null, "multiValueHeaders": null })), None),
            (v2(json!({ "headers": { "x-webhook-key": "first,last" } })), Some("first,last")),
            (v2(json!({ "headers": { "X-WEBHOOK-KEY": "a" } })), Some("a")),
        ] {
            assert_eq!(value(&event).as_deref(), expected, "{event}");
        }
    }

    #[test]
    fn bodies_are_the_bytes_as_sent() {
        for (changes, body) in [
            (json!({ "body": "{\"a\":\"ü\"}" }), "{\"a\":\"ü\"}".as_bytes()),
            (json!({ "body": "eyJhIjoxfQ==", "isBase64Encoded": true }), b"{\"a\":1}"),
            (json!({ "body": "/w==", "isBase64Encoded": true }), b"\xff"),
            (json!({ "body": "", "isBase64Encoded": true }), b""),
            (json!({ "body": null, "isBase64Encoded": false }), b""),
        ] {
            for event in [v1(changes.clone()), v2(changes.clone())] {
                assert_eq!(&*decode(&event).unwrap().body, body, "{event}");
            }
        }
    }

    #[test]
    fn queries_decode_as_sent() {
        let v1_query = |single: Value, many: Value| {
            let changes =
                json!({ "queryStringParameters": single, "multiValueQueryStringParameters": many });
            decode(&v1(changes)).unwrap().query
        };
        let one = json!({ "hub.challenge": "a b+c&d=é%" });
        let pairs = |query: &str| {
            form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<(String, String)>>()
        };
        let expected = [("hub.challenge".to_owned(), "a b+c&d=é%".to_owned())];
        assert_eq!(pairs(&v1_query(one, Value::Null)), expected);
        let many = json!({ "hub.challenge": ["a b+c&d=é%"] });
        assert_eq!(pairs(&v1_query(json!({ "hub.challenge": "other" }), many)), expected);
        let twice = v1_query(json!({ "a": "2" }), json!({ "a": ["1", "2"] }));
        assert_eq!(twice, "a=1&a=2");
        assert_eq!(v1_query(Value::Null, Value::Null), "");

        let raw = "hub.challenge=a%20b&hub.challenge=2";
        let request = decode(&v2(json!({ "rawQueryString": raw }))).unwrap();
        assert_eq!(request.query, raw);
    }

    #[test]
    fn the_source_ip_is_from_the_context_and_not_a_header() {
        let forwarded = json!({ "headers": { "X-Forwarded-For": "10.0.0.1" } });
        for event in [v1(forwarded.clone()), v2(forwarded)] {
            let request = decode(&event).unwrap();
            assert_eq!(request.source_ip, "216.168.240.1".parse().ok());
        }
        let context = json!({ "httpMethod": "POST", "identity": { "sourceIp": "" } });
        let request = decode(&v1(json!({ "requestContext": context }))).unwrap();
        assert_eq!(request.source_ip, None);
    }

    #[test]
    fn undecodable_events_are_refused() {
        let bad = json!({ "body": "not base64!", "isBase64Encoded": true });
        for (event, expected) in [
            (v1(bad.clone()), Undecodable::Base64),
            (v2(bad), Undecodable::Base64),
            ("{}".to_owned(), Undecodable::Shape),
            ("[1]".to_owned(), Undecodable::Shape),
            (json!({ "Records": [] }).to_string(), Undecodable::Shape),
            (v2(json!({ "body": 5 })), Undecodable::Shape),
        ] {
            assert_eq!(decode(&event).unwrap_err(), expected, "{event}");
        }
    }

    #[test]
    fn text_is_sent_as_it_is_and_the_rest_as_base64() {
        for (body, text, is_base64) in [
            (&b"{\"accepted\":0}"[..], "{\"accepted\":0}", false),
            (b"", "", false),
            (b"\xff", "/w==", true),
        ] {
            let response = Response::builder()
                .status(405)
                .header("allow", "GET, POST")
                .body(Bytes::from_static(body))
                .unwrap();
            let reply = serde_json::to_value(reply(response)).unwrap();
            assert_eq!(reply["statusCode"], 405);
            assert_eq!(reply["headers"], json!({ "allow": "GET, POST" }));
            assert_eq!(reply["body"], text);
            assert_eq!(reply["isBase64Encoded"], is_base64);
        }
    }
}
