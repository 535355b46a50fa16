//! The fields that every JSON line of a program begins with, under the names that Powertools for AWS
//! Lambda gives them. By them a line of the log or of the metrics is joined with Lambda's own lines, with
//! X-Ray and with the access log of API Gateway.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Name of the program in log lines and metrics.
pub const SERVICE: &str = "certhooks";

/// Commit that a release was built from. `make release` sets it; a build at a desk does not, so that a
/// commit compiles nothing again.
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

/// Standard error, for lines that are JSON objects. The formatter writes each as a whole.
pub(crate) struct JsonLines;

impl Write for JsonLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(io::stderr(), line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Invocation, begin_invocation, begin_program, version, write};

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
