use clap::Args;

/// The installation that a command works on: a stack where one is named, else the state folder.
#[derive(Args, Debug)]
pub(crate) struct InstallationArgs {
    /// CloudFormation stack to work on, instead of a state folder (needs the feature `aws`)
    #[arg(long, value_name = "NAME", hide = cfg!(not(feature = "aws")))]
    pub(crate) stack: Option<String>,
}
