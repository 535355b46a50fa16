use std::path::Path;
use std::sync::Arc;

use envelope::Provider;
use ports::{PortError, PortResult};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::files::check_links;
use crate::lock::Lock;
use crate::secret_members::{Member, PENDING, PREVIOUS, Purpose, ROTATED, members};
use crate::secrets::LocalSecrets;
use crate::secrets_file::{self, SecretsFile};

pub(crate) const LOCK: &str = "rotation.lock";

/// Changes the stages of one webhook secret in `secrets.json`. Each change is atomic. While this
/// exists, no other rotation can be opened for the same folder.
pub struct Rotation {
    path: Arc<Path>,
    member: &'static Member,
    _lock: Lock,
}

/// The values of a webhook secret by stage.
#[derive(Clone, Debug)]
pub struct Stages {
    pub current: SecretString,
    pub pending: Option<SecretString>,
    pub previous: Option<SecretString>,
}

impl LocalSecrets {
    /// Opens the rotation of the secret with which a provider authenticates. Of Meta's two it is
    /// the app secret.
    ///
    /// # Errors
    /// Another rotation runs, or the secret is set by an environment variable, which overrides the
    /// file.
    pub fn rotation(&self, provider: Provider) -> PortResult<Rotation> {
        let is_wanted =
            |member: &&Member| member.provider == provider && member.purpose == Purpose::Webhook;
        let member = members().find(is_wanted).ok_or_else(|| {
            PortError(format!("{provider} has no webhook secret in {}", self.path().display()))
        })?;
        if self.is_set_by_variable(member) {
            return Err(PortError(format!(
                "{} is set, and overrides {}: unset it here and for `certhooks local`, so that \
                 `{}` is taken from the file",
                member.variable,
                self.path().display(),
                member.name
            )));
        }
        let path = self.path();
        let folder = path.parent().unwrap_or(&path);
        // Read before the lock is created: a missing folder has an error message of its own.
        SecretsFile::read(&path)?;
        check_links(folder)?;
        let conflict = "another rotation of a secret in this folder is in progress: let it end";
        let lock = Lock::take(folder, LOCK, conflict)?;
        Ok(Rotation { path, member, _lock: lock })
    }
}

impl Rotation {
    /// # Errors
    /// `secrets.json` cannot be read or used, or has no current value.
    pub fn stages(&self) -> PortResult<Stages> {
        let members = SecretsFile::read(&self.path)?.members;
        let stage = |stage: &str| members.get(&format!("{}{stage}", self.member.name)).cloned();
        let current = stage("").ok_or_else(|| self.missing(self.member.name))?;
        Ok(Stages { current, pending: stage(PENDING), previous: stage(PREVIOUS) })
    }

    /// Stores `next` as the pending value. From their next read of the file on, the webhook
    /// endpoints accept both it and the current value.
    pub fn begin(&self, next: &SecretString) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            members.insert(self.member_name(PENDING), next.clone());
            Ok(())
        })
    }

    /// Makes the pending value the current one. The current value becomes the previous one or, with
    /// `keep_previous` false, is deleted. An older previous value is deleted in either case.
    pub fn promote(&self, keep_previous: bool) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            let next = members.remove(&self.member_name(PENDING));
            let next = next.ok_or_else(|| self.missing(&self.member_name(PENDING)))?;
            let replaced = members.insert(self.member_name(""), next);
            members.remove(&self.member_name(PREVIOUS));
            members.remove(&self.member_name(ROTATED));
            if let Some(replaced) = replaced.filter(|_| keep_previous) {
                members.insert(self.member_name(PREVIOUS), replaced);
                let now = envelope::rfc3339(OffsetDateTime::now_utc());
                members.insert(self.member_name(ROTATED), now.into());
            }
            Ok(())
        })
    }

    /// Deletes the pending value, if there is one.
    pub fn abandon(&self) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            members.remove(&self.member_name(PENDING));
            Ok(())
        })
    }

    fn member_name(&self, stage: &str) -> String {
        format!("{}{stage}", self.member.name)
    }

    fn missing(&self, name: &str) -> PortError {
        PortError(format!("{} has no `{name}`", self.path.display()))
    }
}
