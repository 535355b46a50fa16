//! The fields that every JSON line of a program begins with, under the names that Powertools for AWS
//! Lambda gives them. By them a line of the log or of the metrics is joined with Lambda's own lines, with
//! X-Ray and with the access log of API Gateway.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer as _};
use tracing::{Event, Subscriber};
use tracing_serde::SerdeMapVisitor;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;

/// Name of the program in log lines and metrics.
pub const SERVICE: &str = "certhooks";

/// Commit that a release or a deployed function was built from. `make release` and `make deploy` set
/// it; other builds at a desk do not, so that a commit compiles nothing again.
pub const COMMIT: Option<&str> = option_env!("CERTHOOKS_COMMIT");

/// Version and commit, such as `0.1.0 (commit 6bb1b9b0c7d2)`.
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    COMMIT.map_or_else(|| version.to_owned(), |commit| format!("{version} (commit {commit})"))
}

/// One invocation of a function.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Invocation<'a> {
    pub cold_start: bool,
    pub function_request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xray_trace_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Fields<'a> {
    service: &'static str,
    version: &'a str,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    invocation: Option<Invocation<'a>>,
}

/// A line that is being written. What it begins with is made once for each invocation, and the buffer is
/// kept, so that a line costs one copy and one write.
struct Line {
    bytes: Vec<u8>,
    fields: usize,
}

/// The length of most events of the log, in bytes.
const USUAL_LENGTH: usize = 512;

static LINE: Mutex<Line> = Mutex::new(Line { bytes: Vec::new(), fields: 0 });

/// Begins every further line with the name and version of the program.
pub(crate) fn begin_program() {
    begin(None);
}

/// Begins every further line with the fields of this invocation too.
pub fn begin_invocation(invocation: Invocation<'_>) {
    begin(Some(invocation));
}

fn begin(invocation: Option<Invocation<'_>>) {
    let fields = Fields { service: SERVICE, version: &version(), invocation };
    let mut bytes = serde_json::to_vec(&fields).unwrap_or_default();
    // The line goes on in the place of the closing brace.
    if let Some(brace) = bytes.last_mut() {
        *brace = b',';
    }
    *LINE.lock().unwrap_or_else(PoisonError::into_inner) = Line { fields: bytes.len(), bytes };
}

/// Writes a line that is a JSON object, in one piece.
pub(crate) fn write(mut out: impl Write, object: &[u8]) -> io::Result<()> {
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(rest) = object.strip_prefix(b"{").filter(|_| line.fields > 0) else {
        return out.write_all(object);
    };
    let fields = line.fields;
    line.bytes.truncate(fields);
    line.bytes.extend_from_slice(rest);
    out.write_all(&line.bytes)
}

/// Each event as a line of JSON on standard error. It is what the JSON format of `tracing_subscriber` writes
/// without spans; that goes through a text first, and a webhook would wait for it.
pub(crate) struct JsonLines;

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        // A failure could only be logged.
        let _ = object(event).map(|object| write(io::stderr(), &object));
    }
}

fn object(event: &Event<'_>) -> serde_json::Result<Vec<u8>> {
    let mut time = String::new();
    // Writing to a string does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    let mut object = serializer.serialize_map(None)?;
    object.serialize_entry("timestamp", &time)?;
    object.serialize_entry("level", event.metadata().level().as_str())?;
    let mut fields = SerdeMapVisitor::new(object);
    event.record(&mut fields);
    let mut object = fields.take_serializer()?;
    object.serialize_entry("target", event.metadata().target())?;
    object.end()?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use serde_json::{Value, json};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::{Context, SubscriberExt};

    use super::{Invocation, begin_invocation, begin_program, object, version, write};

    struct Objects(Sender<Vec<u8>>);

    impl<S: Subscriber> Layer<S> for Objects {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            self.0.send(object(event).unwrap()).unwrap();
        }
    }

    #[test]
    fn an_event_is_an_object_with_time_level_fields_and_target() {
        let (sender, objects) = channel();
        let subscriber = tracing_subscriber::registry().with(Objects(sender));
        tracing::subscriber::with_default(subscriber, || {
            let (quoted, absent) = ("a\"b\n", None::<&str>);
            tracing::warn!(r#type = quoted, count = 7_u64, %quoted, error = ?quoted, absent, "said");
        });
        let bytes = objects.recv().unwrap();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        let mut object: Value = serde_json::from_slice(&bytes).unwrap();
        let time = object["timestamp"].take();
        assert!(
            time.as_str().is_some_and(|time| time.len() == 27 && time.ends_with('Z')),
            "{time}"
        );
        let expected = json!({
            "timestamp": null, "level": "WARN", "message": "said", "type": "a\"b\n", "count": 7,
            "quoted": "a\"b\n", "error": r#""a\"b\n""#, "target": "boot::line::tests",
        });
        assert_eq!(object, expected);
    }

    fn line(object: &str) -> Value {
        let mut written = Vec::new();
        write(&mut written, object.as_bytes()).unwrap();
        serde_json::from_slice(&written).unwrap()
    }

    /// One test, since the fields are those of the whole process.
    #[test]
    fn a_line_begins_with_the_program_and_the_invocation() {
        begin_program();
        let expected = json!({ "service": "certhooks", "version": version(), "message": "a" });
        assert_eq!(line(r#"{"message":"a"}"#), expected);

        for (xray_trace_id, id) in
            [(Some("1-5759e988-bd862e3fe1be46a994272793"), "a\"b"), (None, "c")]
        {
            begin_invocation(Invocation {
                cold_start: true,
                function_request_id: id,
                xray_trace_id,
            });
            let line = line(r#"{"message":"b"}"#);
            assert_eq!(line["function_request_id"], id);
            assert_eq!(line["cold_start"], true);
            assert_eq!(line.get("xray_trace_id").and_then(Value::as_str), xray_trace_id);
            assert_eq!(line["message"], "b");
        }
    }
}
