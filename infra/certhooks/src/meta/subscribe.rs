use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::meta::subscription::{Alerts, is_domain};
use reqwest::Url;
use secrecy::SecretString;

use crate::client::endpoint_url;
use crate::error::{CommandError, CommandResult};
use crate::installation::InstallationArgs;
use crate::keys;
use crate::meta::app::{App, verify_token};
use crate::meta::args::Subscribe;
use crate::output::Output;
use crate::stack::Stack;

pub(crate) async fn run(arguments: &Subscribe) -> CommandResult<()> {
    let environment = Environment::of_process();
    let secrets = LocalSecrets::new(&arguments.access.common.state, keys::variable(&environment));
    let output = Output { json: arguments.access.common.json };
    let named_endpoint = arguments.endpoint.as_deref();
    let named_endpoint =
        named_endpoint.map(|endpoint| endpoint_url("--endpoint", endpoint)).transpose()?;
    let domains = domains(&arguments.domain, &environment)?;
    let app = App::open(&arguments.access, &environment, &secrets).await?;
    let (stored, stack_url) =
        webhook_secret(&arguments.installation, &environment, &secrets).await?;
    let token = stored.as_ref().and_then(verify_token);
    let token = token.ok_or_else(|| {
        CommandError::failed("the webhook secret has no verify token: set META_VERIFY_TOKEN, or store `meta_verify_token` \
             in the state folder's secrets.json or `verify_token` in the stack's secret")
    })?;
    let endpoint = named_endpoint.or(stack_url);
    let endpoint =
        endpoint.ok_or_else(|| CommandError::usage("--endpoint is required without --stack"))?;

    let existing = app.subscription().await?;
    let is_complete = existing.as_ref().is_some_and(|existing| {
        let has_endpoint = existing.callback == endpoint.as_str();
        existing.is_active && existing.missing().is_empty() && has_endpoint
    });
    if is_complete {
        output.step("fields", "already", "certificate, phishing");
    } else {
        let subscribed = app.subscribe(endpoint.as_str(), &token).await;
        subscribed.map_err(|error| error.during("fields"))?;
        output.step(
            "fields",
            "done",
            "certificate, phishing; the endpoint completed the handshake",
        );
    }
    for alerts in Alerts::ALL {
        let added = add_domains(&app, alerts, &domains).await;
        let added = added.map_err(|error| error.during("domains"))?;
        let outcome = if added.is_empty() { "already" } else { "added" };
        let named = if added.is_empty() { domains.join(", ") } else { added.join(", ") };
        output.step("domains", outcome, &format!("{}: {named}", alerts.as_str()));
    }
    Ok(())
}

/// The webhook secret as it is stored, and the address of the webhook endpoint, which only a stack knows.
async fn webhook_secret(
    installation: &InstallationArgs,
    environment: &Environment,
    secrets: &LocalSecrets,
) -> CommandResult<(Option<SecretString>, Option<Url>)> {
    let Some(name) = &installation.stack else {
        return Ok((secrets.webhook(Provider::META).current().await?.current, None));
    };
    let stack = Stack::open(environment, name).await?;
    let url = endpoint_url("the stack's MetaWebhookUrl", stack.url(Provider::META)?)?;
    Ok((stack.versions(Provider::META).await?.current, Some(url)))
}

/// Subscribes to the domains that are missing, and returns them.
async fn add_domains(app: &App, alerts: Alerts, domains: &[String]) -> CommandResult<Vec<String>> {
    let existing = app.domains(alerts).await?;
    let is_new =
        |domain: &&str| !existing.iter().any(|existing| existing.eq_ignore_ascii_case(domain));
    let new: Vec<&str> = domains.iter().map(String::as_str).filter(is_new).collect();
    if !new.is_empty() {
        app.subscribe_domains(alerts, &new).await?;
    }
    Ok(new.into_iter().map(str::to_owned).collect())
}

/// The domains to subscribe to: those of the options, else of META_DOMAINS.
///
/// # Errors
/// One of them is not a domain, or there is none, since Meta then announces nothing.
fn domains(named: &[String], environment: &Environment) -> CommandResult<Vec<String>> {
    let listed = environment.optional("META_DOMAINS").unwrap_or_default();
    let all: Vec<String> = match named {
        [] => listed.split(',').map(|domain| domain.trim().to_ascii_lowercase()).collect(),
        named => named.iter().map(|domain| domain.trim().to_ascii_lowercase()).collect(),
    };
    let all: Vec<String> = all.into_iter().filter(|domain| !domain.is_empty()).collect();
    for domain in &all {
        is_domain(domain).map_err(|error| {
            CommandError::usage(format!("--domain or META_DOMAINS: {domain:?}: {error}"))
        })?;
    }
    if all.is_empty() {
        return Err(CommandError::usage(
            "no domain: name one with --domain, or set META_DOMAINS; without a domain Meta announces nothing",
        ));
    }
    Ok(all)
}
