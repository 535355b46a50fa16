//! `certhooks doctor`: the providers' trouble-shooting lists as a program.
//!
//! - [`args`], [`context`]: its arguments, and what every check needs
//! - [`report`]: runs tables of checks, prints a line for each finding; exit status
//! - [`state_folder`], [`stack_queues`]: queues, dead letters and canary of an installation
//! - [`lists`], [`clock`]: the age of the lists of trust anchors and of logs; whether this machine's clock is right
//! - [`probe`]: requests to a webhook endpoint, as its provider would send them
//! - [`api_key`]: whether the worker of a state folder can call a provider
//! - [`source_range`]: whether the provider's addresses are allowed
//! - [`reachability`], [`tls`]: DNS and TLS certificate of an endpoint's address
//!
//! The checks of a provider's own configuration are in the provider's folder.

mod api_key;
pub(crate) mod args;
mod clock;
mod context;
mod lists;
mod probe;
mod reachability;
mod report;
mod source_range;
#[cfg(feature = "aws")]
pub(crate) mod stack_queues;
pub(crate) mod state_folder;
mod tls;

use std::collections::BTreeSet;
use std::io;
use std::process::ExitCode;

use clap::ArgMatches;
use envelope::Provider;
use providers::profile;
use reqwest::Url;
use time::OffsetDateTime;

pub(crate) use self::context::Context;
use self::context::NAME_ENDPOINT;
pub(crate) use self::probe::{LIMIT, ProbeResult, probe};
#[cfg(test)]
pub(crate) use self::report::Level;
pub(crate) use self::report::{Checks, Finding, Report};
use crate::client::{has_route, same_address};
use crate::doctor::args::Doctor;
use crate::error::CommandResult;
use crate::rows;

/// The scope of findings about the installation and its address.
const INSTALLATION: &str = "installation";

/// The checks of a webhook endpoint.
const ENDPOINT_CHECKS: Checks<probe::Subject> = &[
    ("answer", |context, subject| Box::pin(probe::answer(context, subject))),
    ("answer-to-key", |context, subject| Box::pin(probe::answer_to_key(context, subject))),
    ("secret-length", |context, subject| Box::pin(probe::secret_length(context, subject))),
];

pub(crate) async fn run(arguments: Doctor, matches: &ArgMatches) -> CommandResult<ExitCode> {
    let mut report = Report::new(arguments.common.json);
    let context = Box::pin(Context::open(arguments, matches.clone())).await?;
    match check_all(&context, &mut report).await {
        // The reader has read enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        outcome => outcome?,
    }
    Ok(report.status())
}

async fn check_all(context: &Context, report: &mut Report) -> io::Result<()> {
    for (check, finding) in context.installation.check().await {
        report.add(INSTALLATION, check, finding)?;
    }
    let now = OffsetDateTime::now_utc();
    report.add(INSTALLATION, "trust-anchors", lists::anchors(now))?;
    report.add(INSTALLATION, "ct-logs", lists::logs(now))?;
    let (mut checked_addresses, mut is_clock_checked) = (BTreeSet::new(), false);
    for provider in context.providers() {
        let scope = provider.as_str();
        if context.installation.endpoint(provider).is_err() {
            report.add(scope, "stack", Finding::ok("switched off"))?;
            continue;
        }
        let row = rows::of(provider);
        // A provider whose configuration cannot be read may well not be in use.
        let is_readable = row.is_some() && profile::of(provider).has_call_backs;
        let is_expected = is_readable || context.is_named(provider);
        let key = if is_expected { api_key::check(context, provider).await } else { None };
        let configured = match (key, row) {
            (Some(finding), _) => {
                let name = profile::of(provider).api.key_name.to_lowercase().replace(' ', "-");
                report.add(scope, &name, finding)?;
                None
            }
            (None, Some(row)) => (row.doctor)(context, report).await?,
            (None, None) => None,
        };
        if configured.is_some()
            && !std::mem::replace(&mut is_clock_checked, true)
            && let Some(finding) = clock::check(context, provider).await
        {
            report.add(INSTALLATION, "clock-skew", finding)?;
        }
        if let Some(finding) = source_range::check(context, provider) {
            report.add(scope, "source-range", finding)?;
        }
        let configured = configured.and_then(|endpoint| Url::parse(&endpoint).ok());
        let endpoint = match context.endpoint_url(provider).or(configured) {
            Some(public) => {
                let address =
                    (public.host_str().map(str::to_owned), public.port_or_known_default());
                if checked_addresses.insert(address) {
                    for (check, finding) in reachability::check(&public).await {
                        report.add(INSTALLATION, check, finding)?;
                    }
                }
                public
            }
            None if !is_expected => continue,
            None => {
                let running = context.running_url(provider);
                let finding = unknown_address(context, provider, running.as_ref());
                report.add(scope, "address", finding)?;
                let Some(running) = running else { continue };
                running
            }
        };
        let subject = probe::Subject::new(provider, endpoint).map_err(io::Error::other)?;
        report.run(scope, ENDPOINT_CHECKS, context, &subject).await?;
    }
    Ok(())
}

/// The public address is not known, but perhaps that of the process on this machine.
fn unknown_address(context: &Context, provider: Provider, running: Option<&Url>) -> Finding {
    let route = profile::of(provider).route;
    match running {
        Some(url) if embedded::is_simulated(&context.common().state) => {
            Finding::ok(format!("{url}, to which the simulated provider sends"))
        }
        Some(url) => Finding::warning(
            format!("{url} here; the public address is not known, so only this one is checked"),
            NAME_ENDPOINT,
        ),
        None => Finding::warning(
            format!("that of {route} is not known, so no request was sent to it"),
            NAME_ENDPOINT,
        ),
    }
}

/// Whether the provider sends to the webhook endpoint of this installation; where its URL is not
/// known, whether the URL has the route of a webhook endpoint.
pub(crate) fn compare_endpoint(
    context: &Context,
    provider: Provider,
    configured: &str,
    subscribe: String,
) -> Finding {
    let route = profile::of(provider).route;
    match context.endpoint_url(provider) {
        Some(expected) if same_address(expected.as_str(), configured) => Finding::ok(configured),
        Some(expected) => Finding::error(format!("it is {configured}, not {expected}"), subscribe),
        None if has_route(provider, configured) => {
            Finding::ok(format!("{configured}; without --endpoint it is compared with nothing"))
        }
        None => Finding::warning(format!("{configured} does not end with {route}"), NAME_ENDPOINT),
    }
}
