use std::path::PathBuf;

use boot::Environment;
use embedded::{LocalSecrets, Reader, WaitingChallenge};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use providers::cloudflare::CloudflareReceiver;
use providers::digicert::DigicertReceiver;
use providers::meta::MetaReceiver;
use providers::receiver::WebhookReceiver;
use reqwest::Url;

use crate::client::endpoint_url;
use crate::doctor::probe::Prober;
use crate::doctor::words::Doctor;
use crate::fault::{Fault, Outcome};
use crate::keys;
use crate::options::ProviderName;
use crate::stack::Stack;

const STATE: &str = ".certhooks";
const ROUTES: [&str; 3] = [CloudflareReceiver::ROUTE, DigicertReceiver::ROUTE, MetaReceiver::ROUTE];

/// What every check looks with.
pub(crate) struct Look {
    pub(crate) arguments: Doctor,
    pub(crate) environment: Environment,
    pub(crate) state: PathBuf,
    pub(crate) secrets: LocalSecrets,
    pub(crate) prober: Prober,
    pub(crate) stack: Option<Stack>,
    /// Of the doors, without their routes.
    base: Option<Url>,
}

impl Look {
    pub(crate) async fn open(arguments: Doctor) -> Outcome<Self> {
        let environment = Environment::of_process();
        let stack = match &arguments.installation.stack {
            Some(name) => Some(Stack::open(&environment, name).await?),
            None => None,
        };
        let base = arguments.endpoint.as_deref().map(base).transpose()?;
        let state = arguments.state.clone().unwrap_or_else(|| STATE.into());
        let secrets = LocalSecrets::new(&state, keys::variable(&environment));
        let prober = Prober::new().map_err(|error| Fault::failed(error.to_string()))?;
        Ok(Self { arguments, environment, state, secrets, prober, stack, base })
    }

    /// Those that were named, else all.
    pub(crate) fn providers(&self) -> Vec<Provider> {
        let named = &self.arguments.provider;
        let is_named = |provider: &Provider| match provider {
            Provider::Cloudflare => named.contains(&ProviderName::Cloudflare),
            Provider::Digicert => named.contains(&ProviderName::Digicert),
            Provider::Meta => named.contains(&ProviderName::MetaCt),
        };
        [Provider::Digicert, Provider::Cloudflare, Provider::Meta]
            .into_iter()
            .filter(|provider| named.is_empty() || is_named(provider))
            .collect()
    }

    /// The address of a provider's door, where `--endpoint` or the stack tells it.
    pub(crate) fn door(&self, provider: Provider) -> Option<Url> {
        let Some(mut door) = self.base.clone() else {
            return Url::parse(self.stack.as_ref()?.url(provider).ok()?).ok();
        };
        let path = format!("{}{}", door.path().trim_end_matches('/'), route(provider));
        door.set_path(&path);
        Some(door)
    }

    /// A provider that the stack has no door for.
    pub(crate) fn is_switched_off(&self, provider: Provider) -> bool {
        self.stack.as_ref().is_some_and(|stack| stack.url(provider).is_err())
    }

    /// The webhook secret that is kept here, in all its stages.
    pub(crate) async fn versions(&self, provider: Provider) -> PortResult<SecretVersions> {
        match &self.stack {
            Some(stack) => stack.versions(provider).await,
            None => self.secrets.webhook(provider).all().await,
        }
    }

    /// The tokens of CertCentral's challenges that wait here.
    pub(crate) async fn tokens(&self) -> PortResult<Vec<WaitingChallenge>> {
        match &self.stack {
            Some(stack) => stack.tokens().await,
            None => Reader::open(&self.state)?.challenges().await,
        }
    }

    /// A command that mends something, for the same door and account.
    pub(crate) fn command(&self, words: &str) -> String {
        let takes_stack =
            ["subscribe", "rotate", "dead-letters"].iter().any(|word| words.contains(word));
        let here = match (&self.stack, &self.arguments.state) {
            (Some(stack), _) if takes_stack => format!(" --stack {}", stack.name()),
            (None, Some(state)) => format!(" --state {}", state.display()),
            _ => String::new(),
        };
        let eu = if self.arguments.eu && words.starts_with("digicert") { " --eu" } else { "" };
        format!("certhooks {words}{here}{eu}")
    }

    /// What gives CertCentral the key that is current here.
    pub(crate) fn key_command(&self, there: &str) -> String {
        match &self.stack {
            Some(_) => self.subscribe(Provider::Digicert, Some(there)),
            None => self.command("digicert webhook update --secret-from-state"),
        }
    }

    /// What brings a webhook secret here.
    pub(crate) fn secret_mend(&self, provider: Provider) -> String {
        let Some(stack) = &self.stack else {
            return "name the folder with the secret with --state, or set its variable".to_owned();
        };
        let name = stack.secret_name(provider).unwrap_or("NAME");
        format!(
            "aws secretsmanager put-secret-value --secret-id {name} --secret-string file://FILE"
        )
    }

    /// Where a door or worker says what is wrong with it.
    pub(crate) fn log(&self) -> String {
        match &self.stack {
            Some(stack) => format!("the logs of the functions of stack {} say why", stack.name()),
            None => format!("{}; its log says why", self.command("local")),
        }
    }

    /// `subscribe` for the address that is known, if one is.
    pub(crate) fn subscribe(&self, provider: Provider, there: Option<&str>) -> String {
        let here = self.door(provider);
        let endpoint = here.as_ref().map(Url::as_str).or(there).unwrap_or("URL");
        let group = match provider {
            Provider::Cloudflare => "cloudflare",
            Provider::Digicert => "digicert webhook",
            Provider::Meta => "meta",
        };
        self.command(&format!("{group} subscribe --endpoint {endpoint}"))
    }
}

pub(crate) fn route(provider: Provider) -> &'static str {
    match provider {
        Provider::Cloudflare => CloudflareReceiver::ROUTE,
        Provider::Digicert => DigicertReceiver::ROUTE,
        Provider::Meta => MetaReceiver::ROUTE,
    }
}

/// With or without the route of a door at its end.
fn base(text: &str) -> Outcome<Url> {
    let mut url = endpoint_url("--endpoint", text)?;
    if url.query().is_some() {
        return Err(Fault::usage("--endpoint: must not have a query"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let base = ROUTES.iter().find_map(|route| path.strip_suffix(route)).unwrap_or(&path);
    url.set_path(base);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn an_endpoint_is_a_base_with_or_without_a_route() {
        for (text, expected) in [
            ("https://a.example", Some("https://a.example/")),
            ("https://a.example/Prod/webhooks/digicert", Some("https://a.example/Prod")),
            ("https://a.example/webhooks/meta-ct/", Some("https://a.example/")),
            ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000/")),
            ("http://a.example", None),
            ("https://u:p@a.example", None),
            ("https://a.example/?a=b", None),
            ("a.example", None),
        ] {
            assert_eq!(base(text).ok().as_ref().map(reqwest::Url::as_str), expected, "{text}");
        }
    }
}
