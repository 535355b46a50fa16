//! Door, queue, worker and simulator in one process.
//!
//! - [`doors`]: the three intakes behind one router
//! - [`server`]: HTTP front end: route, body limit, source address
//! - [`canary`]: a synthetic event each day
//! - [`worker`]: takes messages off the embedded queue and hands them to processing
//! - [`reconcile`]: looks from time to time for what CertCentral failed to send
//! - [`passages`]: a line for each event as it passes
//! - [`samples`]: sends the sample events once, and shows how to send more

mod canary;
mod doors;
mod passages;
mod providers;
mod reconcile;
mod samples;
mod server;
mod worker;

pub(crate) use providers::Providers;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use boot::{Environment, Format};
use embedded::{Options, State};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::Local;
use crate::keys;
use crate::local::doors::Doors;
use crate::local::reconcile::Reconciling;
use crate::local::samples::Samples;
use crate::local::server::Front;
use crate::local::worker::Queue;

/// Requests under way may take so long to end after a signal.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(arguments: Local) -> anyhow::Result<()> {
    // With samples the lines of the passages are the output; the log says only what is wrong.
    let format = if arguments.json { Format::Json } else { Format::detect() };
    boot::log(format, if arguments.samples.is_some() { "warn" } else { "info" });
    boot::report_panics();
    let environment = Environment::of_process();
    let state = State::open(&arguments.state, Options::default())?;
    let secrets = state.secrets(keys::variable(&environment));
    let providers = Providers::start(&environment, &secrets).await?;
    let (passages, deliveries) = passages::watch(arguments.samples.is_some(), state.deliveries());
    let doors = Doors::open(&environment, &state, &secrets).await?;
    let worker = worker::of(&state, deliveries, &providers)?;
    let reconciling = Reconciling::of(&environment, &state, &providers, arguments.reconcile_every)?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("--listen {}: cannot be bound", arguments.listen))?;
    let address = listener.local_addr()?;

    let (stop, stopped) = watch::channel(false);
    let doors = Arc::new(doors);
    let front = Front::new(Arc::clone(&doors), arguments.trusted_proxy, passages.clone());
    let queue = Queue { events: state.events(), passages: passages.clone() };
    tokio::spawn(canary::run(doors, stopped.clone()));
    let tasks = Tasks {
        working: tokio::spawn(worker::run(worker, queue, stopped.clone())),
        reconciling: tokio::spawn(reconciling.run(stopped.clone())),
        serving: tokio::spawn(server::serve(listener, front, stopped)),
        stop,
    };
    let folder = arguments.state.display();
    let simulated = providers.simulated().join(",");
    tracing::info!(%address, state = %folder, simulated, "listening");

    let samples = arguments.samples.as_deref().map(|folder| {
        let samples = Samples { folder, address, state: &arguments.state, providers: &providers };
        samples.run(&secrets, &passages)
    });
    let outcome = until_stopped(samples).await;
    tasks.end().await?;
    outcome
}

/// What runs until it is told to stop.
struct Tasks {
    serving: JoinHandle<std::io::Result<()>>,
    working: JoinHandle<()>,
    reconciling: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Tasks {
    /// First the doors, so that nothing new comes in, then what is under way.
    async fn end(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        match tokio::time::timeout(PATIENCE, self.serving).await {
            Ok(served) => served??,
            Err(_) => tracing::warn!("a sender did not finish its request; stopping all the same"),
        }
        self.working.await?;
        self.reconciling.await?;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Sends the samples, if there are any, and then waits for the signal to stop.
async fn until_stopped(
    samples: Option<impl Future<Output = anyhow::Result<()>>>,
) -> anyhow::Result<()> {
    let stopping = stop_signal();
    tokio::pin!(stopping);
    if let Some(samples) = samples {
        tokio::select! {
            sent = samples => sent?,
            signalled = &mut stopping => return signalled.map_err(Into::into),
        }
    }
    stopping.await.map_err(Into::into)
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
