use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use envelope::Provider;
use providers::profile;

/// The help text after the options of a command that calls a provider: examples and exit status.
macro_rules! help {
    ($command:literal, $($example:literal),+) => {
        concat!(
            "Examples:\n", $("  certhooks ", $command, " ", $example, "\n",)+
            "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
            "3 not found."
        )
    };
}
pub(crate) use help;

/// Arguments of every command that calls a provider.
#[derive(Args, Debug)]
pub(crate) struct ProviderArgs {
    /// State folder; its secrets.json holds webhook secrets and may hold API keys
    #[arg(long, default_value = ".certhooks", value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Print one JSON object a line, errors included
    #[arg(long)]
    pub(crate) json: bool,
}

/// A provider, by the name of its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ProviderName(pub(crate) Provider);

impl ValueEnum for ProviderName {
    fn value_variants<'a>() -> &'a [Self] {
        static NAMES: LazyLock<Vec<ProviderName>> =
            LazyLock::new(|| profile::ALL.iter().map(|row| ProviderName(row.provider)).collect());
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(profile::of(self.0).name))
    }
}

/// Selects events by provider and type; without either, all events.
#[derive(Args, Debug)]
pub(crate) struct EventFilter {
    /// Provider of the events; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// Type of the events: certificate_issued, certificate.issued or a full type; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub(crate) event: Vec<String>,
}

impl EventFilter {
    pub(crate) fn is_empty(&self) -> bool {
        self.provider.is_empty() && self.event.is_empty()
    }

    pub(crate) fn providers(&self) -> Vec<Provider> {
        self.provider.iter().map(|name| name.0).collect()
    }
}
