use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use ports::PortResult;
use secrecy::SecretString;

use crate::consumer::consumer_name;
use crate::lock::Lock;
use crate::rotation;
use crate::secrets::LocalSecrets;
use crate::secrets_file::{self, SecretsFile};

/// What begins the name of a member with the signing secret of a consumer; its name follows.
const MEMBER: &str = "forward_secret_";
/// What begins a symmetric signing secret of Standard Webhooks.
const PREFIX: &str = "whsec_";
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// The secret with which deliveries to a consumer are signed, as `secrets.json` holds it.
pub struct SigningSecret {
    pub value: SecretString,
    /// The member of the file.
    pub member: String,
    /// Whether it was made now.
    pub is_new: bool,
}

/// Whether a member of the file is the signing secret of a consumer.
pub(crate) fn is_member(name: &str) -> bool {
    name.strip_prefix(MEMBER).is_some_and(|consumer| consumer_name(consumer).is_ok())
}

impl LocalSecrets {
    /// The signing secret of a consumer, which is made if the file has none. Blocks briefly.
    ///
    /// # Errors
    /// The file cannot be read or written, or a rotation is in progress, which may need it as it is.
    pub fn signing_secret(&self, consumer: &str) -> PortResult<SigningSecret> {
        let (path, member) = (self.path(), format!("{MEMBER}{consumer}"));
        if let Some(value) = SecretsFile::read(&path)?.members.remove(&member) {
            return Ok(SigningSecret { value, member, is_new: false });
        }
        let folder = path.parent().unwrap_or(&path);
        let _lock = lock(folder)?;
        let random = secrets_file::random_bytes()?;
        let value: SecretString = format!("{PREFIX}{}", BASE64.encode(&random)).into();
        secrets_file::edit(&path, |members| {
            members.insert(member.clone(), value.clone());
            Ok(())
        })?;
        Ok(SigningSecret { value, member, is_new: true })
    }
}

/// Takes the lock under which the file is changed. Another consumer that gets its secret holds it only for
/// a moment; a rotation may hold it for minutes.
fn lock(folder: &Path) -> PortResult<Lock> {
    let conflict = "a rotation of a secret in this folder is in progress: let it end";
    let until = Instant::now() + LOCK_TIMEOUT;
    loop {
        match Lock::take(folder, rotation::LOCK, conflict) {
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(20)),
            taken => return taken,
        }
    }
}
