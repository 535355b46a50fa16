use std::io::Read;
use std::path::{Path, PathBuf};

use boot::Environment;
use certificate::in_advance;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use envelope::{Certificate, Names};
use processing::correlation::Announcement;
use providers::json;
use serde_json::json;

use crate::args::{CommonArgs, StackArgs, name_pattern};
use crate::error::{CommandError, CommandResult};
use crate::installation;
use crate::output::Output;

/// The largest file that is read.
const LIMIT: u64 = 1 << 20;

/// Announces a certificate, a key or an issuer, so that its certificates in the logs are expected
///
/// FILE holds a certificate request, a public key or a certificate in PEM, and never a private key. A key is expected
/// for the names of its request, or for those named with --name: `*.` before a name stands for one label, a dot for the
/// name and everything below it. --issuer expects every certificate of an issuer for the names: by its organization, its
/// common name or one of its CAA domains. May be repeated, by the hook of an ACME client for example.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks expect request.csr\n  \
    certhooks expect key.pub --name shop.example.com --name '*.shop.example.com'\n  \
    certhooks expect --issuer letsencrypt.org --name .lab.example.com --stack certhooks\n\n\
    Exit status: 0 announced; 1 failed; 2 wrong usage.")]
pub(crate) struct Expect {
    /// PEM file with a request, a public key or a certificate, - for standard input
    #[arg(value_name = "FILE", required_unless_present = "issuer", conflicts_with = "issuer")]
    pub(crate) file: Option<PathBuf>,
    /// Issuer whose certificates for the names are expected
    #[arg(long, value_name = "NAME", requires = "name", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) issuer: Option<String>,
    /// DNS name; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name_pattern)]
    pub(crate) name: Vec<String>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

pub(crate) async fn run(arguments: &Expect) -> CommandResult<()> {
    let certificate = named(arguments.file.as_deref(), &arguments.name)?;
    let issuer = arguments.issuer.clone();
    let content = json!({ "certificate": certificate, "issuer": issuer }).to_string();
    let announcement = Announcement {
        id: json::id(&["expect", &content]),
        provider: None,
        certificate,
        pem: None,
        issuer,
    };
    let (environment, state) = (Environment::of_process(), &arguments.common.state);
    let installation = installation::open(&arguments.stack, state, &environment).await?;
    let concerned = installation.expect(&announcement).await?;
    let output = Output { json: arguments.common.json };
    let text = match concerned {
        0 => "announced".to_owned(),
        _ => format!("announced; certificates in the logs to be looked at again: {concerned}"),
    };
    output.say(&text, &json!({ "id": announcement.id, "concerned": concerned }));
    Ok(())
}

/// What is known in advance of a certificate: by a file, for the names, which by default are those in the file.
///
/// # Errors
/// The file cannot be read, or nobody names the names.
pub(crate) fn named(file: Option<&Path>, names: &[String]) -> CommandResult<Certificate> {
    let known = match file {
        Some(path) => in_advance(&text(path)?)
            .map_err(|error| CommandError::usage(format!("{}: {error}", path.display())))?,
        None => Certificate::default(),
    };
    let given = (!names.is_empty()).then(|| Names { dns: names.to_vec(), ..Names::default() });
    let names = given.or(known.names.clone());
    if names.as_ref().is_none_or(|names| names.dns.is_empty() && names.ip.is_empty()) {
        return Err(CommandError::usage("no names: name those of the certificates with --name"));
    }
    Ok(Certificate { names, ..known })
}

fn text(path: &Path) -> CommandResult<String> {
    let unreadable =
        |error: std::io::Error| CommandError::usage(format!("{}: {error}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let file = std::fs::File::open(path).map_err(unreadable)?;
        file.take(LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    }
    Ok(text)
}
