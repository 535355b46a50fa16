use boot::Environment;
use embedded::LocalSecrets;
use envelope::Provider;
use ports::SecretSource;
use providers::meta::subscription::{Alerts, is_domain};
use reqwest::Url;
use secrecy::SecretString;

use crate::credentials;
use crate::fault::{Fault, Outcome};
use crate::keys;
use crate::meta::app::{App, verify_token};
use crate::meta::args::Subscribe;
use crate::output::Output;
use crate::stack::{Here, Stack};

pub(crate) async fn run(words: &Subscribe) -> Outcome<()> {
    let environment = Environment::of_process();
    let secrets = LocalSecrets::new(&words.access.common.state, keys::variable(&environment));
    let output = Output { json: words.access.common.json };
    let named = words.endpoint.as_deref();
    let named = named.map(|endpoint| credentials::address("--endpoint", endpoint)).transpose()?;
    let domains = domains(&words.domain, &environment)?;
    let app = App::open(&words.access, &environment, &secrets).await?;
    let (stored, told) = door(&words.here, &environment, &secrets).await?;
    let token = stored.as_ref().and_then(verify_token);
    let token = token.ok_or_else(|| {
        Fault::failed("the webhook secret has no verify token: fill `verify_token` in")
    })?;
    let endpoint = named.or(told);
    let endpoint = endpoint.ok_or_else(|| Fault::usage("--endpoint: is needed without --stack"))?;

    let there = app.subscription().await?;
    let is_there = there.as_ref().is_some_and(|there| {
        there.is_active && there.missing().is_empty() && there.callback == endpoint.as_str()
    });
    if is_there {
        output.step("fields", "already", "certificate, phishing");
    } else {
        let subscribed = app.subscribe(endpoint.as_str(), &token).await;
        subscribed.map_err(|fault| fault.during("fields"))?;
        output.step("fields", "done", "certificate, phishing; the door took the handshake");
    }
    for alerts in Alerts::ALL {
        let added = add(&app, alerts, &domains).await;
        let added = added.map_err(|fault| fault.during("domains"))?;
        let outcome = if added.is_empty() { "already" } else { "added" };
        let named = if added.is_empty() { domains.join(", ") } else { added.join(", ") };
        output.step("domains", outcome, &format!("{}: {named}", alerts.as_str()));
    }
    Ok(())
}

/// The webhook secret as it is stored, and where the door is if that is told.
async fn door(
    here: &Here,
    environment: &Environment,
    secrets: &LocalSecrets,
) -> Outcome<(Option<SecretString>, Option<Url>)> {
    let Some(name) = &here.stack else {
        return Ok((secrets.webhook(Provider::Meta).current().await?.current, None));
    };
    let stack = Stack::open(environment, name).await?;
    let url = credentials::address("the stack's MetaWebhookUrl", stack.url(Provider::Meta)?)?;
    Ok((stack.versions(Provider::Meta).await?.current, Some(url)))
}

/// Those that were not there.
async fn add(app: &App, alerts: Alerts, domains: &[String]) -> Outcome<Vec<String>> {
    let there = app.domains(alerts).await?;
    let is_new = |domain: &&str| !there.iter().any(|have| have.eq_ignore_ascii_case(domain));
    let new: Vec<&str> = domains.iter().map(String::as_str).filter(is_new).collect();
    if !new.is_empty() {
        app.subscribe_domains(alerts, &new).await?;
    }
    Ok(new.into_iter().map(str::to_owned).collect())
}

/// Without a domain Meta announces nothing.
fn domains(named: &[String], environment: &Environment) -> Outcome<Vec<String>> {
    let listed = environment.optional("META_DOMAINS").unwrap_or_default();
    let all: Vec<String> = match named {
        [] => listed.split(',').map(|domain| domain.trim().to_ascii_lowercase()).collect(),
        named => named.iter().map(|domain| domain.trim().to_ascii_lowercase()).collect(),
    };
    let all: Vec<String> = all.into_iter().filter(|domain| !domain.is_empty()).collect();
    for domain in &all {
        is_domain(domain)
            .map_err(|why| Fault::usage(format!("--domain or META_DOMAINS: {domain:?}: {why}")))?;
    }
    if all.is_empty() {
        return Err(Fault::usage(
            "no domain: name one with --domain, or set META_DOMAINS; Meta announces nothing without",
        ));
    }
    Ok(all)
}
