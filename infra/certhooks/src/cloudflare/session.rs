use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::cloudflare::alerting::Auth;
use secrecy::SecretString;

use crate::cloudflare::account::Account;
use crate::cloudflare::args::{Access, WebhookSecret};
use crate::credentials;
use crate::fault::{Fault, Outcome};
use crate::keys;
use crate::output::Output;
use crate::stack::{Here, Stack};

/// What every command has.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) secrets: LocalSecrets,
}

impl Session {
    pub(crate) async fn open(access: &Access) -> Outcome<Self> {
        let environment = Environment::of_process();
        let secrets = LocalSecrets::new(&access.common.state, keys::variable(&environment));
        let account = Account::open(access, &environment, &secrets).await?;
        Ok(Self { account, output: Output { json: access.common.json }, secrets })
    }

    /// The secret that was named, else that of the variable or the state folder, or of a stack.
    pub(crate) async fn auth(&self, named: &WebhookSecret) -> Outcome<Auth> {
        match &named.secret_file {
            Some(path) => usable("--secret-file", &credentials::secret("--secret-file", path)?),
            None => self.door(&named.here).await.map(|(auth, _)| auth),
        }
    }

    /// The secret that the door takes, and where the door is if that is told.
    pub(crate) async fn door(&self, here: &Here) -> Outcome<(Auth, Option<String>)> {
        let (versions, url) = match &here.stack {
            None => (self.secrets.webhook(Provider::Cloudflare).all().await?, None),
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                let url = stack.url(Provider::Cloudflare)?.to_owned();
                (stack.versions(Provider::Cloudflare).await?, Some(url))
            }
        };
        if versions.pending.is_some() {
            return Err(Fault::failed(
                "a rotation was stopped half way: finish it with `certhooks cloudflare rotate`, or \
                 undo it with --roll-back",
            ));
        }
        let none = || Fault::failed("the webhook secret has no value");
        let auth = usable("the webhook secret", &versions.current.ok_or_else(none)?)?;
        Ok((auth, url))
    }
}

fn usable(name: &str, stored: &SecretString) -> Outcome<Auth> {
    Auth::of(stored).map_err(|fault| Fault::usage(format!("{name}: {fault}")))
}
