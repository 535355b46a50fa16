use std::process::ExitCode;
use std::sync::Arc;

use aws::{Session, SqsEvents, StoredSecret};
use boot::{Environment, SettingError};
use intake::{Intake, Secrets, Settings};
use lambda_runtime::{Diagnostic, LambdaEvent};
use ports::PortError;
use providers::receiver::WebhookReceiver;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::reply::Reply;
use crate::request::{Undecodable, decode};
use crate::start::{StartError, answer, main};

const SECRET: &str = "WEBHOOK_SECRET_ID";

/// With white space around what the schedule sends.
const LONGEST_CANARY: usize = 64;

/// The webhook function of one provider.
pub async fn serve<D: WebhookReceiver>() -> ExitCode {
    main(start::<D>).await
}

type LambdaDoor<D> = Intake<D, SqsEvents, StoredSecret>;

async fn start<D: WebhookReceiver>(environment: Environment) -> Result<(), StartError> {
    let door = Arc::new(intake::<D>(&environment).await?);
    answer(&environment, |event: LambdaEvent<Box<RawValue>>| {
        let door = Arc::clone(&door);
        async move {
            let event = event.payload.get();
            if is_canary(event) {
                return door.canary().await.map(Answer::Canary).map_err(Unanswered::Canary);
            }
            let (request, payload) = decode(event)?;
            Ok(Answer::Reply(Box::new(Reply::new(door.handle(request).await, payload))))
        }
    })
    .await
}

/// What a schedule of ours invokes the function with. Nobody sends it from outside: API Gateway and
/// function URLs wrap what comes, so it is never the whole event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scheduled {
    certhooks: String,
}

/// The length is checked first: an event of API Gateway is ten times as long and need not be parsed twice.
fn is_canary(event: &str) -> bool {
    event.len() <= LONGEST_CANARY
        && serde_json::from_str::<Scheduled>(event).is_ok_and(|event| event.certhooks == "canary")
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Reply(Box<Reply>),
    /// Its id.
    Canary(String),
}

#[derive(Debug, thiserror::Error)]
enum Unanswered {
    #[error(transparent)]
    Undecodable(#[from] Undecodable),
    #[error("the canary was not sent: {0}")]
    Canary(PortError),
}

impl From<Unanswered> for Diagnostic {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Undecodable(undecodable) => undecodable.into(),
            Unanswered::Canary(_) => {
                Self { error_type: "CanaryNotSent".into(), error_message: unanswered.to_string() }
            }
        }
    }
}

/// Settings first, so that a missing one is told at once; then the connections.
async fn intake<D: WebhookReceiver>(
    environment: &Environment,
) -> Result<LambdaDoor<D>, SettingError> {
    let settings = Settings::from_environment(environment)?;
    let queue_url = environment.required("EVENTS_QUEUE_URL")?;
    let secret_id = environment.optional(SECRET);
    if secret_id.is_none() && !settings.allow_unauthenticated {
        return Err(SettingError::new(
            SECRET,
            "is required, but not set (ALLOW_UNAUTHENTICATED=true together with SOURCE_IP_ALLOWLIST does without)",
        ));
    }
    let session = Session::start(environment)?;
    let queue = SqsEvents::new(&session, queue_url);
    let secrets =
        secret_id.map(|id| Secrets::new(StoredSecret::new(&session, SECRET, id), &settings));
    warm(&queue, secrets.as_ref()).await;
    Ok(Intake::new(queue, secrets, settings))
}

/// The first TLS handshakes cost more than all else of a first request; a start has the processor
/// for them. What fails here is tried again by the first request.
async fn warm<D: WebhookReceiver>(queue: &SqsEvents, secrets: Option<&Secrets<D, StoredSecret>>) {
    let secret = async {
        match secrets {
            Some(secrets) => secrets.warm().await,
            None => Ok(()),
        }
    };
    let (queue, secret) = tokio::join!(queue.warm(), secret);
    for trouble in [queue, secret].into_iter().filter_map(Result::err) {
        tracing::warn!(provider = %D::PROVIDER, "not ready at the start: {trouble}");
    }
}

#[cfg(test)]
mod tests {
    use super::is_canary;

    #[test]
    fn what_api_gateway_wraps_is_no_canary() {
        assert!(is_canary(r#"{"certhooks":"canary"}"#));
        for event in [
            r#"{"certhooks":"canary","body":""}"#,
            r#"{"body":"{\"certhooks\":\"canary\"}"}"#,
            r#"{"certhooks":"other"}"#,
            r#""canary""#,
            "{}",
        ] {
            assert!(!is_canary(event), "{event}");
        }
    }
}
