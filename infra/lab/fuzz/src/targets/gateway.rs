use lambda::{Reply, decode};

use crate::corpus;
use crate::doors::Doors;

/// Through each door: no panic, and no answer that blames us.
pub(crate) fn gateway(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok((request, payload)) = decode(text) else { return };
    for response in Doors::new().handle(&request) {
        let status = response.status().as_u16();
        assert!(matches!(status, 200 | 400 | 401 | 403 | 405 | 413), "{status}");
        let reply = serde_json::to_value(Reply::new(response, payload)).unwrap();
        assert_eq!(reply["statusCode"], status);
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    corpus::folder("events/lambda")
}
