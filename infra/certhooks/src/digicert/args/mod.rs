//! Arguments of `certhooks digicert webhook`.
//!
//! - [`calls`]: commands of one or two calls
//! - [`plans`]: commands of several steps
//! - [`options`]: options that several of them share

/// What follows the options of every command.
macro_rules! help {
    ($($example:literal),+ $(,)?) => {
        crate::args::help!("digicert webhook", $($example),+)
    };
}

mod calls;
mod options;
mod plans;

pub(crate) use calls::{
    Activate, Challenge, Create, Deactivate, Delete, List, Logs, Show, Test, Update, Verify,
};
use clap::Subcommand;
pub(crate) use options::{Access, NewSecret, SettingsAs, Switch, WebhookArgs, WebhookSpecArgs};
pub(crate) use plans::{Rotate, Subscribe};

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
            | Self::Show(Show { webhook: WebhookArgs { access, .. } })
            | Self::Update(Update { webhook: WebhookArgs { access, .. }, .. })
            | Self::Test(Test { webhook: WebhookArgs { access, .. }, .. })
            | Self::Challenge(Challenge { webhook: WebhookArgs { access, .. }, .. })
            | Self::Verify(Verify { webhook: WebhookArgs { access, .. }, .. })
            | Self::Activate(Activate { webhook: WebhookArgs { access, .. } })
            | Self::Deactivate(Deactivate { webhook: WebhookArgs { access, .. } })
            | Self::Delete(Delete { webhook: WebhookArgs { access, .. } })
            | Self::Logs(Logs { webhook: WebhookArgs { access, .. }, .. })
            | Self::Rotate(Rotate { webhook: WebhookArgs { access, .. }, .. }) => access,
        }
    }
}
