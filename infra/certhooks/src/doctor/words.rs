use std::path::PathBuf;

use clap::Args;

use crate::installation::InstallationArgs;
use crate::options::ProviderName;

/// Compares what is configured here and at the providers, and says what is wrong and what mends it
///
/// The state folder and its queue, each provider's webhook, and the way between them: name, TLS
/// certificate, secret, a test message from here and one from CertCentral, the last deliveries. A line
/// each: ok, warning or wrong. It changes nothing; the test messages hold no event and reach no
/// consumer.
///
/// API keys come from DIGICERT_API_KEY, CLOUDFLARE_API_TOKEN and META_ACCESS_TOKEN, webhook secrets
/// from DIGICERT_WEBHOOK_KEY, CLOUDFLARE_WEBHOOK_AUTH, META_APP_SECRET and META_VERIFY_TOKEN, or all of
/// them from secrets.json in the state folder; bases and SOURCE_IP_ALLOWLIST as for `certhooks local`.
/// With --stack, webhook secrets, addresses and queues are those of the stack; how long messages wait
/// is asked of CloudWatch (cloudwatch:GetMetricStatistics).
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks doctor\n  \
    certhooks doctor --endpoint https://hooks.example.com --provider digicert\n  \
    certhooks doctor --stack certhooks\n  \
    certhooks doctor --json | jq 'select(.level != \"ok\")'\n\n\
    Exit status: 0 nothing is wrong (warnings may be); 1 something is wrong; 2 wrong usage.")]
pub(crate) struct Doctor {
    /// State folder of `certhooks local`, with its secrets and its queue
    #[arg(long, value_name = "DIR", conflicts_with = "stack")]
    pub(crate) state: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) installation: InstallationArgs,
    /// Where the doors are, as the providers see them; else where the providers send to
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Only this provider; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// The CertCentral account is in Europe
    #[arg(long)]
    pub(crate) eu: bool,
    /// Cloudflare account id; else CLOUDFLARE_ACCOUNT_ID
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Meta app id; else META_APP_ID
    #[arg(long, value_name = "ID")]
    pub(crate) app: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}
