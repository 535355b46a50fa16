use std::path::Path;
use std::sync::Arc;

use envelope::Provider;
use ports::{PortError, PortResult};
use secrecy::SecretString;

use crate::lock::Lock;
use crate::secret_members::{MEMBERS, Member, PENDING, PREVIOUS, Purpose};
use crate::secrets::LocalSecrets;
use crate::secrets_file::{self, SecretsFile};

const LOCK: &str = "rotation.lock";

/// Changes the stages of one webhook secret in `secrets.json`, each change all or nothing. While it
/// exists no other one does for the same folder.
pub struct Rotation {
    path: Arc<Path>,
    member: &'static Member,
    _lock: Lock,
}

/// The stages of a webhook secret, the plain values.
#[derive(Clone, Debug)]
pub struct Stages {
    pub current: SecretString,
    pub pending: Option<SecretString>,
    pub previous: Option<SecretString>,
}

impl LocalSecrets {
    /// To rotate the secret that a provider sends: of Meta's two it is the app secret.
    ///
    /// # Errors
    /// Another rotation runs, or the secret is set by a variable, which goes before the file.
    pub fn rotation(&self, provider: Provider) -> PortResult<Rotation> {
        let is_ours =
            |member: &&Member| member.provider == provider && member.purpose == Purpose::Webhook;
        let member = MEMBERS.iter().find(is_ours).ok_or_else(|| {
            PortError(format!("{provider} has no webhook secret in {}", self.path().display()))
        })?;
        if self.is_set_by_variable(member) {
            return Err(PortError(format!(
                "{} is set, and goes before {}: unset it here and for `certhooks local`, so that \
                 the file's `{}` counts",
                member.variable,
                self.path().display(),
                member.name
            )));
        }
        let path = self.path();
        let folder = path.parent().unwrap_or(&path);
        // Before the lock is made: a folder that does not exist gets its own advice.
        SecretsFile::read(&path)?;
        let held = "another rotation of a secret in this folder is under way: let it end";
        let lock = Lock::take(folder, LOCK, held)?;
        Ok(Rotation { path, member, _lock: lock })
    }
}

impl Rotation {
    /// # Errors
    /// As reading `secrets.json`; it has no current value.
    pub fn stages(&self) -> PortResult<Stages> {
        let members = SecretsFile::read(&self.path)?.members;
        let stage = |stage: &str| members.get(&format!("{}{stage}", self.member.name)).cloned();
        let current = stage("").ok_or_else(|| self.has_none(self.member.name))?;
        Ok(Stages { current, pending: stage(PENDING), previous: stage(PREVIOUS) })
    }

    /// A random value of 43 characters of base64url (256 bits).
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn random(&self) -> PortResult<SecretString> {
        secrets_file::random(&self.path)
    }

    /// Stores `next` beside the current value; the doors take both from their next look on.
    pub fn begin(&self, next: &SecretString) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            members.insert(self.named(PENDING), next.clone());
            Ok(())
        })
    }

    /// Makes the pending value the current one. The one until now becomes the previous one or, with
    /// `keep_previous` false, is gone, and an older previous one with it.
    pub fn promote(&self, keep_previous: bool) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            let next = members.remove(&self.named(PENDING));
            let next = next.ok_or_else(|| self.has_none(&self.named(PENDING)))?;
            let until_now = members.insert(self.named(""), next);
            members.remove(&self.named(PREVIOUS));
            if let Some(until_now) = until_now.filter(|_| keep_previous) {
                members.insert(self.named(PREVIOUS), until_now);
            }
            Ok(())
        })
    }

    /// Forgets the pending value, if there is one.
    pub fn abandon(&self) -> PortResult<()> {
        secrets_file::edit(&self.path, |members| {
            members.remove(&self.named(PENDING));
            Ok(())
        })
    }

    fn named(&self, stage: &str) -> String {
        format!("{}{stage}", self.member.name)
    }

    fn has_none(&self, name: &str) -> PortError {
        PortError(format!("{} has no `{name}`", self.path.display()))
    }
}
