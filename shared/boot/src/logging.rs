use std::io::{self, IsTerminal};
use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// How log lines are written to standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Json,
    /// For people, on a terminal.
    Readable,
}

impl Format {
    /// Readable on a terminal, JSON elsewhere.
    pub fn detect() -> Self {
        if io::stderr().is_terminal() { Self::Readable } else { Self::Json }
    }
}

/// Libraries that log addresses, headers or whole events at `debug` and `trace`.
const QUIET: [&str; 16] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk_dynamodb",
    "aws_sdk_s3",
    "aws_sdk_secretsmanager",
    "aws_sdk_sqs",
    "aws_sigv4",
    "aws_smithy_http_client",
    "aws_smithy_runtime",
    "aws_smithy_runtime_api",
    "h2",
    "hyper",
    "hyper_util",
    "lambda_runtime",
    "reqwest",
    "rustls",
];

/// Starts logging to standard error at `level` (`info`, `warn`, …), unless `RUST_LOG` says
/// otherwise. Later calls change nothing.
///
/// The libraries in [`QUIET`] stay at `warn` whatever the level, so that no token in a query string
/// and no body reaches a log.
pub fn log(format: Format, level: &str) {
    let chosen = std::env::var("RUST_LOG").unwrap_or_else(|_| level.to_owned());
    let quiet = QUIET.map(|library| format!("{library}=warn")).join(",");
    // CloudWatch takes a hundred values of a metric at once; one left out is not worth a line.
    let quiet = format!("{quiet},metrics_cloudwatch_embedded=off");
    let filter = EnvFilter::try_new(format!("{chosen},{quiet}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("info,{quiet}")));
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    // An earlier subscriber (a test's) stays in place.
    let _already_set = match format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        Format::Readable => lines.compact().with_target(false).try_init(),
    };
}

/// A panic's message may quote what it choked on, so only its place is logged.
pub fn report_panics() {
    panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(ToString::to_string);
        tracing::error!(place, "a fault in this program");
    }));
}
