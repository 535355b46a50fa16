use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use envelope::Provider;
use ports::{PortError, PortResult, SecretIds, SecretSource, SecretVersions};
use providers::secret::Stored;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::lock::Lock;
use crate::rotation;
use crate::schema;
use crate::secret_members::{Member, PENDING, PREVIOUS, Purpose, members};
use crate::secrets_file::{self, SecretsFile};

/// All secrets of a state folder: those in `secrets.json`, and environment variables that override
/// them.
#[derive(Clone)]
pub struct LocalSecrets {
    path: Arc<Path>,
    variables: Arc<BTreeMap<&'static str, SecretString>>,
}

impl LocalSecrets {
    /// `variable` looks up an environment variable such as `DIGICERT_WEBHOOK_KEY`; an empty value
    /// counts as unset. If the variable of a member is set, neither its value nor its pending and
    /// previous values are taken from the file.
    pub fn new(folder: &Path, variable: impl Fn(&str) -> Option<String>) -> Self {
        let variables = members().filter_map(|member| {
            let value = variable(member.variable).filter(|value| !value.is_empty())?;
            Some((member.name, SecretString::from(value)))
        });
        Self {
            path: folder.join(secrets_file::NAME).into(),
            variables: Arc::new(variables.collect()),
        }
    }

    /// Generates every webhook secret that the file does not have. Creates the file if it is missing.
    ///
    /// # Errors
    /// The folder is in use and the file has no secret, unless `new_secrets`: no provider would know new
    /// ones.
    pub(crate) fn generate_missing(folder: &Path, new_secrets: bool) -> PortResult<()> {
        let path = folder.join(secrets_file::NAME);
        let is_used = folder.join(schema::FILE).exists();
        if is_used && secrets_file::is_lost(&path)? {
            if !new_secrets {
                return Err(secrets_file::lost(&path));
            }
            secrets_file::clear(&path)?;
        }
        let required = members().filter(|member| member.purpose == Purpose::Webhook);
        secrets_file::generate_missing(&path, is_used, required)
    }

    /// Removes previous webhook secrets from the file whose time is over. Does nothing while a rotation
    /// is under way, which may need the file as it is.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn drop_outdated(&self, overlap: Duration, now: OffsetDateTime) -> PortResult<()> {
        let folder = self.path.parent().unwrap_or(&self.path);
        match Lock::take(folder, rotation::LOCK, "a rotation is in progress") {
            Ok(_lock) => secrets_file::drop_outdated(&self.path, overlap, now),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn path(&self) -> Arc<Path> {
        Arc::clone(&self.path)
    }

    pub(crate) fn is_set_by_variable(&self, member: &Member) -> bool {
        self.variables.contains_key(member.name)
    }

    /// The secret that proves that a request comes from the provider.
    pub fn webhook(&self, provider: Provider) -> LocalSecret {
        LocalSecret { secrets: self.clone(), provider, purpose: Purpose::Webhook }
    }

    /// The provider's API key; [`SecretVersions::current`] is `None` when there is none.
    pub fn api(&self, provider: Provider) -> LocalSecret {
        LocalSecret { secrets: self.clone(), provider, purpose: Purpose::Api }
    }
}

/// One secret. Every call reads the file, so that a change takes effect without a restart.
#[derive(Clone)]
pub struct LocalSecret {
    secrets: LocalSecrets,
    provider: Provider,
    purpose: Purpose,
}

impl SecretSource for LocalSecret {
    async fn current(&self) -> PortResult<SecretVersions> {
        self.all().await
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        let secret = self.clone();
        let read = tokio::task::spawn_blocking(move || secret.read());
        read.await.unwrap_or_else(|error| Err(PortError(format!("reading secrets: {error}"))))
    }
}

impl LocalSecret {
    fn read(&self) -> PortResult<SecretVersions> {
        let members = self.members();
        let by_variables = members.iter().all(|member| self.variable(member).is_some());
        let file = match self.purpose {
            _ if by_variables => SecretsFile::default(),
            Purpose::Webhook => SecretsFile::read(&self.secrets.path)?,
            // An API key is optional, and so is a file for it.
            Purpose::Api => SecretsFile::read_if_exists(&self.secrets.path)?.unwrap_or_default(),
        };
        let absent = members.iter().find(|member| self.current_value(member, &file).is_none());
        match (absent, self.purpose) {
            (Some(member), Purpose::Webhook) => Err(PortError(format!(
                "{} has no `{}`; add it, or set {}",
                self.secrets.path.display(),
                member.name,
                member.variable
            ))),
            (Some(_), Purpose::Api) => Ok(SecretVersions::default()),
            (None, _) => {
                let current =
                    Some(self.stored(&members, |member| self.current_value(member, &file)));
                let pending = self.stage(&members, &file, PENDING);
                let previous = self.stage(&members, &file, PREVIOUS);
                let ids = SecretIds {
                    current: file.version(current.as_ref()),
                    pending: file.version(pending.as_ref()),
                    previous: file.version(previous.as_ref()),
                };
                let current_created = self.rotated(&members, &file);
                Ok(SecretVersions { current, pending, previous, current_created, ids })
            }
        }
    }

    fn members(&self) -> Vec<&'static Member> {
        let is_wanted =
            |member: &&Member| member.provider == self.provider && member.purpose == self.purpose;
        members().filter(is_wanted).collect()
    }

    fn variable(&self, member: &Member) -> Option<&SecretString> {
        self.secrets.variables.get(member.name)
    }

    fn current_value<'a>(
        &'a self,
        member: &Member,
        file: &'a SecretsFile,
    ) -> Option<&'a SecretString> {
        self.variable(member).or_else(|| file.members.get(member.name))
    }

    /// A stage of the secret, if at least one member has it. Members without it have their current
    /// values in it.
    fn stage(&self, members: &[&Member], file: &SecretsFile, stage: &str) -> Option<SecretString> {
        let value = |member: &Member| {
            let from_file = self.variable(member).is_none();
            from_file.then(|| file.members.get(&format!("{}{stage}", member.name))).flatten()
        };
        members.iter().any(|member| value(member).is_some()).then(|| {
            self.stored(members, |member| {
                value(member).or_else(|| self.current_value(member, file))
            })
        })
    }

    /// When the members with a previous value were rotated, the first of them.
    fn rotated(&self, members: &[&Member], file: &SecretsFile) -> Option<OffsetDateTime> {
        let rotated = members.iter().filter_map(|member| {
            let has_previous = file.members.contains_key(&format!("{}{PREVIOUS}", member.name));
            has_previous.then(|| file.rotated(member.name))
        });
        rotated.min().flatten()
    }

    /// The secret as it is stored on AWS. A value that begins as JSON is meant as the whole of it there
    /// too; whether it can be used is found out when it is read.
    fn stored<'a>(
        &self,
        members: &[&Member],
        value: impl Fn(&Member) -> Option<&'a SecretString>,
    ) -> SecretString {
        let is_whole = |value: &&SecretString| {
            members.len() == 1 || !matches!(Stored::read(value), Stored::Plain(_))
        };
        if let Some(whole) = members.iter().filter_map(|member| value(member)).find(is_whole) {
            return whole.clone();
        }
        let values = members.iter().filter_map(|member| {
            let value = value(member)?.expose_secret();
            Some((member.stored_as.to_owned(), Value::from(value)))
        });
        Value::Object(values.collect::<Map<_, _>>()).to_string().into()
    }
}
