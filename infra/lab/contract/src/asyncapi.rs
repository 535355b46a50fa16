use serde_json::{Value, json};

use crate::schema::{self, DATA};

/// The AsyncAPI document of the deliveries queue. It holds the schemas themselves, since tools of AsyncAPI do not find
/// a schema by its `$id`.
pub fn document() -> Value {
    let mut schemas = schema::bundle();
    let mut defined = schemas["$defs"].take();
    let mut data = defined[DATA].take();
    let mut all = data["$defs"].take();
    all["EventType"] = defined["EventType"].take();
    all[DATA] = plain(data);
    all["CertificateEvent"] = plain(schemas);
    for schema in all.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        schema::each(schema, &mut |schema| {
            let Some(Value::String(reference)) = schema.get_mut("$ref") else { return };
            let name = reference.rsplit('/').next().unwrap_or_default();
            let name = if name.starts_with("urn:") { DATA } else { name };
            *reference = format!("#/components/schemas/{name}");
        });
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Certhooks",
            "version": "1.0.0",
            "description": "Certificate events on the deliveries queue. `infra/docs/contract.md` has the same as text, with \
                an example of each type.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {"deliveries": channel()},
        "operations": {
            "receiveCertificateEvent": {
                "action": "receive",
                "channel": {"$ref": "#/channels/deliveries"},
                "summary": "Receives a certificate event.",
                "description": "Drop an event whose `id` is known, ignore what is not known, and delete the message once \
                    the event is handled.",
                "messages": [{"$ref": "#/channels/deliveries/messages/certificateEvent"}],
            },
        },
        "components": {
            "messages": {"certificateEvent": message()},
            "schemas": all,
        },
    })
}

/// The structured content mode of CloudEvents.
const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The schema without the keywords that only a whole document has.
fn plain(mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.retain(|key, _| !matches!(key.as_str(), "$schema" | "$id" | "$defs"));
    }
    schema
}

fn channel() -> Value {
    json!({
        "address": null,
        "title": "Deliveries queue",
        "description": "A standard SQS queue. The stack's output `DeliveriesQueueUrl` is its address. Messages may come more \
            than once and in any order. `MessageGroupId` is the `source` of the event, or its hash: the queue is a fair \
            one, so that the flood of one account or zone does not delay the others.",
        "messages": {"certificateEvent": {"$ref": "#/components/messages/certificateEvent"}},
        "bindings": {
            "sqs": {
                "queue": {"name": "deliveries", "fifoQueue": false},
                "bindingVersion": "0.2.0",
            },
        },
    })
}

fn message() -> Value {
    let attribute = |description: &str| json!({"type": "string", "description": description});
    let constant = |value: &str, description: &str| json!({"type": "string", "const": value, "description": description});
    json!({
        "name": "certificateEvent",
        "title": "Certificate event",
        "contentType": CONTENT_TYPE,
        "headers": {
            "type": "object",
            "description": "The message attributes, all of the type String, for filters that look at nothing else.",
            "required": ["content-type", "id", "provider", "subject", "type"],
            "properties": {
                "content-type": constant(CONTENT_TYPE, "The structured content mode of CloudEvents."),
                "id": attribute("`id` of the event."),
                "provider": {"$ref": "#/components/schemas/Provider"},
                "subject": attribute("`subject` of the event."),
                "type": {"$ref": "#/components/schemas/EventType"},
            },
        },
        "payload": {"$ref": "#/components/schemas/CertificateEvent"},
    })
}
