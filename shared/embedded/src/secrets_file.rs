use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use ports::{PortError, PortResult};
use providers::secret::unique_members;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::errors::io_error;
use crate::files::{check_writers, write_atomically};
use crate::schema;
use crate::secret_members::{Member, PENDING, PREVIOUS, Purpose, ROTATED, SALT, members};
use crate::signing_secret;

pub(crate) const NAME: &str = "secrets.json";

/// The content of `secrets.json`. Nothing is read from its metadata but mode and owner: the file holds
/// many secrets, and anything may touch it.
#[derive(Default)]
pub(crate) struct SecretsFile {
    pub(crate) members: BTreeMap<String, SecretString>,
}

impl SecretsFile {
    /// # Errors
    /// The file cannot be read, other users may read it or replace it, or it is not a JSON object of known
    /// members. No error message quotes a value, which is why none comes from serde.
    pub(crate) fn read(path: &Path) -> PortResult<Self> {
        Self::read_if_exists(path).and_then(|file| {
            file.ok_or_else(|| {
                let folder = path.parent().unwrap_or(path);
                if folder.join(schema::FILE).exists() {
                    return lost(path);
                }
                let (path, folder) = (path.display(), folder.display());
                PortError(format!(
                    "{path} does not exist: `certhooks local --state {folder}` creates it"
                ))
            })
        })
    }

    pub(crate) fn read_if_exists(path: &Path) -> PortResult<Option<Self>> {
        let unreadable = |error: &io::Error| io_error("cannot read", path, error);
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|error| unreadable(&error))?,
        };
        let metadata = file.metadata().map_err(|error| unreadable(&error))?;
        check_mode(path, metadata.permissions().mode())?;
        check_writers(path.parent().unwrap_or(path))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| unreadable(&error))?;
        Ok(Some(Self { members: parse(path, &content)? }))
    }

    /// The name of a version of a secret: sixteen hex digits of its HMAC under the file's salt. `None` in a
    /// file of an older version, until `certhooks local` starts.
    pub(crate) fn version(&self, stored: Option<&SecretString>) -> Option<String> {
        let salt = self.members.get(SALT)?.expose_secret().as_bytes();
        let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
        let name = HEXLOWER.encode(hmac::sign(&key, stored?.expose_secret().as_bytes()).as_ref());
        Some(name.chars().take(16).collect())
    }

    /// When the previous value of a member was replaced; `None` where the file does not say.
    pub(crate) fn rotated(&self, member: &str) -> Option<OffsetDateTime> {
        let text = self.members.get(&format!("{member}{ROTATED}"))?.expose_secret();
        OffsetDateTime::parse(text, &Rfc3339).ok()
    }

    /// Removes the previous values whose time is over at `now`, `overlap` after they were replaced, and
    /// those without a time: nobody can tell how old they are. Returns whether there were any.
    pub(crate) fn drop_outdated(&mut self, overlap: Duration, now: OffsetDateTime) -> bool {
        let is_outdated = |member: &&Member| {
            let rotated = self.rotated(member.name);
            self.members.contains_key(&format!("{}{PREVIOUS}", member.name))
                && rotated.is_none_or(|rotated| now - rotated >= overlap)
        };
        let outdated: Vec<_> = members().filter(is_outdated).collect();
        for member in &outdated {
            self.members.remove(&format!("{}{PREVIOUS}", member.name));
            self.members.remove(&format!("{}{ROTATED}", member.name));
        }
        !outdated.is_empty()
    }
}

/// Removes outdated previous values from the file ([`SecretsFile::drop_outdated`]).
pub(crate) fn drop_outdated(path: &Path, overlap: Duration, now: OffsetDateTime) -> PortResult<()> {
    let mut file = SecretsFile::read(path)?;
    if file.drop_outdated(overlap, now) { write(path, &file.members) } else { Ok(()) }
}

