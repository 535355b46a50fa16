use std::path::PathBuf;

use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::cloudflare::alerting::{Auth, is_id};
use providers::cloudflare::api;
use reqwest::Url;

use crate::client::Client;
use crate::cloudflare::account::Account;
use crate::cloudflare::words::{Access, WebhookSecret};
use crate::fault::{Fault, Outcome};
use crate::given::{self, KeySource};
use crate::keys;
use crate::output::Output;

const BASE: &str = "https://api.cloudflare.com/client/v4";

/// What every command has.
pub(crate) struct Session {
    pub(crate) account: Account,
    pub(crate) output: Output,
    pub(crate) state: PathBuf,
    pub(crate) secrets: LocalSecrets,
}

impl Session {
    pub(crate) async fn open(access: &Access) -> Outcome<Self> {
        let environment = Environment::of_process();
        let secrets = LocalSecrets::new(&access.state, keys::variable(&environment));
        let id = account_id(access, &environment)?;
        let base = base(access.base.as_deref(), &environment)?;
        let stored = token_source(access).read(&environment, &secrets).await?;
        let key = api::key(&stored).ok_or_else(|| {
            Fault::usage("the API token is empty, or was never filled in: make one at Cloudflare")
        })?;
        Ok(Self {
            account: Account::new(Client::new(base, key)?, id),
            output: Output { json: access.json },
            state: access.state.clone(),
            secrets,
        })
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

fn account_id(access: &Access, environment: &Environment) -> Outcome<String> {
    const VARIABLE: &str = "CLOUDFLARE_ACCOUNT_ID";
    let id = access.account.as_deref().or_else(|| environment.optional(VARIABLE));
    let id = id.ok_or_else(|| {
        Fault::usage(format!("no account id: name it with --account, or set {VARIABLE}"))
    })?;
    if is_id(id) {
        Ok(id.to_owned())
    } else {
        Err(Fault::usage(format!("--account or {VARIABLE}: `{id}` is no account id")))
    }
}

pub(crate) fn base(option: Option<&str>, environment: &Environment) -> Outcome<Url> {
    const VARIABLE: &str = "CLOUDFLARE_API_BASE";
    let (name, base) = match (option, environment.optional(VARIABLE)) {
        (Some(base), _) => ("--base", base),
        (None, Some(base)) => (VARIABLE, base),
        (None, None) => (VARIABLE, BASE),
    };
    Ok(fulfilment::api_base(name, base)?)
}

fn token_source(access: &Access) -> KeySource<'_> {
    KeySource {
        provider: Provider::Cloudflare,
        called: "API token",
        option: "--api-token-file",
        file: access.api_token_file.as_deref(),
        variable: "CLOUDFLARE_API_TOKEN",
        state: &access.state,
        member: "cloudflare_api_token",
    }
}
