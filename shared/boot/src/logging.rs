use std::io::{self, IsTerminal};

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

/// Starts logging to standard error at `level` (`info`, `warn`, …), unless `RUST_LOG` says
/// otherwise. Later calls change nothing.
///
/// Libraries below us log addresses and headers at `debug`; they stay at `warn` whatever the level,
/// so that no token in a query string reaches a log (design section 6).
pub fn log(format: Format, level: &str) {
    let chosen = std::env::var("RUST_LOG").unwrap_or_else(|_| level.to_owned());
    let quiet = "hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn,aws_smithy_runtime=warn,\
                 aws_smithy_runtime_api=warn,aws_config=warn,aws_runtime=warn";
    let filter = EnvFilter::try_new(format!("{chosen},{quiet}"))
        .unwrap_or_else(|_| EnvFilter::new(format!("info,{quiet}")));
    let lines = fmt().with_env_filter(filter).with_writer(io::stderr);
    // An earlier subscriber (a test's) stays in place.
    let _already_set = match format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        Format::Readable => lines.compact().with_target(false).try_init(),
    };
}
