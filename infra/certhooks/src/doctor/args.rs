use clap::Args;

use crate::args::{CommonArgs, ProviderName, StackArgs};

/// Checks the installation and the providers' configuration, and names the fix of each error
///
/// Checks the state folder and its queue, each provider's webhook, and the path between them: DNS, TLS
/// certificate, secret, a test message from this command and one from CertCentral, and the last
/// deliveries. Prints a line for each check, with the level ok, warning or error. Nothing is changed;
/// the test messages hold no event and reach no consumer.
///
/// API keys come from DIGICERT_API_KEY and CLOUDFLARE_API_TOKEN, webhook secrets from
/// DIGICERT_WEBHOOK_KEY, CLOUDFLARE_WEBHOOK_AUTH, META_APP_SECRET and META_VERIFY_TOKEN, or all of
/// them from secrets.json in the state folder; API base addresses and SOURCE_IP_ALLOWLIST as for
/// `certhooks local`. With --stack, webhook secrets, addresses and queues are those of the stack.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    certhooks doctor\n  \
    certhooks doctor --endpoint https://hooks.example.com --provider digicert\n  \
    certhooks doctor --stack certhooks\n  \
    certhooks doctor --json | jq 'select(.level != \"ok\")'\n\n\
    Exit status: 0 no error, perhaps warnings; 1 at least one error; 2 wrong usage.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Public address of the webhook endpoints; by default the address that each provider sends to
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Provider to check; may be repeated; all by default
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// Use the European instance of CertCentral
    #[arg(long)]
    pub(crate) eu: bool,
    /// Cloudflare account id; CLOUDFLARE_ACCOUNT_ID by default
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
