use lambda::{decode, reply};

use crate::corpus;
use crate::targets::webhooks::NOON;
use crate::webhook_endpoints::answers;

/// Every webhook endpoint answers without a panic and without a 5xx status.
pub(crate) fn api_gateway(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(request) = decode(text, NOON) else { return };
    for response in answers(&request) {
        let status = response.status().as_u16();
        assert!(matches!(status, 200 | 400 | 401 | 403 | 405 | 413), "{status}");
        let reply = serde_json::to_value(reply(response)).unwrap();
        assert_eq!(reply["statusCode"], status);
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    corpus::folder("events/lambda")
}
