use data_encoding::HEXLOWER;
use envelope::{CertificateData, CertificateEvent, Offloaded};
use ports::{Archive, Delivery, PortError, PortResult};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::process::archive_key;

/// What the archive keys of offloaded members begin with. Whoever may consume the deliveries queue may read
/// these objects, and no others.
const PREFIX: &str = "deliveries/";
/// Lists of fewer bytes are not worth moving.
const SMALL: usize = 1024;

/// Returns the event as it goes onto the queue (EIP, "Claim Check"). If its body is over `limit`, first
/// `payload`, then `pem_chain`, then the longest lists move to an archive object until the rest fits.
pub(crate) async fn offload(
    archive: &impl Archive,
    event: &mut CertificateEvent,
    limit: Option<usize>,
) -> PortResult<Delivery> {
    let whole = Delivery::new(event)?;
    let Some(limit) = limit.filter(|limit| whole.body.len() > *limit) else { return Ok(whole) };
    let mut moved = Vec::new();
    let mut size = whole.body.len();
    // The event itself says what moved, which takes a little room.
    while size + SMALL > limit {
        let Some(member) = next(&mut event.data)? else {
            return Err(PortError(format!(
                "event {}: larger than a queue message, even without its lists",
                event.id
            )));
        };
        moved.push(member);
        size = Delivery::new(event)?.body.len();
    }
    let object = object(&moved)?;
    event.data.offloaded = Some(Offloaded {
        size: object.len() as u64,
        sha256: HEXLOWER.encode(digest(&SHA256, &object).as_ref()),
        members: moved.into_iter().map(|(name, _)| name).collect(),
        uri: archive.put(&format!("{PREFIX}{}.json", archive_key(event)?), object).await?,
    });
    Delivery::new(event)
}

/// Takes the next member out of the event: its name, and its value as JSON.
fn next(data: &mut CertificateData) -> PortResult<Option<(String, Box<RawValue>)>> {
    if let Some(payload) = data.payload.take() {
        return Ok(Some(("payload".to_owned(), payload)));
    }
    if let Some(chain) = data.pem_chain.take() {
        return Ok(Some(("pem_chain".to_owned(), raw(&chain)?)));
    }
    let mut lists = vec![
        ("certificates".to_owned(), raw(&data.certificates)?),
        ("related".to_owned(), raw(&data.related)?),
        ("problems".to_owned(), raw(&data.problems)?),
    ];
    for (name, value) in data.identifiers.iter().filter(|(_, value)| value.is_array()) {
        lists.push((format!("identifiers.{name}"), raw(value)?));
    }
    let longest = lists.into_iter().max_by_key(|(_, list)| list.get().len());
    let longest = longest.filter(|(_, list)| list.get().len() > SMALL);
    if let Some((name, _)) = &longest {
        shorten(data, name);
    }
    Ok(longest)
}

/// Leaves the first element of a list that moved.
fn shorten(data: &mut CertificateData, name: &str) {
    match name {
        "certificates" => data.certificates.truncate(1),
        "related" => data.related.truncate(1),
        "problems" => data.problems.truncate(1),
        name => {
            let member =
                name.strip_prefix("identifiers.").and_then(|name| data.identifiers.get_mut(name));
            if let Some(list) = member.and_then(Value::as_array_mut) {
                list.truncate(1);
            }
        }
    }
}

fn raw(value: &impl Serialize) -> PortResult<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| PortError(format!("offloading: {error}")))
}

/// A JSON object of the members, each byte for byte.
fn object(members: &[(String, Box<RawValue>)]) -> PortResult<Vec<u8>> {
    let mut text = String::from("{");
    for (position, (name, value)) in members.iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        text += &format!("{comma}{}:{}", raw(name)?.get(), value.get());
    }
    text.push('}');
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    const LIMIT: usize = 100_000;

    #[derive(Default)]
    struct Objects(Mutex<Vec<(String, Vec<u8>)>>);

    impl Archive for Objects {
        async fn put(&self, key: &str, body: Vec<u8>) -> PortResult<String> {
            self.0.lock().unwrap().push((key.to_owned(), body));
            Ok(format!("s3://archive/{key}"))
        }
    }

    fn event(data: &Value) -> CertificateEvent {
        let mut whole = json!({
            "provider": "digicert", "event": "e", "identifiers": {}, "status": null, "pem_chain": null,
            "callback": {"outcome": "queried", "attempts": 1}, "certificates": [], "verdict": "unchecked",
            "checks": envelope::Checks::default(), "problems": [], "dcv": null, "payload": {"a": 1},
        });
        for (name, value) in data.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let text = json!({
            "specversion": "1.0", "id": "e1", "source": "/digicert/certcentral", "type": "t", "subject": "s",
            "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json", "dataschema": "s",
            "receivedtime": "2026-01-01T00:00:00Z", "data": whole,
        });
        serde_json::from_str(&text.to_string()).unwrap()
    }

    /// What was moved, and what is left, make up the whole again.
    #[tokio::test]
    async fn what_is_too_large_moves_in_order() {
        let long = |length: usize| "x".repeat(length);
        let names: Vec<_> = (0..6000).map(|number| format!("{number}.phishing.example")).collect();
        for (data, expected) in [
            (json!({"payload": {"a": long(LIMIT)}}), &["payload"][..]),
            (json!({"payload": {"a": 1}, "pem_chain": long(LIMIT)}), &["payload", "pem_chain"]),
            (
                json!({"identifiers": {"phishing_domains": names, "order_id": 7}}),
                &["payload", "identifiers.phishing_domains"],
            ),
            (json!({"problems": names}), &["payload", "problems"]),
            (
                json!({"problems": names, "identifiers": {"hosts": names}}),
                &["payload", "identifiers.hosts", "problems"],
            ),
        ] {
            let objects = Objects::default();
            let mut event = event(&data);
            let before = serde_json::to_value(&event).unwrap();
            let delivery = offload(&objects, &mut event, Some(LIMIT)).await.unwrap();
            assert!(delivery.body.len() <= LIMIT, "{}", delivery.body.len());
            let delivered: Value = serde_json::from_str(&delivery.body).unwrap();
            let offloaded = &delivered["data"]["offloaded"];
            let mut members: Vec<_> = expected.to_vec();
            let mut named: Vec<_> =
                offloaded["members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            members.sort_unstable();
            named.sort_unstable();
            assert_eq!(named, members);
            let (key, body) = objects.0.lock().unwrap().remove(0);
            assert_eq!(key, "deliveries/digicert/2026/01/01/e1.json");
            assert_eq!(offloaded["uri"], format!("s3://archive/{key}"));
            assert_eq!(offloaded["size"], body.len());
            let object: Value = serde_json::from_slice(&body).unwrap();
            for name in expected {
                let pointer = format!("/data/{}", name.replace('.', "/"));
                assert_eq!(Some(&object[*name]), before.pointer(&pointer), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn without_a_limit_nothing_moves() {
        let objects = Objects::default();
        let mut event = event(&json!({"payload": {"a": "x".repeat(2 * LIMIT)}}));
        let delivery = offload(&objects, &mut event, None).await.unwrap();
        assert!(delivery.body.len() > 2 * LIMIT && objects.0.lock().unwrap().is_empty());
    }
}
