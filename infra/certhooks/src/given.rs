use std::fs::File;
use std::io::Read;
use std::path::Path;

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use secrecy::SecretString;

use crate::fault::{Fault, Outcome};

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
