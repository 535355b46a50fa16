use envelope::{Provider, rfc3339};
use providers::cloudflare::alerting::{Destination, Policy, Refusal};

use crate::args::ProviderArgs;
use crate::client::CallError;
use crate::cloudflare::{Access, Account, destinations_at};
use crate::doctor::context::Context;
use crate::doctor::report::Finding;
use crate::doctor::{ProviderReport, compare_endpoint};
use crate::error::CommandError;

const PROVIDER: Provider = Provider::CLOUDFLARE;

/// Checks the webhook destinations and notification policies of the Cloudflare account.
pub(crate) async fn check(context: &Context) -> ProviderReport {
    let account = context.arguments.account.clone();
    let common = ProviderArgs { state: context.state.clone(), json: context.arguments.json };
    let access = Access { account, api_token_file: None, base: None, common };
    let account = match Account::open(&access, &context.environment, &context.secrets).await {
        Ok(account) => account,
        Err(error) => {
            let fix = "set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID (or --account)";
            let findings = vec![Finding::warning("api-token", error.message(), fix)];
            return ProviderReport { findings, endpoint: None };
        }
    };
    let configuration = async { Ok((account.destinations().await?, account.policies().await?)) };
    match configuration.await {
        Ok((destinations, policies)) => compare(context, &destinations, &policies).await,
        Err(error) => ProviderReport { findings: vec![refused(error)], endpoint: None },
    }
}

fn refused(error: CallError<Refusal>) -> Finding {
    let (check, fix) = match &error {
        CallError::Refused(Refusal::TokenRefused { .. }) => (
            "api-token",
            "set CLOUDFLARE_API_TOKEN to a token with the permission Account, Notifications, Edit for this \
             account",
        ),
        CallError::Refused(Refusal::NotFound) => ("account", "correct CLOUDFLARE_ACCOUNT_ID"),
        CallError::Refused(_) => ("api", "correct what the message names, or try again later"),
        CallError::Unanswered(_) => {
            ("api", "check CLOUDFLARE_API_BASE, HTTPS_PROXY and the network")
        }
    };
    Finding::error(check, CommandError::from(error).message(), fix)
}

async fn compare(
    context: &Context,
    destinations: &[Destination],
    policies: &[Policy],
) -> ProviderReport {
    let detail = "the token can read notifications; whether it can change them is not checked";
    let mut findings = vec![Finding::ok("api-token", detail)];
    let ours = ours(context, destinations, policies);
    let subscribe = context.subscribe_command(PROVIDER, None);
    let Some(first) = ours.first().copied() else {
        let detail = "no webhook destination of the account has the URL of this installation";
        findings.push(Finding::error("destination", detail, subscribe));
        return ProviderReport { findings, endpoint: None };
    };
    findings.push(match ours.len() {
        1 => Finding::ok("destination", format!("{} ({})", first.id, first.name)),
        count => Finding::warning(
            "destination",
            format!(
                "{count} have this URL: a rotation was interrupted, or they were created by hand"
            ),
            context.command("cloudflare rotate"),
        ),
    });
    findings.push(compare_endpoint(context, PROVIDER, &first.url));
    findings.push(policy(&ours, policies, subscribe));
    findings.extend(ours.iter().map(|destination| deliveries(context, destination)));
    findings.extend(rotation(context).await);
    ProviderReport { findings, endpoint: Some(first.url.clone()) }
}

/// The destinations with the URL of this installation; where that is not known, those that a policy
/// sends the alert to. Destinations that a policy serves come first.
fn ours<'a>(
    context: &Context,
    destinations: &'a [Destination],
    policies: &[Policy],
) -> Vec<&'a Destination> {
    let is_served = |one: &Destination| policies.iter().any(|policy| policy.serves(&one.id));
    let mut ours: Vec<_> = match context.endpoint_url(PROVIDER) {
        Some(url) => destinations_at(destinations, url.as_str()),
        None => destinations.iter().filter(|one| is_served(one)).collect(),
    };
    ours.sort_by_key(|one| !is_served(one));
    ours
}

fn policy(ours: &[&Destination], policies: &[Policy], subscribe: String) -> Finding {
    const CHECK: &str = "policy";
    let served = |policy: &&Policy| ours.iter().any(|one| policy.serves(&one.id));
    let switched_off = |policy: &&Policy| {
        policy.is_about_custom_hostnames() && ours.iter().any(|one| policy.sends_to(&one.id))
    };
    if let Some(policy) = policies.iter().find(served) {
        Finding::ok(CHECK, format!("{} ({}) sends to the destination", policy.id, policy.name))
    } else if let Some(policy) = policies.iter().find(switched_off) {
        Finding::error(CHECK, format!("{} ({}) is switched off", policy.id, policy.name), subscribe)
    } else {
        let detail =
            "no policy sends the alert for custom hostname certificates to the destination";
        Finding::error(CHECK, detail, subscribe)
    }
}

fn deliveries(context: &Context, destination: &Destination) -> Finding {
    const CHECK: &str = "deliveries";
    match (destination.last_success, destination.last_failure) {
        (_, Some(failure)) if destination.is_failing() => Finding::error(
            CHECK,
            format!("the last one failed, at {}", rfc3339(failure)),
            context.command(&format!("cloudflare destination test {}", destination.id)),
        ),
        (Some(success), _) => {
            Finding::ok(CHECK, format!("the last one succeeded, at {}", rfc3339(success)))
        }
        (None, _) => Finding::ok(CHECK, "none yet"),
    }
}

/// Cloudflare never shows the secret, so it cannot be compared; the endpoint's answer to the test
/// message checks it instead.
async fn rotation(context: &Context) -> Option<Finding> {
    let versions = context.secret_versions(PROVIDER).await.ok()?;
    versions.pending.map(|_| {
        let rotate = context.command("cloudflare rotate");
        Finding::warning("secret", "a rotation was interrupted", rotate)
    })
}
