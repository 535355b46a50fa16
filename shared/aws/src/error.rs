use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::PortError;

/// The maximum length of a service's own message in an error.
const MAX_LENGTH: usize = 400;

/// Builds the error `VARIABLE: Operation: reason`, where `variable` names the resource. It does not use
/// the SDK's debug output, which repeats whole answers.
pub(crate) fn port_error<E, R>(variable: &str, operation: &str, error: &SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let reason = match error.as_service_error() {
        Some(error) => {
            let code = error.code().unwrap_or("an error without a code");
            error.message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
        }
        None => chain(error),
    };
    PortError(format!("{variable}: {operation}: {}", shorten(&reason)))
}

/// The error of a message that was not sent.
pub(crate) fn send_error<E, R>(variable: &str, operation: &str, error: &SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let PortError(text) = port_error(variable, operation, error);
    match error.code() {
        Some(code) if code.contains("AccessDenied") || code.contains("AuthorizationError") => {
            PortError(format!(
                "{text}; a queue or topic of a stack takes messages from its functions and from who is in its \
                 parameter OperatorRoleArns"
            ))
        }
        _ => PortError(text),
    }
}

/// The messages of an error and its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_LENGTH).map(|char| if char.is_control() { ' ' } else { char }).collect()
}
