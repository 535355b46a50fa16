use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::options::AtProvider;

/// Which account, with which key.
#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct Access {
    /// File with the API key, - for standard input; else DIGICERT_API_KEY, else the state folder
    #[arg(long, value_name = "FILE", group = "api_key")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Secret with the API key: name or ARN at Secrets Manager
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "api_key")]
    pub(crate) api_key_secret: Option<String>,
    /// The account is in CertCentral Europe
    #[arg(long, conflicts_with = "base")]
    pub(crate) eu: bool,
    /// Base of the Services API; else DIGICERT_API_BASE, else CertCentral in the US
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    #[command(flatten)]
    pub(crate) common: AtProvider,
}

impl Access {
    /// Whether an option says where the API key is.
    pub(crate) fn names_key(&self) -> bool {
        #[cfg(feature = "aws")]
        if self.api_key_secret.is_some() {
            return true;
        }
        self.api_key_file.is_some()
    }
}

/// One webhook.
#[derive(Args, Debug)]
pub(crate) struct One {
    /// The account's webhook when unset: there is one or none
    #[arg(long, value_name = "ID")]
    pub(crate) webhook_id: Option<u64>,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Where a webhook's secret comes from.
#[derive(Args, Debug)]
pub(crate) struct NewSecret {
    /// File with the webhook's secret, - for standard input
    #[arg(long, value_name = "FILE", group = "new_secret")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Take the webhook's secret from the state folder, or from DIGICERT_WEBHOOK_KEY
    #[arg(long, group = "new_secret")]
    pub(crate) secret_from_state: bool,
    /// Take the webhook's secret from Secrets Manager: name or ARN
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ID", group = "new_secret")]
    pub(crate) secret_id: Option<String>,
}

/// What the webhook shall send.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "What it sends")]
pub(crate) struct Wishes {
    /// Event to subscribe to; may be repeated, or a list with commas
    #[arg(long, alias = "events", value_name = "NAME", value_delimiter = ',')]
    pub(crate) event: Option<Vec<String>>,
    /// Send event names too that are not known here
    #[arg(long)]
    pub(crate) allow_unknown_event: bool,
    /// certificate_issued also for certificates that are issued instantly
    #[arg(long, alias = "instant-issue-webhook-notification", value_name = "on|off")]
    pub(crate) instant_issue: Option<Switch>,
    /// Days before an expiry on which notices are sent: any of 90,60,30,7,0,-7
    #[arg(
        long,
        alias = "webhook-notification-frequency",
        value_name = "DAYS",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    pub(crate) frequency: Option<Vec<String>>,
    /// The certificate chain in certificate_issued
    #[arg(long, alias = "webhook-send-certificate-chain", value_name = "on|off")]
    pub(crate) chain: Option<Switch>,
    /// The certificate chain in certificate_issued for certificates that are issued instantly
    #[arg(long, alias = "webhook-send-instant-issued-certificate-chain", value_name = "on|off")]
    pub(crate) instant_chain: Option<Switch>,
    /// How settings are written: "1" or true; when unset the first, and the other if CertCentral does
    /// not take it
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
