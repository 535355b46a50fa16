use std::io::{self, IsTerminal};
use std::panic;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::line::{self, JsonLines};
use crate::{Environment, SettingError};

const VARIABLE: &str = "RUST_LOG";

/// The format of log lines on standard error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Json,
    /// For a person at a terminal.
    Readable,
}

impl Format {
    /// Readable on a terminal, JSON elsewhere.
    pub fn detect() -> Self {
        if io::stderr().is_terminal() { Self::Readable } else { Self::Json }
    }
}

/// Libraries that log addresses, headers or whole events at `debug` and `trace`.
const QUIET: [&str; 13] = [
    "aws_config",
    "aws_runtime",
    "aws_sdk_",
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

/// Starts logging to standard error at `level` (`info`, `warn`, …), unless `RUST_LOG` overrides it.
/// Later calls have no effect.
///
/// The libraries in [`QUIET`] stay at `warn` at every level, so that no token in a query string and no
/// body reaches a log.
///
/// # Errors
/// When `RUST_LOG` is invalid. Logging has started at `level` then, so that the error can be logged.
pub fn log(environment: &Environment, format: Format, level: &str) -> Result<(), SettingError> {
    let chosen = environment.optional(VARIABLE).map(parse).transpose();
    let level = level.parse().unwrap_or(LevelFilter::INFO);
    let targets = chosen.as_ref().ok().cloned().flatten().unwrap_or_default();
    let lines = match format {
        Format::Json => {
            line::begin_program();
            JsonLines.boxed()
        }
        Format::Readable => {
            fmt::layer().with_writer(io::stderr).compact().with_target(false).boxed()
        }
    };
    // An earlier subscriber, such as a test's, stays in place.
    let _already_set =
        tracing_subscriber::registry().with(lines.with_filter(filter(&targets, level))).try_init();
    chosen.map(drop)
}

/// Parses a level, or `target=level` directives. A directive without `=` that is no level would be
/// taken for a target, and so a misspelt level would silence everything.
fn parse(text: &str) -> Result<Targets, SettingError> {
    let is_directive = |directive: &str| {
        directive.contains('=') || directive.trim().parse::<LevelFilter>().is_ok()
    };
    match text.parse() {
        Ok(targets) if text.split(',').all(is_directive) => Ok(targets),
        _ => Err(SettingError::new(
            VARIABLE,
            format!("`{text}`: expected a level such as `info`, or `info,intake=debug`"),
        )),
    }
}

/// What was chosen, and `level` for all that it does not name: `worker=debug` alone silences nothing.
fn filter(chosen: &Targets, level: LevelFilter) -> Targets {
    let is_ours = |target: &str| !QUIET.iter().any(|library| target.starts_with(library));
    Targets::new()
        .with_default(chosen.default_level().unwrap_or(level))
        .with_targets(chosen.iter().filter(|(target, _)| is_ours(target)))
        .with_targets(QUIET.map(|library| (library, LevelFilter::WARN)))
        // It warns when a metric has more than the hundred values that CloudWatch accepts at once, which
        // is not worth a line.
        .with_target("metrics_cloudwatch_embedded", LevelFilter::OFF)
}

/// Logs the location of every panic, but not its message, which may quote an event.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "panic");
    }));
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::{filter, parse};

    #[test]
    fn libraries_stay_quiet_at_every_level() {
        for (chosen, ours, theirs) in [
            ("info", LevelFilter::INFO, LevelFilter::WARN),
            ("trace", LevelFilter::TRACE, LevelFilter::WARN),
            ("trace,hyper=trace,hyper::client=trace", LevelFilter::TRACE, LevelFilter::WARN),
            ("warn,intake=debug", LevelFilter::DEBUG, LevelFilter::WARN),
            ("worker=debug", LevelFilter::INFO, LevelFilter::WARN),
            ("off", LevelFilter::OFF, LevelFilter::WARN),
        ] {
            let filter = filter(&parse(chosen).unwrap(), LevelFilter::INFO);
            for (target, most) in
                [("intake", ours), ("hyper::client", theirs), ("lambda_runtime", theirs)]
            {
                for level in [
                    LevelFilter::ERROR,
                    LevelFilter::WARN,
                    LevelFilter::INFO,
                    LevelFilter::DEBUG,
                    LevelFilter::TRACE,
                ] {
                    let level = level.into_level().unwrap();
                    assert_eq!(
                        filter.would_enable(target, &level),
                        level <= most,
                        "{chosen}: {target} {level}"
                    );
                }
            }
        }
    }
    #[test]
    fn an_invalid_value_is_an_error_with_the_name_of_the_variable() {
        for chosen in ["inof", "info,intake=many", "info,intake", "info;warn"] {
            let error = parse(chosen).unwrap_err().to_string();
            assert!(error.starts_with("RUST_LOG: ") && error.contains(chosen), "{error}");
        }
    }
}
