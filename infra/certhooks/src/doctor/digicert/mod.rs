//! CertCentral's side, compared with ours.
//!
//! - [`webhook`]: status, key, events and settings of the account's webhook
//! - [`deliveries`]: what the event log says

mod deliveries;
mod webhook;

use envelope::Provider;
use providers::digicert::api;
use providers::digicert::webhook::{self as management, Refusal, Webhook};

use crate::client::CallError;
use crate::digicert::{Account, base, key_source};
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::doctor::source::DIGICERT_RANGE;
use crate::doctor::{Side, endpoint};
use crate::fault::{Fault, Outcome};

pub(super) const PROVIDER: Provider = Provider::Digicert;

/// CertCentral's side.
pub(crate) async fn look(look: &Look) -> Side {
    let account = match open(look).await {
        Ok(account) => account,
        Err(fault) => {
            let mend = "set DIGICERT_API_KEY, or put `digicert_api_key` into secrets.json";
            let findings = vec![Finding::warning("api-key", fault.text(), mend)];
            return Side { findings, endpoint: None };
        }
    };
    let webhooks = match account.call(&management::list(), management::classify_list).await {
        Ok(webhooks) => webhooks,
        Err(trouble) => return Side { findings: vec![refused(trouble)], endpoint: None },
    };
    let mut findings = vec![Finding::ok("api-key", "CertCentral takes it, and shows webhooks")];
    let Some(there) = ours(look, &webhooks) else {
        let subscribe = look.subscribe(PROVIDER, None);
        findings.push(Finding::wrong("webhook", "the account has none", subscribe));
        return Side { findings, endpoint: None };
    };
    findings.push(one(&webhooks));
    findings.push(endpoint(look, PROVIDER, there.endpoint.as_str()));
    findings.push(webhook::status(look, there).await);
    findings.push(webhook::key(look, there).await);
    findings.extend(webhook::told(look, there));
    findings.push(deliveries::look(look, &account, there).await);
    findings.extend(tested(look, &account, there).await);
    Side { findings, endpoint: Some(there.endpoint.as_str().to_owned()) }
}

async fn open(look: &Look) -> Outcome<Account> {
    let source = key_source(&look.state, None);
    let stored = source.read(&look.environment, &look.secrets).await?;
    let key = api::key(&stored)
        .ok_or_else(|| Fault::usage("the API key is empty, or was never filled in"))?;
    Account::new(base(None, look.arguments.eu, &look.environment)?, key)
}

fn refused(trouble: CallError<Refusal>) -> Finding {
    let check = match &trouble {
        CallError::Refused(Refusal::KeyRefused) => "api-key",
        CallError::Refused(Refusal::MissingPermission | Refusal::Denied { .. }) => "rights",
        _ => "api",
    };
    let mend = match &trouble {
        CallError::Refused(Refusal::KeyRefused) => "set DIGICERT_API_KEY to a valid key",
        CallError::Refused(_) => "correct what it names, or try again later",
        CallError::Unanswered(_) => "see DIGICERT_API_BASE, HTTPS_PROXY and the network",
    };
    Finding::wrong(check, Fault::from(trouble).text(), mend)
}

/// The one that sends to our door, else the first.
fn ours<'a>(look: &Look, webhooks: &'a [Webhook]) -> Option<&'a Webhook> {
    let door = look.door(PROVIDER);
    let is_ours = |webhook: &&Webhook| {
        door.as_ref().is_some_and(|door| door.as_str() == webhook.endpoint.as_str())
    };
    webhooks.iter().find(is_ours).or(webhooks.first())
}

fn one(webhooks: &[Webhook]) -> Finding {
    let ids: Vec<_> = webhooks.iter().map(|webhook| webhook.id.to_string()).collect();
    match webhooks {
        [one] => Finding::ok("webhook", format!("{}, the only one of the account", one.id)),
        _ => Finding::warning(
            "webhook",
            format!("{}: an account should have one", ids.join(", ")),
            "certhooks digicert webhook list, and delete the others",
        ),
    }
}

/// CertCentral's own test event, which only a key with the right to manage webhooks may ask for.
async fn tested(look: &Look, account: &Account, webhook: &Webhook) -> Vec<Finding> {
    let rights = Finding::ok("rights", "the API key may manage webhooks");
    let request = management::test_endpoint(&webhook.endpoint, webhook.secret.as_ref());
    match account.act(&request).await {
        Ok(()) => vec![rights, Finding::ok("test", "CertCentral's test event was answered 200")],
        Err(CallError::Refused(Refusal::MissingPermission | Refusal::Denied { .. })) => {
            vec![Finding::warning(
                "rights",
                "the API key may look at webhooks and not manage them, which is enough for the worker",
                "an administrator's key for subscribe, rotate and DIGICERT_AUTO_VERIFY",
            )]
        }
        Err(trouble) if trouble.is_refusal(&Refusal::EndpointError) => {
            let detail = "CertCentral's test event was not answered 200";
            let mend = format!(
                "what the lines key, dns, tls and answer say; let {DIGICERT_RANGE} reach the door"
            );
            vec![rights, Finding::wrong("test", detail, mend)]
        }
        Err(trouble) => vec![Finding::warning(
            "test",
            format!("CertCentral sent no test event: {}", Fault::from(trouble).text()),
            look.command("digicert webhook test"),
        )],
    }
}
