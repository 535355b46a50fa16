//! The page: what is on its way, one event, and all certificates, for people to look at.
//!
//! - [`args`]: the options of `certhooks page`
//! - [`guard`]: who may read and who may act; the headers of every answer
//! - [`layout`]: what all views share: the frame, texts from outside, times
//! - [`now`], [`arrival`]: events as they arrive, what waits and why; one of them, with its stages
//! - [`tally`], [`refused`]: what came of the events; requests that were refused
//! - [`event`], [`chain`]: one event; its certificates as people read them
//! - [`fleet`], [`calendar`]: all certificates of the [inventory](crate::inventory); when they end and are renewed
//! - [`dead_letters`]: the messages that were received too often
//! - [`action`]: what can be done here, each after a confirmation
//! - [`samples`]: sample events for a simulated installation
//! - [`cached`]: values that are made once for all who look

mod action;
pub(crate) mod args;
mod arrival;
mod cached;
mod calendar;
mod chain;
mod dead_letters;
mod event;
mod fleet;
mod guard;
mod layout;
mod now;
mod refused;
mod samples;
mod tally;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use boot::{Environment, Format};
use ports::PortResult;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::local::Refusals;
use crate::output::Output;
use crate::page::cached::Cached;
use crate::page::fleet::Fleet;
pub(crate) use crate::page::samples::Samples;
use crate::page::tally::Tally;
use crate::stop_signal::StopSignal;
use crate::{credentials, send};

/// What the page shows, and what it may do.
pub(crate) struct Page {
    installation: Box<dyn Installation>,
    environment: Environment,
    /// The state folder, for a replay with the API keys in it.
    state: PathBuf,
    /// What a browser must show to act; `None` where nobody may.
    token: Option<SecretString>,
    pub(crate) samples: Option<Samples>,
    /// What this very process refused; `None` where another one serves the webhook endpoints.
    pub(crate) refusals: Option<Arc<Refusals>>,
    tally: Mutex<Tally>,
    now: Cached<String>,
    fleet: Cached<Fleet>,
}

pub(crate) async fn run(arguments: args::Page) -> CommandResult<()> {
    let args::Page { listen, read_only, samples, stack, common } = arguments;
    let environment = Environment::of_process();
    // What is done on the page is logged.
    boot::log(&environment, Format::detect(), "info")?;
    let installation = installation::open(&stack, &common.state, &environment).await?;
    let samples = match &samples {
        Some(folder) => Some(samples_of(folder, &common.state, &environment)?),
        None => None,
    };
    let page = Page::new(installation, environment, common.state, read_only)?;
    let page = Page { samples, ..page };
    // It says at once what is wrong with the installation.
    page.installation.queue_counts().await?;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        CommandError::usage(format!(
            "--listen {listen}: {error}; choose another address (port 0 picks one)"
        ))
    })?;
    let mut stop_signal = StopSignal::listen()?;
    let link = page.link(&format!("http://{}", listener.local_addr()?));
    Output { json: common.json }.say(&format!("Open {link}"), &json!({ "page": link }));
    let server = axum::serve(listener, router(Arc::new(page))).into_future();
    // Open streams do not hold up the end.
    tokio::select! {
        served = server => Ok(served?),
        () = stop_signal.received() => Ok(()),
    }
}

/// # Errors
/// The state folder is not simulated, or the samples cannot be read.
fn samples_of(folder: &Path, state: &Path, environment: &Environment) -> CommandResult<Samples> {
    if !embedded::is_simulated(state) {
        return Err(CommandError::usage(format!(
            "--samples: {} is no simulated state folder, and no invented event may get into a real one",
            state.display()
        )));
    }
    let secrets = credentials::local_secrets(state, environment);
    Ok(Samples::of(folder, secrets, send::running_on(state)?)?)
}

impl Page {
    /// # Errors
    /// The system provides no random bytes.
    pub(crate) fn new(
        installation: Box<dyn Installation>,
        environment: Environment,
        state: PathBuf,
        read_only: bool,
    ) -> PortResult<Self> {
        let token = if read_only { None } else { Some(embedded::random_secret()?) };
        Ok(Self {
            installation,
            environment,
            state,
            token,
            samples: None,
            refusals: None,
            tally: Mutex::default(),
            now: Cached::default(),
            fleet: Cached::default(),
        })
    }

    /// The address with which the operator opens the page. The token stands behind `#`, which browsers keep
    /// to themselves: it is in no request, no log and no `Referer`.
    pub(crate) fn link(&self, base: &str) -> String {
        match &self.token {
            Some(token) => format!("{base}/#token={}", token.expose_secret()),
            None => format!("{base}/"),
        }
    }
}

/// The routes of the page, which guard themselves wherever they are served.
pub(crate) fn router(page: Arc<Page>) -> Router {
    let asset = |kind: &'static str, text: &'static str| {
        get(async move || ([(CONTENT_TYPE, kind)], text).into_response())
    };
    Router::new()
        .route("/", get(now::show))
        .route("/live", get(now::stream))
        .route("/event", get(event::show))
        .route("/certificates", get(fleet::show))
        .route("/dead-letters", get(dead_letters::show))
        .route("/ask", get(action::ask))
        .route("/do", post(action::run))
        .route("/page.css", asset("text/css; charset=utf-8", include_str!("page.css")))
        .route("/icon.svg", asset("image/svg+xml", include_str!("icon.svg")))
        .route("/page.js", asset("text/javascript; charset=utf-8", include_str!("page.js")))
        .layer(axum::middleware::from_fn(guard::guard))
        .with_state(page)
}
