use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use data_encoding::BASE64URL_NOPAD;
use ports::{PortError, PortResult};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::errors::io_error;
use crate::files::write_atomically;
use crate::secret_members::{Member, PENDING, PREVIOUS, Purpose, members};

pub(crate) const NAME: &str = "secrets.json";

/// The content of `secrets.json`.
#[derive(Default)]
pub(crate) struct SecretsFile {
    pub(crate) members: BTreeMap<String, SecretString>,
    /// Modification time of the file, taken for the time from which the current values are in use.
    pub(crate) modified: Option<OffsetDateTime>,
}

impl SecretsFile {
    /// # Errors
    /// The file cannot be read, other users may read it, or it is not a JSON object of known
    /// members. No error message quotes a value, which is why none comes from serde.
    pub(crate) fn read(path: &Path) -> PortResult<Self> {
        Self::read_if_exists(path).and_then(|file| {
            file.ok_or_else(|| {
                let folder = path.parent().unwrap_or(path).display();
                let path = path.display();
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
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| unreadable(&error))?;
        Ok(Some(Self {
            members: parse(path, &content)?,
            modified: metadata.modified().ok().map(OffsetDateTime::from),
        }))
    }
}

/// Adds a random value for each of `required` that the file does not have.
pub(crate) fn generate_missing<'a>(
    path: &Path,
    required: impl Iterator<Item = &'a Member>,
) -> PortResult<()> {
    let mut members = SecretsFile::read_if_exists(path)?.unwrap_or_default().members;
    let before = members.len();
    for member in required {
        if !members.contains_key(member.name) {
            members.insert(member.name.to_owned(), random(path)?);
        }
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
    let Value::Object(object) = value else {
        return Err(invalid("must hold a JSON object"));
    };
    object
        .into_iter()
        .map(|(name, value)| match value {
            _ if !is_known(&name) => Err(invalid(&format!("unknown member `{name}`"))),
            Value::String(value) if !value.is_empty() => Ok((name, value.into())),
            Value::String(_) => Err(invalid(&format!("`{name}` is empty: set it, or remove it"))),
            _ => Err(invalid(&format!("`{name}` must be a string"))),
        })
        .collect()
}

fn is_known(name: &str) -> bool {
    members().any(|member| match name.strip_prefix(member.name) {
        Some("") => true,
        Some(PENDING | PREVIOUS) => member.purpose == Purpose::Webhook,
        _ => false,
    })
}

/// 43 characters of base64url: 256 bits.
pub(crate) fn random(path: &Path) -> PortResult<SecretString> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        PortError(format!("{}: the system provides no random bytes", path.display()))
    })?;
    Ok(BASE64URL_NOPAD.encode(&bytes).into())
}
