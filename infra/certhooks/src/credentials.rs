use std::fs::File;
use std::io::Read;
use std::path::Path;

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use reqwest::Url;
use secrecy::SecretString;

use crate::client::is_loopback;
use crate::fault::{Fault, Outcome};
use crate::line::clean;

/// No key has so many bytes.
const SECRET_LIMIT: u64 = 64 * 1024;

/// Where an API key may come from, in the order in which it is looked for.
pub(crate) struct KeySource<'a> {
    pub(crate) provider: Provider,
    /// What the provider calls it.
    pub(crate) called: &'a str,
    pub(crate) option: &'a str,
    pub(crate) file: Option<&'a Path>,
    pub(crate) variable: &'a str,
    pub(crate) state: &'a Path,
    /// Its member of `secrets.json`.
    pub(crate) member: &'a str,
}

impl KeySource<'_> {
    /// # Errors
    /// It is nowhere, or where it was named it cannot be read.
    pub(crate) async fn read(
        &self,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> Outcome<SecretString> {
        if let Some(path) = self.file {
            return secret(self.option, path);
        }
        if let Some(key) = environment.optional(self.variable) {
            return Ok(key.into());
        }
        let file = self.state.join("secrets.json");
        let stored =
            if file.exists() { secrets.api(self.provider).current().await?.current } else { None };
        stored.ok_or_else(|| {
            Fault::usage(format!(
                "no {}: set {}, name a file with {} (- for standard input), or put `{}` into {}",
                self.called,
                self.variable,
                self.option,
                self.member,
                file.display()
            ))
        })
    }
}

/// The base of a provider's API: `--base`, else its variable, else the provider's own.
///
/// # Errors
/// Names the option or variable, and what is wrong.
pub(crate) fn base(
    option: Option<&str>,
    variable: &'static str,
    own: &str,
    environment: &Environment,
) -> Outcome<Url> {
    let (name, base) = match (option, environment.optional(variable)) {
        (Some(base), _) => ("--base", base),
        (None, Some(base)) => (variable, base),
        (None, None) => (variable, own),
    };
    Ok(processing::api_base(name, base)?)
}

/// A secret from a file, or from standard input for `-`. No text quotes it.
pub(crate) fn secret(option: &str, path: &Path) -> Outcome<SecretString> {
    let unreadable =
        |error: std::io::Error| Fault::usage(format!("{option} {}: {error}", path.display()));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    }
    match text.trim() {
        "" => Err(Fault::usage(format!("{option} {}: is empty", path.display()))),
        secret => Ok(secret.into()),
    }
}

/// An address that a provider is to send to: https, or http on a loopback address, where only a
/// simulated one sends.
///
/// # Errors
/// Names the option and what is wrong; the address itself only where it cannot hold a password.
pub(crate) fn address(option: &str, text: &str) -> Outcome<Url> {
    let url = Url::parse(text).map_err(|_| {
        Fault::usage(format!(
            "{option}: is no address; it must look like https://hooks.example.com"
        ))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Fault::usage(format!("{option}: must not hold a user name or password")));
    }
    let fault = |problem: &str| Fault::usage(format!("{option} {}: {problem}", clean(text)));
    if url.fragment().is_some() {
        return Err(fault("must not have a fragment (#)"));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(fault("must begin with https:// (http:// is for a loopback address only)")),
    }
}
