use envelope::{Provider, rfc3339};
use providers::cloudflare::alerting::{Destination, Policy, Refusal};

use crate::client::CallError;
use crate::cloudflare::{Access, Account, destinations_at};
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::doctor::{Side, endpoint};
use crate::fault::Fault;
use crate::options::AtProvider;

const PROVIDER: Provider = Provider::Cloudflare;

/// Cloudflare's side.
pub(crate) async fn look(look: &Look) -> Side {
    let account = look.arguments.account.clone();
    let common = AtProvider { state: look.state.clone(), json: look.arguments.json };
    let access = Access { account, api_token_file: None, base: None, common };
    let account = match Account::open(&access, &look.environment, &look.secrets).await {
        Ok(account) => account,
        Err(fault) => {
            let mend = "set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID (or --account)";
            let findings = vec![Finding::warning("api-token", fault.text(), mend)];
            return Side { findings, endpoint: None };
        }
    };
    let there = async { Ok((account.destinations().await?, account.policies().await?)) };
    match there.await {
        Ok((destinations, policies)) => compare(look, &destinations, &policies).await,
        Err(trouble) => Side { findings: vec![refused(trouble)], endpoint: None },
    }
}

fn refused(trouble: CallError<Refusal>) -> Finding {
    let (check, mend) = match &trouble {
        CallError::Refused(Refusal::TokenRefused { .. }) => (
            "api-token",
            "set CLOUDFLARE_API_TOKEN to a token with Account, Notifications, Edit for this account",
        ),
        CallError::Refused(Refusal::NotFound) => ("account", "correct CLOUDFLARE_ACCOUNT_ID"),
        CallError::Refused(_) => ("api", "correct what it names, or try again later"),
        CallError::Unanswered(_) => ("api", "see CLOUDFLARE_API_BASE, HTTPS_PROXY and the network"),
    };
    Finding::wrong(check, Fault::from(trouble).text(), mend)
}

async fn compare(look: &Look, destinations: &[Destination], policies: &[Policy]) -> Side {
    let read =
        "Cloudflare takes it, and shows notifications; whether it may change them is not told";
    let mut findings = vec![Finding::ok("api-token", read)];
    let ours = ours(look, destinations, policies);
    let subscribe = look.subscribe(PROVIDER, None);
    let Some(first) = ours.first().copied() else {
        let detail = "no webhook destination of the account is our door";
        findings.push(Finding::wrong("destination", detail, subscribe));
        return Side { findings, endpoint: None };
    };
    findings.push(match ours.len() {
        1 => Finding::ok("destination", format!("{} ({})", first.id, first.name)),
        count => Finding::warning(
            "destination",
            format!("{count} have this address: a rotation was stopped, or they were made by hand"),
            look.command("cloudflare rotate"),
        ),
    });
    findings.push(endpoint(look, PROVIDER, &first.url));
    findings.push(policy(&ours, policies, subscribe));
    findings.extend(ours.iter().map(|destination| deliveries(look, destination)));
    findings.extend(rotation(look).await);
    Side { findings, endpoint: Some(first.url.clone()) }
}

/// Those with the address of our door; when that is not known, those that get the alert. Served ones
/// come first.
fn ours<'a>(
    look: &Look,
    destinations: &'a [Destination],
    policies: &[Policy],
) -> Vec<&'a Destination> {
    let is_served = |one: &Destination| policies.iter().any(|policy| policy.serves(&one.id));
    let mut ours: Vec<_> = match look.door(PROVIDER) {
        Some(door) => destinations_at(destinations, door.as_str()),
        None => destinations.iter().filter(|one| is_served(one)).collect(),
    };
    ours.sort_by_key(|one| !is_served(one));
    ours
}

fn policy(ours: &[&Destination], policies: &[Policy], subscribe: String) -> Finding {
    const CHECK: &str = "policy";
    let served = |policy: &&Policy| ours.iter().any(|one| policy.serves(&one.id));
    let silent = |policy: &&Policy| {
        policy.is_about_custom_hostnames() && ours.iter().any(|one| policy.sends_to(&one.id))
    };
    if let Some(policy) = policies.iter().find(served) {
        Finding::ok(CHECK, format!("{} ({}) sends to it", policy.id, policy.name))
    } else if let Some(policy) = policies.iter().find(silent) {
        Finding::wrong(CHECK, format!("{} ({}) is switched off", policy.id, policy.name), subscribe)
    } else {
        let detail = "none sends the alert for custom hostname certificates to it";
        Finding::wrong(CHECK, detail, subscribe)
    }
}

fn deliveries(look: &Look, destination: &Destination) -> Finding {
    const CHECK: &str = "deliveries";
    match (destination.last_success, destination.last_failure) {
        (_, Some(failure)) if destination.is_failing() => Finding::wrong(
            CHECK,
            format!("the last one was not taken, at {}", rfc3339(failure)),
            look.command(&format!("cloudflare destination test {}", destination.id)),
        ),
        (Some(success), _) => {
            Finding::ok(CHECK, format!("the last one was taken, at {}", rfc3339(success)))
        }
        (None, _) => Finding::ok(CHECK, "none yet"),
    }
}

/// Cloudflare never shows the secret: what a comparison would tell, the answer of the door does.
async fn rotation(look: &Look) -> Option<Finding> {
    let versions = look.versions(PROVIDER).await.ok()?;
    versions.pending.map(|_| {
        let rotate = look.command("cloudflare rotate");
        Finding::warning("secret", "a rotation was stopped half way", rotate)
    })
}
