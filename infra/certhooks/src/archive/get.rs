use std::io::Write;

use boot::Environment;
use clap::{Args, Subcommand};

use crate::args::{CommonArgs, StackArgs};
use crate::display::for_terminal;
use crate::error::{CommandError, CommandResult};
use crate::installation;

const HELP: &str = "Examples:\n  \
    certhooks replay --order 1234567890 --dry-run --json | jq -r .key\n  \
    certhooks archive get digicert/2026/11/30/ID | jq .data\n\n\
    Exit status: 0 printed; 1 failed; 2 wrong usage; 3 there is no such object.";

/// Reads the archive, which keeps every event as it came
#[derive(Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct ArchiveArgs {
    #[command(subcommand)]
    command: ArchiveCommand,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// Prints an object of the archive, with control characters escaped as JSON escapes them
    #[command(after_help = HELP)]
    Get {
        /// Key of the object: PROVIDER/YYYY/MM/DD/ID, and perhaps ~HASH
        #[arg(value_name = "KEY")]
        key: String,
    },
}

pub(crate) async fn run(arguments: ArchiveArgs) -> CommandResult<()> {
    let ArchiveArgs { command: ArchiveCommand::Get { key }, stack, common } = arguments;
    let environment = Environment::of_process();
    let installation = installation::open(&stack, &common.state, &environment).await?;
    let object = installation.archive()?.get(&key).await?;
    let object = object.ok_or_else(|| {
        CommandError::not_found(
            "the archive has no such object; `certhooks replay --dry-run --json` lists keys",
        )
    })?;
    // JSON escapes by itself what is below U+0020, and no other character that a terminal acts upon.
    let object = String::from_utf8_lossy(&object);
    let printed = writeln!(std::io::stdout().lock(), "{}", for_terminal(&object));
    printed.map_err(|error| CommandError::failed(format!("standard output: {error}")))
}
