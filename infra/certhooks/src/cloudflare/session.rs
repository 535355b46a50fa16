use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::cloudflare::alerting::Auth;
use secrecy::SecretString;

use crate::cloudflare::account::Account;
use crate::cloudflare::args::{Access, WebhookSecret};
use crate::credentials;
use crate::error::{CommandError, CommandResult};
use crate::installation::InstallationArgs;
use crate::installation_secret::no_value;
use crate::keys;
use crate::output::Output;
use crate::stack::Stack;

/// What every command works with.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) secrets: LocalSecrets,
}

impl Session {
    pub(crate) async fn open(access: &Access) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let secrets = LocalSecrets::new(&access.common.state, keys::variable(&environment));
        let account = Account::open(access, &environment, &secrets).await?;
        Ok(Self { account, output: Output { json: access.common.json }, secrets })
    }

    /// The secret that an option names, else that of the stack, of the variable or of the state folder.
    pub(crate) async fn auth(&self, named: &WebhookSecret) -> CommandResult<Auth> {
        match &named.secret_file {
            Some(path) => usable("--secret-file", &credentials::secret("--secret-file", path)?),
            None => self.endpoint_secret(&named.installation).await.map(|(auth, _)| auth),
        }
    }

    /// The secret that the webhook endpoint accepts, and its address, which only a stack knows.
    ///
    /// # Errors
    /// A rotation was stopped, so that there are two secrets.
    pub(crate) async fn endpoint_secret(
        &self,
        installation: &InstallationArgs,
    ) -> CommandResult<(Auth, Option<String>)> {
        let (versions, stack) = match &installation.stack {
            None => (self.secrets.webhook(Provider::CLOUDFLARE).all().await?, None),
            Some(name) => {
                let stack = Stack::open(&Environment::of_process(), name).await?;
                (stack.versions(Provider::CLOUDFLARE).await?, Some(stack))
            }
        };
        let url = stack.as_ref().map(|stack| stack.url(Provider::CLOUDFLARE)).transpose()?;
        if versions.pending.is_some() {
            return Err(CommandError::failed(
                "a rotation was stopped half way; finish it with `certhooks cloudflare rotate`, or \
                 undo it with `certhooks cloudflare rotate --roll-back`",
            ));
        }
        let none = || match &stack {
            Some(stack) => no_value(stack),
            None => CommandError::failed(
                "no webhook secret: set CLOUDFLARE_WEBHOOK_AUTH, or store `cloudflare_webhook_auth` \
                 in the state folder's secrets.json",
            ),
        };
        let auth = usable("the webhook secret", &versions.current.ok_or_else(none)?)?;
        Ok((auth, url.map(str::to_owned)))
    }
}

fn usable(name: &str, stored: &SecretString) -> CommandResult<Auth> {
    Auth::of(stored).map_err(|error| CommandError::usage(format!("{name}: {error}")))
}
