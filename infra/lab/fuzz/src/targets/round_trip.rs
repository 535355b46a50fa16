use envelope::CloudEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Panics unless a message is the same after it is written and parsed.
pub(super) fn assert_round_trip<D: Serialize + DeserializeOwned>(message: &CloudEvent<D>) {
    // A year beyond 9999 cannot be written.
    let Ok(written) = serde_json::to_string(message) else { return };
    let read: CloudEvent<D> = serde_json::from_str(&written).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), written);
}
