use boot::Environment;
use embedded::{Options, State};

use crate::error::CommandResult;
use crate::replay::args::Replay;
use crate::stack::Stack;

/// The installation whose archive is replayed.
pub(crate) enum Installation {
    Local(State),
    Stack(Box<Stack>),
}

impl Installation {
    pub(crate) async fn open(arguments: &Replay, environment: &Environment) -> CommandResult<Self> {
        Ok(match &arguments.installation.stack {
            Some(name) => Self::Stack(Box::new(Stack::open(environment, name).await?)),
            None => Self::Local(State::join(&arguments.state, Options::default())?),
        })
    }
}
