use std::io;

use envelope::rfc3339;
use providers::cloudflare::admin::{Destination, Policy};
use providers::refusal::Kind;

use super::args::Access;
use super::session::{PROVIDER, Session, destinations_at};
use crate::client::CallError;
use crate::doctor::{Checks, Context, Finding, Report, compare_endpoint};
use crate::error::CommandError;

/// The destinations of this installation, at least one, and the policies of the account.
struct Subject {
    destinations: Vec<Destination>,
    policies: Vec<Policy>,
}

const CHECKS: Checks<Subject> = &[
    ("destination", |context, subject| Box::pin(async { Some(destination(context, subject)) })),
    ("endpoint", |context, subject| {
        Box::pin(async {
            let url = &subject.destinations[0].url;
            Some(compare_endpoint(context, PROVIDER, url, subscribe(context, Some(url))))
        })
    }),
    ("policy", |context, subject| Box::pin(async { Some(policy(context, subject)) })),
    ("deliveries", |context, subject| Box::pin(async { Some(deliveries(context, subject)) })),
    ("secret", |context, _| Box::pin(rotation(context))),
];

/// Checks the webhook destinations and notification policies of the Cloudflare account, and returns the
/// address that it sends to.
pub(super) async fn check(context: &Context, report: &mut Report) -> io::Result<Option<String>> {
    let account = context.matches.get_one("account").cloned();
    let common = context.common().clone();
    let access = Access { account, api_token_file: None, base: None, common };
    let session = match Session::open(&access).await {
        Ok(session) => session,
        Err(error) => {
            let fix = "set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID (or --account)";
            report.add(PROVIDER.as_str(), "api-token", Finding::warning(error.message(), fix))?;
            return Ok(None);
        }
    };
    let configuration = async { Ok((session.destinations().await?, session.policies().await?)) };
    let (all, policies) = match configuration.await {
        Ok(configuration) => configuration,
        Err(error) => {
            let (check, finding) = refused(error);
            report.add(PROVIDER.as_str(), check, finding)?;
            return Ok(None);
        }
    };
    let detail = "the token can read notifications; whether it can change them is not checked";
    report.add(PROVIDER.as_str(), "api-token", Finding::ok(detail))?;
    let subject = Subject { destinations: ours(context, &all, &policies), policies };
    let Some(first) = subject.destinations.first() else {
        let detail = "no webhook destination of the account has the URL of this installation";
        let none = Finding::error(detail, subscribe(context, None));
        report.add(PROVIDER.as_str(), "destination", none)?;
        return Ok(None);
    };
    report.run(PROVIDER.as_str(), CHECKS, context, &subject).await?;
    Ok(Some(first.url.clone()))
}

fn refused(error: CallError) -> (&'static str, Finding) {
    let (check, fix) = match error.refusal().map(|refusal| refusal.kind) {
        Some(Kind::KeyRefused) => (
            "api-token",
            "set CLOUDFLARE_API_TOKEN to a token with the permission Account, Notifications, Edit for this \
             account",
        ),
        Some(Kind::NotFound) => ("account", "correct CLOUDFLARE_ACCOUNT_ID"),
        Some(_) => ("api", "correct what the message names, or try again later"),
        None => ("api", "check CLOUDFLARE_API_BASE, HTTPS_PROXY and the network"),
    };
    (check, Finding::error(CommandError::from(error).message(), fix))
}

fn subscribe(context: &Context, endpoint: Option<&str>) -> String {
    context.subscribe("cloudflare subscribe", PROVIDER, endpoint)
}

/// The destinations with the URL of this installation; where that is not known, those that a policy
/// sends the alert to. Destinations that a policy serves come first.
fn ours(context: &Context, all: &[Destination], policies: &[Policy]) -> Vec<Destination> {
    let is_served = |one: &Destination| policies.iter().any(|policy| policy.serves(&one.id));
    let mut ours: Vec<_> = match context.endpoint_url(PROVIDER) {
        Some(url) => destinations_at(all, url.as_str()),
        None => all.iter().filter(|one| is_served(one)).collect(),
    };
    ours.sort_by_key(|one| !is_served(one));
    ours.into_iter().cloned().collect()
}

fn destination(context: &Context, subject: &Subject) -> Finding {
    match subject.destinations.as_slice() {
        [one] => Finding::ok(format!("{} ({})", one.id, one.name)),
        several => Finding::warning(
            format!(
                "{} have this URL: a rotation was interrupted, or they were created by hand",
                several.len()
            ),
            context.command("cloudflare rotate"),
        ),
    }
}

fn policy(context: &Context, Subject { destinations, policies }: &Subject) -> Finding {
    let served = |policy: &&Policy| destinations.iter().any(|one| policy.serves(&one.id));
    let switched_off = |policy: &&Policy| {
        policy.is_about_custom_hostnames()
            && destinations.iter().any(|one| policy.sends_to(&one.id))
    };
    let endpoint = destinations.first().map(|destination| destination.url.as_str());
    if let Some(policy) = policies.iter().find(served) {
        Finding::ok(format!("{} ({}) sends to the destination", policy.id, policy.name))
    } else if let Some(policy) = policies.iter().find(switched_off) {
        let detail = format!("{} ({}) is switched off", policy.id, policy.name);
        Finding::error(detail, subscribe(context, endpoint))
    } else {
        let detail =
            "no policy sends the alert for custom hostname certificates to the destination";
        Finding::error(detail, subscribe(context, endpoint))
    }
}

/// Of several destinations, one whose last notification failed is reported.
fn deliveries(context: &Context, Subject { destinations, .. }: &Subject) -> Finding {
    let failing = destinations.iter().find(|destination| destination.is_failing());
    let reported = failing.unwrap_or(&destinations[0]);
    match (reported.last_success, reported.last_failure) {
        (_, Some(failure)) if reported.is_failing() => Finding::error(
            format!("the last one failed, at {}", rfc3339(failure)),
            context.command(&format!("cloudflare destination test {}", reported.id)),
        ),
        (Some(success), _) => {
            Finding::ok(format!("the last one succeeded, at {}", rfc3339(success)))
        }
        (None, _) => Finding::ok("none yet"),
    }
}

/// Cloudflare never shows the secret, so it cannot be compared; the endpoint's answer to the test
/// message checks it instead.
async fn rotation(context: &Context) -> Option<Finding> {
    let versions = context.installation.webhook_secret(PROVIDER).await.ok()?;
    let interrupted =
        |_| Finding::warning("a rotation was interrupted", context.command("cloudflare rotate"));
    versions.pending.map(interrupted)
}
