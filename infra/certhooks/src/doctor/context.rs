use std::path::PathBuf;

use boot::Environment;
use embedded::{LocalSecrets, Reader, WaitingChallenge};
use envelope::Provider;
use ports::{PortResult, SecretSource, SecretVersions};
use providers::profile;
use reqwest::Url;

use crate::args::ProviderName;
use crate::client::endpoint_url;
use crate::doctor::args::Doctor;
use crate::doctor::probe::Prober;
use crate::error::{CommandError, CommandResult};
use crate::keys;
use crate::stack::Stack;

const STATE: &str = ".certhooks";

/// What every check needs: arguments, environment, the installation, and an HTTP client.
pub(crate) struct Context {
    pub(crate) arguments: Doctor,
    pub(crate) environment: Environment,
    pub(crate) state: PathBuf,
    pub(crate) secrets: LocalSecrets,
    pub(crate) prober: Prober,
    pub(crate) stack: Option<Stack>,
    /// The address of the webhook endpoints, without a provider's route.
    base: Option<Url>,
}

impl Context {
    pub(crate) async fn open(arguments: Doctor) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let stack = match &arguments.installation.stack {
            Some(name) => Some(Stack::open(&environment, name).await?),
            None => None,
        };
        let base = arguments.endpoint.as_deref().map(base).transpose()?;
        let state = arguments.state.clone().unwrap_or_else(|| STATE.into());
        let secrets = LocalSecrets::new(&state, keys::variable(&environment));
        let prober = Prober::new().map_err(|error| CommandError::failed(error.to_string()))?;
        Ok(Self { arguments, environment, state, secrets, prober, stack, base })
    }

    /// The providers that `--provider` names; all of them without it.
    pub(crate) fn providers(&self) -> Vec<Provider> {
        let named = &self.arguments.provider;
        let all = profile::ALL.iter().map(|profile| profile.provider);
        all.filter(|provider| named.is_empty() || named.contains(&ProviderName(*provider)))
            .collect()
    }

    /// The URL of a provider's webhook endpoint; `None` where neither `--endpoint` nor the stack has it.
    pub(crate) fn endpoint_url(&self, provider: Provider) -> Option<Url> {
        let Some(mut url) = self.base.clone() else {
            return Url::parse(self.stack.as_ref()?.url(provider).ok()?).ok();
        };
        let path = format!("{}{}", url.path().trim_end_matches('/'), profile::of(provider).route);
        url.set_path(&path);
        Some(url)
    }

    /// Whether the stack was deployed without a webhook endpoint for this provider.
    pub(crate) fn is_switched_off(&self, provider: Provider) -> bool {
        self.stack.as_ref().is_some_and(|stack| stack.url(provider).is_err())
    }

    /// The webhook secret of this installation, in all its stages.
    pub(crate) async fn secret_versions(&self, provider: Provider) -> PortResult<SecretVersions> {
        match &self.stack {
            Some(stack) => stack.versions(provider).await,
            None => self.secrets.webhook(provider).all().await,
        }
    }

    /// The tokens of CertCentral's challenges that are stored in this installation.
    pub(crate) async fn tokens(&self) -> PortResult<Vec<WaitingChallenge>> {
        match &self.stack {
            Some(stack) => stack.tokens().await,
            None => Reader::open(&self.state)?.challenges().await,
        }
    }

    /// A command line that fixes something in the same installation and account.
    pub(crate) fn command(&self, arguments: &str) -> String {
        let takes_stack =
            ["subscribe", "rotate", "dead-letters"].iter().any(|name| arguments.contains(name));
        let installation = match (&self.stack, &self.arguments.state) {
            (Some(stack), _) if takes_stack => format!(" --stack {}", stack.name()),
            (None, Some(state)) => format!(" --state {}", state.display()),
            _ => String::new(),
        };
        let eu = if self.arguments.eu && arguments.starts_with("digicert") { " --eu" } else { "" };
        format!("certhooks {arguments}{installation}{eu}")
    }

    /// The command that sets the current key of this installation at CertCentral.
    pub(crate) fn set_key_command(&self, endpoint: &str) -> String {
        match &self.stack {
            Some(_) => self.subscribe_command(Provider::DIGICERT, Some(endpoint)),
            None => self.command("digicert webhook update --secret-from-state"),
        }
    }

    /// How to give this command, or the stack, the webhook secret.
    pub(crate) fn secret_fix(&self, provider: Provider) -> String {
        let Some(stack) = &self.stack else {
            return "name the folder that holds the secret with --state, or set the secret's variable"
                .to_owned();
        };
        let name = stack.secret_name(provider).unwrap_or("NAME");
        format!(
            "aws secretsmanager put-secret-value --secret-id {name} --secret-string file://FILE"
        )
    }

    /// The commands that list the dead letters with their reasons, and retry them.
    pub(crate) fn dead_letter_fix(&self, options: &str) -> String {
        let command = |verb: &str| self.command(&format!("dead-letters {verb}{options}"));
        format!("{}, then {}", command("list"), command("retry --all"))
    }

    /// Where webhook endpoints and worker log their errors.
    pub(crate) fn log_hint(&self) -> String {
        match &self.stack {
            Some(stack) => format!("read the logs of the functions of stack {}", stack.name()),
            None => format!("read the log of {}", self.command("local")),
        }
    }

    /// The `subscribe` command for the webhook endpoint of this installation, else for `endpoint`.
    pub(crate) fn subscribe_command(&self, provider: Provider, endpoint: Option<&str>) -> String {
        let url = self.endpoint_url(provider);
        let endpoint = url.as_ref().map(Url::as_str).or(endpoint).unwrap_or("URL");
        let group = profile::of(provider).subscribe;
        self.command(&format!("{group} subscribe --endpoint {endpoint}"))
    }
}

/// `--endpoint` without a query and without a provider's route at its end, which it may have.
fn base(text: &str) -> CommandResult<Url> {
    let mut url = endpoint_url("--endpoint", text)?;
    if url.query().is_some() {
        return Err(CommandError::usage("--endpoint: must not have a query"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    let base =
        profile::ALL.iter().find_map(|profile| path.strip_suffix(profile.route)).unwrap_or(&path);
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
