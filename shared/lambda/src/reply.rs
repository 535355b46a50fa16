use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, Response};
use serde::{Serialize, Serializer};

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
    use bytes::Bytes;
    use http::Response;
    use serde_json::json;

    use super::reply;

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
