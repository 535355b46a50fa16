use bytes::Bytes;
use http::Response;
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse};
use serde::Serialize;

use crate::request::Payload;

/// A response in the payload format of API Gateway or a function URL.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Reply {
    V1(ApiGatewayProxyResponse),
    V2(ApiGatewayV2httpResponse),
}

impl Reply {
    pub fn new(response: Response<Bytes>, payload: Payload) -> Self {
        let (parts, body) = response.into_parts();
        let status_code = parts.status.as_u16().into();
        let body = match String::from_utf8(body.into()) {
            Ok(text) => Body::Text(text),
            Err(binary) => Body::Binary(binary.into_bytes()),
        };
        let is_base64_encoded = matches!(body, Body::Binary(_));
        // These types are non-exhaustive, so their fields are set one by one.
        match payload {
            Payload::V1 => {
                let mut reply = ApiGatewayProxyResponse::default();
                reply.status_code = status_code;
                reply.headers = parts.headers;
                reply.body = Some(body);
                reply.is_base64_encoded = is_base64_encoded;
                Self::V1(reply)
            }
            Payload::V2 => {
                let mut reply = ApiGatewayV2httpResponse::default();
                reply.status_code = status_code;
                reply.headers = parts.headers;
                reply.body = Some(body);
                reply.is_base64_encoded = is_base64_encoded;
                Self::V2(reply)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Response;
    use serde_json::json;

    use super::Reply;
    use crate::request::Payload;

    #[test]
    fn both_payload_formats() {
        for payload in [Payload::V1, Payload::V2] {
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
                let reply = serde_json::to_value(Reply::new(response, payload)).unwrap();
                assert_eq!(reply["statusCode"], 405);
                assert_eq!(reply["headers"], json!({ "allow": "GET, POST" }));
                assert_eq!(reply["body"], text);
                assert_eq!(reply["isBase64Encoded"], is_base64);
            }
        }
    }
}
