use clap::Args;

use crate::args::{CommonArgs, ProviderName, StackArgs};
use crate::cli::with_variables;

/// Checks the installation and the providers' configuration, and names the fix of each error
///
/// Checks the state folder and its queue, each provider's webhook, and the path between them: DNS, TLS
/// certificate, secret, a test message from this command and one from the provider, and the last
/// deliveries. Prints a line for each check, with the level ok, warning or error. Nothing is changed;
/// the test messages hold no event and reach no consumer.
///
/// API keys and webhook secrets come from the variables below, or from secrets.json in the state folder;
/// API base addresses and SOURCE_IP_ALLOWLIST as for
/// `certhooks local`. With --stack, webhook secrets, addresses and queues are those of the stack.
#[derive(Args, Debug)]
#[command(after_help = with_variables("Examples:\n  \
    certhooks doctor\n  \
    certhooks doctor --endpoint https://hooks.example.com\n  \
    certhooks doctor --stack certhooks\n  \
    certhooks doctor --json | jq 'select(.level != \"ok\")'\n\n\
    Exit status: 0 no error, perhaps warnings; 1 at least one error; 2 wrong usage."))]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    /// Public address of the webhook endpoints; by default the address that each provider sends to
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Provider to check; may be repeated; all by default
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
