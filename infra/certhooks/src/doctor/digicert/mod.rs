//! CertCentral's configuration, compared with the installation.
//!
//! - [`webhook`]: status, key, events and settings of the account's webhook
//! - [`deliveries`]: the newest deliveries in the event log

mod deliveries;
mod webhook;

use envelope::Provider;
use providers::digicert::api;
use providers::digicert::webhook::{self as management, Refusal, Webhook};

use crate::client::CallError;
use crate::digicert::{Account, base, key_source};
use crate::doctor::context::Context;
use crate::doctor::report::Finding;
use crate::doctor::source_range::DIGICERT_RANGE;
use crate::doctor::{ProviderReport, compare_endpoint};
use crate::error::{CommandError, CommandResult};

pub(super) const PROVIDER: Provider = Provider::DIGICERT;

/// Checks the webhook of the CertCentral account.
pub(crate) async fn check(context: &Context) -> ProviderReport {
    let account = match open(context).await {
        Ok(account) => account,
        Err(error) => {
            let fix = "set DIGICERT_API_KEY, or put `digicert_api_key` into secrets.json";
            let findings = vec![Finding::warning("api-key", error.message(), fix)];
            return ProviderReport { findings, endpoint: None };
        }
    };
    let webhooks = match account.call(&management::list(), management::classify_list).await {
        Ok(webhooks) => webhooks,
        Err(error) => return ProviderReport { findings: vec![refused(error)], endpoint: None },
    };
    let mut findings =
        vec![Finding::ok("api-key", "CertCentral accepts the key and lists webhooks")];
    let Some(webhook) = ours(context, &webhooks) else {
        let subscribe = context.subscribe_command(PROVIDER, None);
        findings.push(Finding::error("webhook", "the account has none", subscribe));
        return ProviderReport { findings, endpoint: None };
    };
    findings.push(webhook_count(&webhooks));
    findings.push(compare_endpoint(context, PROVIDER, webhook.endpoint.as_str()));
    findings.push(webhook::status(context, webhook).await);
    findings.push(webhook::key(context, webhook).await);
    findings.extend(webhook::configuration(context, webhook));
    findings.push(deliveries::check(context, &account, webhook).await);
    findings.extend(test_event(context, &account, webhook).await);
    ProviderReport { findings, endpoint: Some(webhook.endpoint.as_str().to_owned()) }
}

async fn open(context: &Context) -> CommandResult<Account> {
    let source = key_source(&context.state, None);
    let stored = source.read(&context.environment, &context.secrets).await?;
    let key = api::key(&stored)
        .ok_or_else(|| CommandError::usage("the API key is empty or still the placeholder"))?;
    Account::new(base(None, context.arguments.eu, &context.environment)?, key)
}

fn refused(error: CallError<Refusal>) -> Finding {
    let check = match &error {
        CallError::Refused(Refusal::KeyRefused) => "api-key",
        CallError::Refused(Refusal::MissingPermission | Refusal::Denied { .. }) => "rights",
        _ => "api",
    };
    let fix = match &error {
        CallError::Refused(Refusal::KeyRefused) => "set DIGICERT_API_KEY to a valid key",
        CallError::Refused(_) => "correct what the message names, or try again later",
        CallError::Unanswered(_) => "check DIGICERT_API_BASE, HTTPS_PROXY and the network",
    };
    Finding::error(check, CommandError::from(error).message(), fix)
}

/// The webhook that sends to this installation, else the first one.
fn ours<'a>(context: &Context, webhooks: &'a [Webhook]) -> Option<&'a Webhook> {
    let url = context.endpoint_url(PROVIDER);
    let is_ours = |webhook: &&Webhook| {
        url.as_ref().is_some_and(|url| url.as_str() == webhook.endpoint.as_str())
    };
    webhooks.iter().find(is_ours).or(webhooks.first())
}

fn webhook_count(webhooks: &[Webhook]) -> Finding {
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id.to_string()).collect();
    match webhooks {
        [one] => Finding::ok("webhook", format!("{}, the only one of the account", one.id)),
        _ => Finding::warning(
            "webhook",
            format!("{}: an account should have only one", ids.join(", ")),
            "certhooks digicert webhook list, then delete the others",
        ),
    }
}

/// Triggers CertCentral's test event, which needs a key with the right to manage webhooks.
async fn test_event(context: &Context, account: &Account, webhook: &Webhook) -> Vec<Finding> {
    let rights = Finding::ok("rights", "the API key may manage webhooks");
    let request = management::test_endpoint(&webhook.endpoint, webhook.secret.as_ref());
    match account.act(&request).await {
        Ok(()) => vec![rights, Finding::ok("test", "CertCentral's test event was answered 200")],
        Err(CallError::Refused(Refusal::MissingPermission | Refusal::Denied { .. })) => {
            vec![Finding::warning(
                "rights",
                "the API key may view webhooks but not manage them, which is enough for the worker",
                "use an administrator's key for subscribe, rotate and DIGICERT_AUTO_VERIFY",
            )]
        }
        Err(error) if error.is_refusal(&Refusal::EndpointError) => {
            let detail = "CertCentral's test event was not answered 200";
            let fix = format!(
                "correct what the checks key, dns, tls and answer report; allow {DIGICERT_RANGE}"
            );
            vec![rights, Finding::error("test", detail, fix)]
        }
        Err(error) => vec![Finding::warning(
            "test",
            format!("CertCentral sent no test event: {}", CommandError::from(error).message()),
            context.command("digicert webhook test"),
        )],
    }
}
