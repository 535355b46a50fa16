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

/// What every check needs: arguments, environment and the installation.
pub(crate) struct Context {
    pub(crate) arguments: Doctor,
    /// The same, with the providers' own options.
    pub(crate) matches: ArgMatches,
    pub(crate) environment: Environment,
    pub(crate) installation: Box<dyn Installation>,
    /// The address of the webhook endpoints, without a provider's route.
    base: Option<Url>,
}

impl Context {
    pub(crate) async fn open(arguments: Doctor, matches: ArgMatches) -> CommandResult<Self> {
        let environment = Environment::of_process();
        let state = &arguments.common.state;
        let installation = installation::open(&arguments.stack, state, &environment).await?;
        let base = arguments.endpoint.as_deref().map(base).transpose()?;
        Ok(Self { arguments, matches, environment, installation, base })
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
        let Some(mut url) = self.base.clone() else {
            return Url::parse(self.installation.endpoint(provider).ok()??).ok();
        };
        let path = format!("{}{}", url.path().trim_end_matches('/'), profile::of(provider).route);
        url.set_path(&path);
        Some(url)
    }

    /// The URL of the provider's webhook endpoint as text, else `endpoint`, else a placeholder.
    pub(crate) fn endpoint_or(&self, provider: Provider, endpoint: Option<&str>) -> String {
        let url = self.endpoint_url(provider);
        url.map(Into::into).or(endpoint.map(str::to_owned)).unwrap_or_else(|| "URL".to_owned())
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
