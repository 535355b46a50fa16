use std::path::PathBuf;

use clap::{Args, ValueEnum};
use envelope::Provider;

/// What follows the options of a command that asks a provider: its examples, and the exit status.
macro_rules! help {
    ($command:literal, $($example:literal),+) => {
        concat!(
            "Examples:\n", $("  certhooks ", $command, " ", $example, "\n",)+
            "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
            "3 nothing there."
        )
    };
}
pub(crate) use help;

/// What the commands that ask a provider have in common.
#[derive(Args, Debug)]
pub(crate) struct ProviderArgs {
    /// State folder; its secrets.json holds the webhook secrets, and may hold the API keys
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// One JSON object a line; errors too
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ProviderName {
    Cloudflare,
    Digicert,
    MetaCt,
}

impl ProviderName {
    pub(crate) fn provider(self) -> Provider {
        match self {
            Self::Cloudflare => Provider::Cloudflare,
            Self::Digicert => Provider::Digicert,
            Self::MetaCt => Provider::Meta,
        }
    }
}

/// Events of which provider and type; all where neither is named.
#[derive(Args, Debug)]
pub(crate) struct EventFilter {
    /// Of this provider; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// Of this type: certificate_issued, certificate.issued or a whole type; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub(crate) event: Vec<String>,
}

impl EventFilter {
    pub(crate) fn is_empty(&self) -> bool {
        self.provider.is_empty() && self.event.is_empty()
    }

    pub(crate) fn providers(&self) -> Vec<Provider> {
        self.provider.iter().map(|name| name.provider()).collect()
    }
}
