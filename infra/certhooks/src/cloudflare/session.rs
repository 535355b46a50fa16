use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::cloudflare::alerting::Auth;

use crate::cloudflare::account::{Access, Account};
use crate::cloudflare::words::{self, WebhookSecret};
use crate::fault::{Fault, Outcome};
use crate::given;
use crate::keys;
use crate::output::Output;

/// What every command has.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) secrets: LocalSecrets,
}

impl Session {
    pub(crate) async fn open(words: &words::Access) -> Outcome<Self> {
        let environment = Environment::of_process();
        let secrets = LocalSecrets::new(&words.state, keys::variable(&environment));
        let access = Access {
            account: words.account.as_deref(),
            base: words.base.as_deref(),
            token_file: words.api_token_file.as_deref(),
            state: &words.state,
        };
        let account = Account::open(&access, &environment, &secrets).await?;
        Ok(Self { account, output: Output { json: words.json }, secrets })
    }

    /// The secret that was named, else that of the variable or the state folder.
    pub(crate) async fn auth(&self, named: Option<&WebhookSecret>) -> Outcome<Auth> {
        let file = named.and_then(|named| named.secret_file.as_deref());
        let (name, stored) = match file {
            Some(path) => ("--secret-file", given::secret("--secret-file", path)?),
            None => {
                let versions = self.secrets.webhook(Provider::Cloudflare).all().await?;
                if versions.pending.is_some() {
                    return Err(Fault::failed(
                        "a rotation was stopped half way: finish it with `certhooks cloudflare \
                         rotate`, or undo it with --roll-back",
                    ));
                }
                let none = || Fault::failed("the state folder has no webhook secret");
                ("the webhook secret", versions.current.ok_or_else(none)?)
            }
        };
        Auth::of(&stored).map_err(|fault| Fault::usage(format!("{name}: {fault}")))
    }
}
