use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::args::{CommonArgs, StackArgs};

/// Serves a page on this machine that shows events, certificates and what waits
///
/// It reads the state folder, beside a running `certhooks local` or without one, or with --stack the queues,
/// the ledger and the archive of a stack with your own credentials. Open the link that it prints: only a
/// browser that was opened by this link may replay an event, retry or drop a dead letter, or release what
/// waits. Each asks first, and is logged.
///
/// A stack's deliveries queue belongs to its consumers and SQS shows no message that waits, so that with --stack
/// the page shows what ledger and archive have. It reads the whole ledger, at most once a minute.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks page\n  \
    certhooks page --stack certhooks --read-only\n\n\
    Exit status: 0 stopped by a signal; 1 failed; 2 wrong usage.")]
pub(crate) struct Page {
    /// Address and port to listen on; port 0 picks one
    #[arg(long, default_value = "127.0.0.1:3002", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
    /// Show only: nothing can be done on the page
    #[arg(long)]
    pub(crate) read_only: bool,
    /// Folder of sample events, which can be sent to a running `certhooks local` whose providers are simulated
    #[arg(long, value_name = "DIR", conflicts_with = "stack")]
    pub(crate) samples: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}
