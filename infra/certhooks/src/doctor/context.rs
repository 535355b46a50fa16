use boot::Environment;
use clap::ArgMatches;
use envelope::Provider;
use providers::profile;
use reqwest::Url;

use crate::args::{CommonArgs, ProviderName};
use crate::client::endpoint_url;
use crate::doctor::args::Doctor;
use crate::error::{CommandError, CommandResult};
use crate::installation::{self, Installation};
use crate::send::running_on;

/// What every check needs: arguments, environment and the installation.
pub(crate) struct Context {
    pub(crate) arguments: Doctor,
    /// The same, with the providers' own options.
    pub(crate) matches: ArgMatches,
    pub(crate) environment: Environment,
    pub(crate) installation: Box<dyn Installation>,
    /// The address of the webhook endpoints, without a provider's route.
    base: Option<Url>,
    /// Where the `certhooks local` of the state folder listens on this machine, if it runs.
    running: Option<Url>,
}

/// The fix where the public address of the webhook endpoints is not known: the command with it is printed then.
pub(crate) const NAME_ENDPOINT: &str =
    "name the public address with --endpoint, such as https://hooks.example.com";

impl Context {
    pub(crate) async fn open(arguments: Doctor, matches: ArgMatches) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let state = &arguments.common.state;
        let installation = installation::open(&arguments.stack, state, &environment).await?;
        let base = arguments.endpoint.as_deref().map(base).transpose()?;
        let runs = !installation.is_stack() && embedded::is_owned(state).is_ok_and(|runs| runs);
        let running = runs.then(|| running_on(state)).transpose()?;
        Ok(Self { arguments, matches, environment, installation, base, running })
    }

    pub(crate) fn common(&self) -> &CommonArgs {
        &self.arguments.common
    }

    /// The providers that `--provider` names; all of them without it.
    pub(crate) fn providers(&self) -> Vec<Provider> {
        let all = profile::ALL.iter().map(|profile| profile.provider);
        let are_named = !self.arguments.provider.is_empty();
        all.filter(|provider| !are_named || self.is_named(*provider)).collect()
    }

    /// Whether `--provider` names this provider.
    pub(crate) fn is_named(&self, provider: Provider) -> bool {
        self.arguments.provider.contains(&ProviderName(provider))
    }

    /// The URL of a provider's webhook endpoint; `None` where neither `--endpoint` nor the stack has it.
    pub(crate) fn endpoint_url(&self, provider: Provider) -> Option<Url> {
        match &self.base {
            Some(base) => Some(with_route(base, provider)),
            None => Url::parse(self.installation.endpoint(provider).ok()??).ok(),
        }
    }

    /// The URL of a provider's webhook endpoint in the process that runs on the state folder, as this machine
    /// reaches it.
    pub(crate) fn running_url(&self, provider: Provider) -> Option<Url> {
        Some(with_route(self.running.as_ref()?, provider))
    }

    /// The command that sets the URL of the webhook endpoint, else `endpoint`, at its provider.
    pub(crate) fn subscribe(
        &self,
        command: &str,
        provider: Provider,
        endpoint: Option<&str>,
    ) -> String {
        let url = self.endpoint_url(provider).map(String::from).or(endpoint.map(str::to_owned));
        match url {
            Some(url) => self.command(&format!("{command} --endpoint {url}")),
            None => NAME_ENDPOINT.to_owned(),
        }
    }

    /// A command line that fixes something in the same installation.
    pub(crate) fn command(&self, arguments: &str) -> String {
        let takes_stack =
            ["subscribe", "rotate", "reconcile"].iter().any(|name| arguments.contains(name));
        match self.installation.is_stack() && !takes_stack {
            true => format!("certhooks {arguments}"),
            false => format!("certhooks {arguments}{}", self.installation.option()),
        }
    }
}

fn with_route(base: &Url, provider: Provider) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), profile::of(provider).route));
    url
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
