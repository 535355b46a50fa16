use std::error::Error;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ports::PortError;

/// The service's own words may be long; this is enough to act on.
const LONGEST: usize = 400;

/// `VARIABLE: Operation: why`, where `variable` names the resource. The SDK's debug output is not
/// used, since it repeats whole answers.
pub(crate) fn fault<E, R>(variable: &str, operation: &str, error: &SdkError<E, R>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let why = match error.as_service_error() {
        Some(error) => {
            let code = error.code().unwrap_or("an error without a code");
            error.message().map_or_else(|| code.to_owned(), |message| format!("{code}: {message}"))
        }
        None => chain(error),
    };
    PortError(format!("{variable}: {operation}: {}", shortened(&why)))
}

/// An error and its causes, outermost first.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).map(|char| if char.is_control() { ' ' } else { char }).collect()
}
