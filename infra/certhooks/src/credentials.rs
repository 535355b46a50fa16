use std::fs::File;
use std::io::Read;
use std::path::Path;

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use reqwest::Url;
use secrecy::SecretString;

use crate::error::{CommandError, CommandResult};

/// Maximum size of a secret's file, in bytes.
const SECRET_LIMIT: u64 = 64 * 1024;

/// An API key that was already read, as a secret source.
pub(crate) struct ResolvedKey(pub(crate) SecretString);

impl SecretSource for ResolvedKey {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some(self.0.clone()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

/// The sources of an API key: the file of an option, else an environment variable, else the state
/// folder's `secrets.json`.
pub(crate) struct KeySource<'a> {
    pub(crate) provider: Provider,
    /// The provider's name for it, such as "API token".
    pub(crate) name: &'a str,
    pub(crate) option: &'a str,
    pub(crate) file: Option<&'a Path>,
    pub(crate) variable: &'a str,
    pub(crate) state: &'a Path,
    /// The member of `secrets.json` that holds it.
    pub(crate) member: &'a str,
}

impl KeySource<'_> {
    /// # Errors
    /// No source has the key, or the first one that is set cannot be read.
    pub(crate) async fn read(
        &self,
        environment: &Environment,
        secrets: &LocalSecrets,
    ) -> CommandResult<SecretString> {
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
            CommandError::usage(format!(
                "no {}: set {}, name a file with {} (- for standard input), or store `{}` in {}",
                self.name,
                self.variable,
                self.option,
                self.member,
                file.display()
            ))
        })
    }
}

/// The base URL of a provider's API: that of `--base`, else of the variable, else `default`.
///
/// # Errors
/// The URL is invalid; the error names the option or variable.
pub(crate) fn base(
    option: Option<&str>,
    variable: &'static str,
    default: &str,
    environment: &Environment,
) -> CommandResult<Url> {
    let (name, base) = match (option, environment.optional(variable)) {
        (Some(base), _) => ("--base", base),
        (None, Some(base)) => (variable, base),
        (None, None) => (variable, default),
    };
    Ok(processing::api_base(name, base)?)
}

/// A secret from a file, or from standard input where the path is `-`. No error quotes it.
///
/// # Errors
/// The file cannot be read, or is empty.
pub(crate) fn secret(option: &str, path: &Path) -> CommandResult<SecretString> {
    let unreadable = |error: std::io::Error| {
        CommandError::usage(format!("{option} {}: {error}", path.display()))
    };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        let file = File::open(path).map_err(unreadable)?;
        file.take(SECRET_LIMIT).read_to_string(&mut text).map_err(unreadable)?;
    }
    match text.trim() {
        "" => Err(CommandError::usage(format!("{option} {}: is empty", path.display()))),
        secret => Ok(secret.into()),
    }
}
