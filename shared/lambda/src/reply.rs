use aws_lambda_events::apigw::ApiGatewayProxyResponse;
use aws_lambda_events::encodings::Body;
use bytes::Bytes;
use http::Response;

/// Converts a response to the format that REST APIs, HTTP APIs and function URLs all accept. The one
/// of HTTP APIs only has cookies more.
pub fn reply(response: Response<Bytes>) -> ApiGatewayProxyResponse {
    let (parts, body) = response.into_parts();
    let body = match String::from_utf8(body.into()) {
        Ok(text) => Body::Text(text),
        Err(binary) => Body::Binary(binary.into_bytes()),
    };
    // The type is non-exhaustive, so its fields are set one by one.
    let mut reply = ApiGatewayProxyResponse::default();
    reply.status_code = parts.status.as_u16().into();
    reply.headers = parts.headers;
    reply.is_base64_encoded = matches!(body, Body::Binary(_));
    reply.body = Some(body);
    reply
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
