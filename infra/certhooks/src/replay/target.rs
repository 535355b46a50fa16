use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use embedded::{LocalDeliveries, Options, State};
use ports::{Deliveries, Delivery, PortError, PortResult};

use crate::display::one_line;
use crate::error::{CommandError, CommandResult};
use crate::replay::installation::Installation;
use crate::stack::StackDeliveries;

/// Where the certificate events are delivered.
#[derive(Clone)]
pub(crate) enum Target {
    State(LocalDeliveries),
    Queue(Arc<StackDeliveries>),
    /// A file or standard output, with one event per line.
    Lines {
        name: Arc<str>,
        out: Arc<Mutex<Box<dyn Write + Send>>>,
    },
}

impl Target {
    /// # Errors
    /// `to` names nothing that events can be delivered to.
    pub(crate) fn open(to: Option<&str>, installation: &Installation) -> CommandResult<Self> {
        let is_address = |to: &str| to.starts_with("https://") || to.starts_with("http://");
        match (to, installation) {
            (None, Installation::Local(state)) => Ok(Self::State(state.deliveries())),
            (None, Installation::Stack(stack)) => {
                Ok(Self::Queue(Arc::new(stack.deliveries(None)?)))
            }
            (Some(to), Installation::Stack(stack)) if is_address(to) => {
                Ok(Self::Queue(Arc::new(stack.deliveries(Some(to))?)))
            }
            (Some(to), Installation::Local(_)) if is_address(to) => {
                Err(CommandError::usage("--to: the URL of a queue requires --stack"))
            }
            (Some("-"), _) => Ok(Self::lines("standard output", std::io::stdout())),
            (Some(to), _) if to.ends_with('/') || Path::new(to).is_dir() => {
                Ok(Self::State(State::join(Path::new(to), Options::default())?.deliveries()))
            }
            (Some(to), _) => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(to);
                let file =
                    file.map_err(|error| CommandError::usage(format!("--to {to}: {error}")))?;
                Ok(Self::lines(to, file))
            }
        }
    }

    fn lines(name: &str, out: impl Write + Send + 'static) -> Self {
        Self::Lines { name: name.into(), out: Arc::new(Mutex::new(Box::new(out))) }
    }
}

impl Deliveries for Target {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        match self {
            Self::State(deliveries) => deliveries.publish(delivery).await,
            Self::Queue(queue) => queue.publish(delivery).await,
            Self::Lines { name, out } => {
                let line = format!("{}\n", one_line(&delivery.body));
                let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
                let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
                written.map_err(|error| PortError(format!("{name}: {error}")))
            }
        }
    }
}