/// Whether there is no file, or no webhook secret in it.
pub(crate) fn is_lost(path: &Path) -> PortResult<bool> {
    match std::fs::read(path) {
        Ok(content) if content.trim_ascii().is_empty() => Ok(true),
        Ok(content) => {
            let members = parse(path, &content)?;
            let mut webhook = self::members().filter(|member| member.purpose == Purpose::Webhook);
            Ok(!webhook.any(|member| members.contains_key(member.name)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(io_error("cannot read", path, &error)),
    }
}

/// Checks that `secrets.json` of a state folder that is in use can be read, and has webhook secrets. Blocks briefly.
///
/// # Errors
/// It cannot be read, or they are gone; the error says what to do.
pub fn check_secrets(folder: &Path) -> PortResult<()> {
    let path = folder.join(NAME);
    if is_lost(&path)? {
        return Err(lost(&path));
    }
    SecretsFile::read(&path).map(drop)
}

/// The error of a state folder in use whose webhook secrets are gone.
pub(crate) fn lost(path: &Path) -> PortError {
    PortError(format!(
        "{} is missing or has no webhook secret, and the state folder is in use: put back a copy of the file, or \
         start `certhooks local` with --new-secrets, and give the providers the new ones",
        path.display()
    ))
}

/// Makes the file one without members.
pub(crate) fn clear(path: &Path) -> PortResult<()> {
    write(path, &BTreeMap::new())
}

/// Adds a random value for each of `required` that the file does not have, and the salt. The value of a folder in use
/// may have been lost, and its provider would not know the new one.
pub(crate) fn generate_missing<'a>(
    path: &Path,
    is_used: bool,
    required: impl Iterator<Item = &'a Member>,
) -> PortResult<()> {
    let mut members = SecretsFile::read_if_exists(path)?.unwrap_or_default().members;
    let before = members.len();
    for member in required {
        if !members.contains_key(member.name) {
            if is_used && before > 0 {
                tracing::warn!(
                    file = %path.display(), member = member.name,
                    "a webhook secret was missing, and a new one is made: put back a copy of the file if its provider \
                     knows another one"
                );
            }
            members.insert(member.name.to_owned(), random_secret()?);
        }
    }
    if !members.contains_key(SALT) {
        members.insert(SALT.to_owned(), random_secret()?);
    }
    if members.len() == before { Ok(()) } else { write(path, &members) }
}

/// Changes the file atomically. If `change` fails, the file stays as it was.
pub(crate) fn edit(
    path: &Path,
    change: impl FnOnce(&mut BTreeMap<String, SecretString>) -> PortResult<()>,
) -> PortResult<()> {
    let mut members = SecretsFile::read(path)?.members;
    change(&mut members)?;
    write(path, &members)
}

fn write(path: &Path, members: &BTreeMap<String, SecretString>) -> PortResult<()> {
    let object: Map<String, Value> = members
        .iter()
        .map(|(name, value)| (name.clone(), Value::from(value.expose_secret())))
        .collect();
    let text = format!("{:#}\n", Value::Object(object));
    write_atomically(&path.with_extension("json.new"), path, text.as_bytes())
}

fn check_mode(path: &Path, mode: u32) -> PortResult<()> {
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let (path, mode) = (path.display(), mode & 0o777);
    Err(PortError(format!(
        "{path} is accessible to other users (mode {mode:03o}): run `chmod 600 {path}`"
    )))
}

fn parse(path: &Path, content: &[u8]) -> PortResult<BTreeMap<String, SecretString>> {
    let invalid = |what: &str| PortError(format!("{}: {what}", path.display()));
    let value: Value = serde_json::from_slice(content).map_err(|error| {
        invalid(&format!("not JSON at line {}, column {}", error.line(), error.column()))
    })?;
    if !value.is_object() {
        return Err(invalid("must hold a JSON object"));
    }
    let object = std::str::from_utf8(content).ok().and_then(unique_members);
    let object = object.ok_or_else(|| invalid("a member occurs twice: keep one of them"))?;
    object
        .into_iter()
        .map(|(name, value)| match value {
            _ if !is_known(&name) => Err(invalid(&format!("unknown member `{name}`"))),
            Value::String(value) if is_usable(&name, &value) => Ok((name, value.into())),
            Value::String(text) if name.ends_with(ROTATED) => {
                Err(invalid(&format!("`{name}` is no time such as 2026-11-30T08:00:00Z: {text}")))
            }
            Value::String(_) => Err(invalid(&format!("`{name}` is empty: set it, or remove it"))),
            _ => Err(invalid(&format!("`{name}` must be a string"))),
        })
        .collect()
}

fn is_known(name: &str) -> bool {
    name == SALT
        || signing_secret::is_member(name)
        || members().any(|member| match name.strip_prefix(member.name) {
            Some("") => true,
            Some(PENDING | PREVIOUS | ROTATED) => member.purpose == Purpose::Webhook,
            _ => false,
        })
}

/// Dates must be dates; what a value must be is the provider's business.
fn is_usable(name: &str, value: &str) -> bool {
    match name.ends_with(ROTATED) {
        true => OffsetDateTime::parse(value, &Rfc3339).is_ok(),
        false => !value.is_empty(),
    }
}

/// A new secret: 256 random bits as 43 characters of base64url.
///
/// # Errors
/// The system provides no random bytes.
pub fn random_secret() -> PortResult<SecretString> {
    Ok(BASE64URL_NOPAD.encode(&random_bytes()?).into())
}

/// 256 random bits.
pub(crate) fn random_bytes() -> PortResult<[u8; 32]> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| PortError("the system provides no random bytes".to_owned()))?;
    Ok(bytes)
}
