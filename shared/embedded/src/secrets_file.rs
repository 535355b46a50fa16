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

use crate::faults::fault;
use crate::files::write_whole;
use crate::secret_members::{MEMBERS, Member, PENDING, PREVIOUS, Purpose};

pub(crate) const NAME: &str = "secrets.json";

/// What `secrets.json` holds.
#[derive(Default)]
pub(crate) struct SecretsFile {
    pub(crate) members: BTreeMap<String, SecretString>,
    /// Taken for the moment since when the current values are in use.
    pub(crate) modified: Option<OffsetDateTime>,
}

impl SecretsFile {
    /// # Errors
    /// It cannot be read, others may read it, or it is not an object of known members. No text
    /// quotes a value, and so none comes from serde.
    pub(crate) fn read(path: &Path) -> PortResult<Self> {
        Self::read_if_there(path).and_then(|file| {
            file.ok_or_else(|| {
                let folder = path.parent().unwrap_or(path).display();
                let path = path.display();
                PortError(format!(
                    "{path} does not exist: `certhooks local --state {folder}` makes it"
                ))
            })
        })
    }

    fn read_if_there(path: &Path) -> PortResult<Option<Self>> {
        let unreadable = |error: &io::Error| fault("cannot read", path, error);
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

/// Adds a random value for each of `wanted` that the file does not have.
pub(crate) fn complete<'a>(
    path: &Path,
    wanted: impl Iterator<Item = &'a Member>,
) -> PortResult<()> {
    let mut members = SecretsFile::read_if_there(path)?.unwrap_or_default().members;
    let before = members.len();
    for member in wanted {
        if !members.contains_key(member.name) {
            members.insert(member.name.to_owned(), random(path)?);
        }
    }
    if members.len() == before { Ok(()) } else { write(path, &members) }
}

/// Changes the file as a whole, or leaves it as it was.
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
    write_whole(&path.with_extension("json.new"), path, text.as_bytes())
}

fn check_mode(path: &Path, mode: u32) -> PortResult<()> {
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let (path, mode) = (path.display(), mode & 0o777);
    Err(PortError(format!(
        "{path} is open to other users (mode {mode:03o}): run `chmod 600 {path}`"
    )))
}

fn parse(path: &Path, content: &[u8]) -> PortResult<BTreeMap<String, SecretString>> {
    let wrong = |what: &str| PortError(format!("{}: {what}", path.display()));
    let value: Value = serde_json::from_slice(content).map_err(|error| {
        wrong(&format!("not JSON at line {}, column {}", error.line(), error.column()))
    })?;
    let Value::Object(object) = value else {
        return Err(wrong("must hold a JSON object"));
    };
    object
        .into_iter()
        .map(|(name, value)| match value {
            _ if !is_known(&name) => Err(wrong(&format!("unknown member `{name}`"))),
            Value::String(value) if !value.is_empty() => Ok((name, value.into())),
            Value::String(_) => Err(wrong(&format!("`{name}` is empty: fill it in, or remove it"))),
            _ => Err(wrong(&format!("`{name}` must be a string"))),
        })
        .collect()
}

fn is_known(name: &str) -> bool {
    MEMBERS.iter().any(|member| match name.strip_prefix(member.name) {
        Some("") => true,
        Some(PENDING | PREVIOUS) => member.purpose == Purpose::Webhook,
        _ => false,
    })
}

/// 43 characters of base64url: 256 bits.
pub(crate) fn random(path: &Path) -> PortResult<SecretString> {
    let mut bytes = [0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| PortError(format!("{}: the system gives no random bytes", path.display())))?;
    Ok(BASE64URL_NOPAD.encode(&bytes).into())
}
