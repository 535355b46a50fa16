//! What may be typed.
//!
//! - [`calls`]: commands of one call each, more or less
//! - [`plans`]: commands that go the whole way, step by step
//! - [`options`]: what several of them take

mod calls;
mod options;
mod plans;

pub(crate) use calls::{
    Activate, Challenge, Create, Deactivate, Delete, List, Logs, Show, Test, Update, Verify,
};
use clap::Subcommand;
pub(crate) use options::{Access, NewSecret, One, SettingsAs, Switch, Wishes};
pub(crate) use plans::{Rotate, Subscribe};

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::options::help!("digicert webhook", $($example),+)
    };
}
use help;

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    List(List),
    Show(Show),
    Create(Create),
    Update(Update),
    Test(Test),
    Challenge(Challenge),
    Verify(Verify),
    Activate(Activate),
    Deactivate(Deactivate),
    Delete(Delete),
    Logs(Logs),
    Subscribe(Subscribe),
    Rotate(Rotate),
}

impl Webhook {
    pub(crate) fn access(&self) -> &Access {
        match self {
            Self::List(List { access })
            | Self::Create(Create { access, .. })
            | Self::Subscribe(Subscribe { access, .. })
            | Self::Show(Show { of: One { access, .. } })
            | Self::Update(Update { of: One { access, .. }, .. })
            | Self::Test(Test { of: One { access, .. }, .. })
            | Self::Challenge(Challenge { of: One { access, .. }, .. })
            | Self::Verify(Verify { of: One { access, .. }, .. })
            | Self::Activate(Activate { of: One { access, .. } })
            | Self::Deactivate(Deactivate { of: One { access, .. } })
            | Self::Delete(Delete { of: One { access, .. } })
            | Self::Logs(Logs { of: One { access, .. }, .. })
            | Self::Rotate(Rotate { of: One { access, .. }, .. }) => access,
        }
    }
}
