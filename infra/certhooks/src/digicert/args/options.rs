use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::ProviderArgs;

/// The account and its API key.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// File with the API key, - for standard input; else DIGICERT_API_KEY, else the state folder's
    #[arg(long, value_name = "FILE", group = "api_key")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Name or ARN of the secret with the API key in Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "api_key")]
    pub(crate) api_key_secret: Option<String>,
    /// Use CertCentral Europe
    #[arg(long, conflicts_with = "base")]
    pub(crate) eu: bool,
    /// Base URL of the Services API; else DIGICERT_API_BASE, else that of CertCentral in the US
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: ProviderArgs,
}

impl Access {
    /// Whether an option names the source of the API key.
    pub(crate) fn names_key(&self) -> bool {
        #[cfg(feature = "aws")]
        if self.api_key_secret.is_some() {
            return true;
        }
        self.api_key_file.is_some()
    }
}

/// The webhook to work on.
#[derive(Args, Debug)]
pub(crate) struct WebhookArgs {
    /// Id of the webhook; the account's only one when unset
    #[arg(long, value_name = "ID")]
    pub(crate) webhook_id: Option<u64>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// The source of a webhook's secret.
#[derive(Args, Debug)]
pub(crate) struct NewSecret {
    /// File with the webhook's secret, - for standard input
    #[arg(long, value_name = "FILE", group = "new_secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Use the webhook secret of DIGICERT_WEBHOOK_KEY, else of the state folder
    #[arg(long, group = "new_secret")]
    pub(crate) secret_from_state: bool,
    /// Name or ARN of the webhook's secret in Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "new_secret")]
    pub(crate) secret_id: Option<String>,
}

/// What the webhook is to send.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Events and settings")]
pub(crate) struct WebhookSpecArgs {
    /// Event to subscribe to; may be repeated, or a list separated by commas
    #[arg(long, alias = "events", value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Option<Vec<String>>,
    /// Accept event names that Certhooks does not know
    #[arg(long)]
    pub(crate) allow_unknown_event: bool,
    /// Send certificate_issued also for certificates that are issued instantly
    #[arg(long, alias = "instant-issue-webhook-notification", value_name = "on|off")]
    pub(crate) instant_issue: Option<Switch>,
    /// Days before expiry on which to send notices: any of 90,60,30,7,0,-7
    #[arg(
        long,
        alias = "webhook-notification-frequency",
        value_name = "DAYS",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) frequency: Option<Vec<String>>,
    /// Include the certificate chain in certificate_issued
    #[arg(long, alias = "webhook-send-certificate-chain", value_name = "on|off")]
    pub(crate) chain: Option<Switch>,
    /// Include the certificate chain in certificate_issued for certificates that are issued instantly
    #[arg(long, alias = "webhook-send-instant-issued-certificate-chain", value_name = "on|off")]
    pub(crate) instant_chain: Option<Switch>,
    /// Spelling of the settings: string ("1") or boolean (true); when unset string, and boolean if
    /// CertCentral refuses it
    #[arg(long, value_name = "string|boolean")]
    pub(crate) settings_as: Option<SettingsAs>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Switch {
    #[value(aliases = ["true", "1", "yes"])]
    On,
    #[value(aliases = ["false", "0", "no"])]
    Off,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SettingsAs {
    String,
    Boolean,
}
