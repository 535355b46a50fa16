//! Door, queue, worker and simulator in one process.
//!
//! - [`doors`]: the three intakes behind one router
//! - [`server`]: HTTP front end: route, body limit, source address
//! - [`worker`]: takes messages off the embedded queue and hands them to fulfilment
//! - [`passages`]: a line for each event as it passes
//! - [`samples`]: sends the sample events once, and shows how to send more

mod doors;
mod passages;
mod samples;
mod server;
mod simulated;
mod worker;

use anyhow::Context;
use boot::{Environment, Format};
use embedded::{Options, State};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::Local;
use crate::keys;
use crate::local::doors::Doors;
use crate::local::samples::Samples;
use crate::local::server::Front;
use crate::local::simulated::Providers;
use crate::local::worker::Queue;

pub(crate) async fn run(arguments: Local) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    // With samples the lines of the passages are the output; the log says only what is wrong.
    boot::log(Format::detect(), if arguments.samples.is_some() { "warn" } else { "info" });

    let state = State::open(&arguments.state, Options::default())?;
    let secrets = state.secrets(keys::variable(&environment));
    let providers = Providers::start(&environment, &secrets).await?;
    let (passages, deliveries) = passages::watch(arguments.samples.is_some(), state.deliveries());
    let doors = Doors::open(&environment, &state, &secrets).await?;
    let worker = worker::of(&state, deliveries, &providers)?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("--listen {}: cannot be bound", arguments.listen))?;
    let address = listener.local_addr()?;

    let (stop, stopped) = watch::channel(false);
    let queue = Queue { events: state.events(), passages: passages.clone() };
    let working = tokio::spawn(worker::run(worker, queue, stopped.clone()));
    let front = Front::new(doors, arguments.trusted_proxy, passages.clone());
    let serving = tokio::spawn(server::serve(listener, front, stopped));
    tracing::info!(%address, state = %arguments.state.display(), simulated = providers.simulated().join(","), "listening");

    let sampled = async {
        match &arguments.samples {
            Some(folder) => {
                Samples { folder, address, state: &arguments.state, providers: &providers }
                    .run(&secrets, &passages)
                    .await
            }
            None => Ok(()),
        }
    };
    let stopping = stop_signal();
    tokio::pin!(stopping);
    let outcome = tokio::select! {
        outcome = sampled => match outcome {
            Ok(()) => stopping.await.map_err(Into::into),
            Err(error) => Err(error),
        },
        signalled = &mut stopping => signalled.map_err(Into::into),
    };
    // First the doors, so that nothing new comes in, then what is under way.
    stop.send_replace(true);
    serving.await??;
    working.await?;
    tracing::info!("stopped");
    outcome
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}
