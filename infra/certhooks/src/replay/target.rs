use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use embedded::{Options, State};
use ports::{Deliveries, Delivery, PortError, PortResult};

use crate::display::{for_terminal, one_line};
use crate::error::{CommandError, CommandResult};
use crate::installation::{AnyDeliveries, Installation};

/// Where the certificate events are delivered.
#[derive(Clone)]
pub(crate) struct Target(Arc<dyn AnyDeliveries>);

/// A file or standard output, with one event per line.
struct Lines {
    name: String,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Target {
    /// # Errors
    /// `to` names nothing that events can be delivered to.
    pub(crate) fn open(to: Option<&str>, installation: &dyn Installation) -> CommandResult<Self> {
        Ok(Self(match to {
            None => installation.deliveries(None)?,
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
                installation.deliveries(Some(url))?
            }
            Some("-") => lines("standard output", std::io::stdout()),
            Some(to) if to.ends_with('/') || Path::new(to).is_dir() => {
                Arc::new(State::join(Path::new(to), Options::default())?.deliveries())
            }
            Some(to) => {
                let file = OpenOptions::new().append(true).create(true).mode(0o600).open(to);
                let file =
                    file.map_err(|error| CommandError::usage(format!("--to {to}: {error}")))?;
                lines(to, file)
            }
        }))
    }
}

fn lines(name: &str, out: impl Write + Send + 'static) -> Arc<dyn AnyDeliveries> {
    Arc::new(Lines { name: name.to_owned(), out: Mutex::new(Box::new(out)) })
}

impl Deliveries for Target {
    fn body_limit(&self) -> Option<usize> {
        self.0.body_limit()
    }

    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        self.0.publish(delivery).await
    }
}

impl Deliveries for Lines {
    async fn publish(&self, delivery: Delivery) -> PortResult<()> {
        let line = format!("{}\n", for_terminal(&one_line(&delivery.body)));
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| PortError(format!("{}: {error}", self.name)))
    }
}
