use std::cell::Cell;
use std::fmt::Debug;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use boot::{Environment, Format, Invocation, Metrics, SERVICE, begin_invocation};
use bytes::Bytes;
use lambda_runtime::tower::util::{MapFutureLayer, MapRequestLayer};
use lambda_runtime::{Context, Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use metrics::counter;
use serde::Serialize;

/// Variables that Lambda sets. The runtime panics when one is missing.
const SET_BY_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_RUNTIME_API",
];

/// An invocation with its event as it came.
pub type Event = LambdaEvent<Bytes>;

/// An error that ends the function. It is logged, and Lambda starts a new instance.
pub type StartError = lambda_runtime::Error;

/// Runs a function: starts logging in JSON at Lambda's level, then calls `function`.
pub async fn main<F: Future<Output = Result<(), StartError>>>(
    function: impl FnOnce(Environment) -> F,
) -> ExitCode {
    let environment = Environment::of_process();
    let level = environment.optional("AWS_LAMBDA_LOG_LEVEL").unwrap_or("info").to_lowercase();
    // Lambda has the additional level `fatal`.
    let level = if level == "fatal" { "error" } else { &level };
    let logging = boot::log(&environment, Format::Json, level);
    boot::report_panics();
    let ended = match logging {
        Ok(()) => function(environment).await,
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "function failed");
            ExitCode::FAILURE
        }
    }
}

/// Answers invocations one after the other. An error of `handle` fails only its invocation.
///
/// # Errors
/// When the Runtime API cannot be reached, or a variable that Lambda sets is missing.
pub async fn answer<R, X, F>(
    environment: &Environment,
    handle: impl Fn(Event) -> F,
) -> Result<(), StartError>
where
    R: Serialize,
    X: Into<Diagnostic> + Debug,
    F: Future<Output = Result<R, X>>,
{
    for name in SET_BY_LAMBDA {
        environment.required(name)?;
    }
    let metrics = Metrics::start(environment)?;
    let name = environment.required("AWS_LAMBDA_FUNCTION_NAME")?.to_owned();
    counter!("ColdStart", "service" => SERVICE, "function_name" => name).increment(1);
    let mut is_cold_start = true;
    let unread = Cell::new(Bytes::new());
    let service = service_fn(|LambdaEvent { context, .. }: LambdaEvent<()>| {
        begin_invocation(invocation(&context, std::mem::take(&mut is_cold_start)));
        Box::pin(handle(LambdaEvent::new(unread.take(), context)))
    });
    // The runtime would scan and copy an event before the function reads it, so it gets `null` to read.
    let event_apart = MapRequestLayer::new(|mut invocation: LambdaInvocation| {
        unread.set(std::mem::replace(&mut invocation.body, Bytes::from_static(b"null")));
        invocation
    });
    // The metrics are written when Lambda has the answer, so that the sender does not wait for them. The
    // invocation ends only when the next one is asked for.
    let metrics_last = MapFutureLayer::new(move |answering| async move {
        let answered = answering.await;
        metrics.flush();
        answered
    });
    Runtime::new(service).layer(event_apart).layer(metrics_last).run().await
}

/// Returns when the work of an invocation must end, so that `reserve` of its time is left to finish in
/// order. It is now when less than that is left; `None` only when the clock cannot represent it.
pub fn deadline(context: &Context, reserve: Duration) -> Option<Instant> {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now().checked_add(left.saturating_sub(reserve))
}

fn invocation(context: &Context, cold_start: bool) -> Invocation<'_> {
    let xray_trace_id = context.xray_trace_id.as_deref().and_then(xray_root);
    Invocation { cold_start, function_request_id: &context.request_id, xray_trace_id }
}

/// The trace id of X-Ray, as API Gateway's access log has it: `1-5759e988-bd862e3fe1be46a994272793` of
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`.
fn xray_root(header: &str) -> Option<&str> {
    header.split(';').find_map(|member| member.trim().strip_prefix("Root="))
}
