use std::process::ExitCode;
use std::sync::Arc;

use aws::{Session, SqsEvents, StoredSecret};
use boot::{Environment, SettingError};
use intake::{Intake, Secrets, Settings, trace_context};
use lambda_runtime::Diagnostic;
use mimalloc::MiMalloc;
use ports::PortError;
use providers::receiver::WebhookReceiver;
use providers::request::WebhookRequest;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::gateway::{Reply, Undecodable, decode, reply};
use crate::start::{Event, StartError, answer, main};

const SECRET_ID: &str = "WEBHOOK_SECRET_ID";

/// The maximum length of the scheduled payload, with white space.
const MAX_SCHEDULED_LENGTH: usize = 64;

/// An eighth of the instructions of a webhook were the C library's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Runs the webhook function of one provider.
pub async fn serve<R: WebhookReceiver>() -> ExitCode {
    main(start::<R>).await
}

type LambdaIntake<R> = Intake<R, SqsEvents, StoredSecret>;

async fn start<R: WebhookReceiver>(environment: Environment) -> Result<(), StartError> {
    let intake = Arc::new(connect::<R>(&environment).await?);
    answer(&environment, |Event { payload, context }| {
        let intake = Arc::clone(&intake);
        async move {
            let event = str::from_utf8(&payload).map_err(|_| Undecodable::Shape)?;
            let now = OffsetDateTime::now_utc();
            let trace = context.xray_trace_id.as_deref().and_then(trace_context::of_xray);
            if is_scheduled(event) {
                let sent = intake.send_synthetic(now, trace).await;
                return sent.map(Answer::Synthetic).map_err(InvocationError::Synthetic);
            }
            let request = WebhookRequest { traceparent: trace, ..decode(event, now)? };
            let response = intake.handle(request).await;
            Ok(Answer::Reply(reply(response)))
        }
    })
    .await
}

/// The payload of the scheduled check. It cannot come from outside, because API Gateway and function
/// URLs wrap a body in an event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    certhooks: String,
}

/// Checks the length first: an event of API Gateway is ten times as long, and is not parsed twice.
fn is_scheduled(event: &str) -> bool {
    event.len() <= MAX_SCHEDULED_LENGTH
        && serde_json::from_str::<Scheduled>(event).is_ok_and(|event| event.certhooks == "canary")
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Reply(Reply),
    /// The id of the synthetic event.
    Synthetic(String),
}

#[derive(Debug, thiserror::Error)]
enum InvocationError {
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    #[error("the synthetic event was not sent: {0}")]
    Synthetic(PortError),
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        match error {
            InvocationError::Undecodable(undecodable) => undecodable.into(),
            InvocationError::Synthetic(_) => {
                Self { error_type: "CanaryNotSent".into(), error_message: error.to_string() }
            }
        }
    }
}

/// Reads the settings first, so that a missing one is reported at once, then opens the connections.
async fn connect<R: WebhookReceiver>(
    environment: &Environment,
) -> Result<LambdaIntake<R>, SettingError> {
    let settings = Settings::from_environment(environment)?;
    let queue_url = environment.required("EVENTS_QUEUE_URL")?;
    let secret_id = environment.optional(SECRET_ID);
    if secret_id.is_none() && !settings.allow_unauthenticated {
        return Err(SettingError::new(
            SECRET_ID,
            "is required, but not set (only ALLOW_UNAUTHENTICATED=true with SOURCE_IP_ALLOWLIST works without it)",
        ));
    }
    let session = Session::start(environment)?;
    let queue = SqsEvents::new(&session, queue_url);
    let secrets =
        secret_id.map(|id| Secrets::new(StoredSecret::new(&session, SECRET_ID, id), &settings));
    warm(&queue, secrets.as_ref()).await;
    Ok(Intake::new(queue, secrets, settings))
}

/// Makes the first TLS handshakes, which cost more than the rest of a first request, while the start
/// has a full processor. The first request retries what fails here.
async fn warm<R: WebhookReceiver>(queue: &SqsEvents, secrets: Option<&Secrets<R, StoredSecret>>) {
    let secret = async {
        match secrets {
            Some(secrets) => secrets.warm(OffsetDateTime::now_utc()).await,
            None => Ok(()),
        }
    };
    let (queue, secret) = tokio::join!(queue.warm(), secret);
    for error in [queue, secret].into_iter().filter_map(Result::err) {
        tracing::warn!(provider = %R::PROVIDER, %error, "not ready at the start");
    }
}

#[cfg(test)]
mod tests {
    use super::is_scheduled;

    #[test]
    fn only_the_whole_scheduled_payload_counts() {
        assert!(is_scheduled(r#"{"certhooks":"canary"}"#));
        for event in [
            r#"{"certhooks":"canary","body":""}"#,
            r#"{"body":"{\"certhooks\":\"canary\"}"}"#,
            r#"{"certhooks":"other"}"#,
            r#""canary""#,
            "{}",
        ] {
            assert!(!is_scheduled(event), "{event}");
        }
    }
}
