//! `certhooks doctor`: the providers' error-shooting lists as a program.
//!
//! - [`args`]: its arguments
//! - [`context`]: what every check needs
//! - [`installation`]: the state folder: queue, dead letters, scheduled canary
//! - [`stack_queues`]: the queues of a stack, and the ages of their oldest messages
//! - [`digicert`], [`cloudflare`], [`meta`]: the provider's configuration, compared with the
//!   installation
//! - [`endpoint`]: requests to a webhook endpoint, as its provider would send them
//! - [`probe`]: sends such a request, and classifies the answer
//! - [`source_range`]: whether the provider's addresses are allowed
//! - [`reachability`], [`tls`]: DNS and TLS certificate of an endpoint's address
//! - [`report`]: prints a line for each finding; exit status

pub(crate) mod args;
mod cloudflare;
mod context;
mod digicert;
mod endpoint;
mod installation;
mod meta;
pub(crate) mod probe;
mod reachability;
mod report;
mod source_range;
mod stack_queues;
mod tls;

use std::collections::BTreeSet;
use std::io;
use std::process::ExitCode;

use envelope::Provider;
use providers::profile;
use reqwest::Url;

use crate::client::same_address;
use crate::doctor::args::Doctor;
use crate::doctor::context::Context;
use crate::doctor::report::{Finding, Report};

/// The findings about a provider's configuration.
pub(crate) struct ProviderReport {
    pub(crate) findings: Vec<Finding>,
    /// The URL that the provider sends to; `None` where it could not be read or none is configured.
    pub(crate) endpoint: Option<String>,
}

pub(crate) async fn run(arguments: Doctor) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let context = match Box::pin(Context::open(arguments)).await {
        Ok(context) => context,
        Err(error) => return Ok(error.report(json)),
    };
    let mut report = Report::new(json);
    match run_checks(&context, &mut report).await {
        // The reader has read enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        outcome => outcome?,
    }
    Ok(report.status())
}

async fn run_checks(context: &Context, report: &mut Report) -> io::Result<()> {
    report.add("here", installation::check(context).await)?;
    let mut checked_addresses = BTreeSet::new();
    for provider in context.providers() {
        if context.is_switched_off(provider) {
            report.add(provider.as_str(), [Finding::ok("stack", "switched off")])?;
            continue;
        }
        let at_provider = match provider {
            Provider::CLOUDFLARE => Box::pin(cloudflare::check(context)).await,
            Provider::DIGICERT => Box::pin(digicert::check(context)).await,
            Provider::META => Box::pin(meta::check(context)).await,
        };
        let scope = provider.as_str();
        report.add(scope, at_provider.findings)?;
        report.add(scope, source_range::check(context, provider))?;
        let configured =
            at_provider.endpoint.as_deref().and_then(|endpoint| Url::parse(endpoint).ok());
        let Some(endpoint) = context.endpoint_url(provider).or(configured) else {
            report.add(scope, [unknown_endpoint(provider)])?;
            continue;
        };
        let address = (endpoint.host_str().map(str::to_owned), endpoint.port_or_known_default());
        if checked_addresses.insert(address) {
            report.add("here", reachability::check(&endpoint).await)?;
        }
        report.add(scope, Box::pin(endpoint::check(context, provider, &endpoint)).await)?;
    }
    Ok(())
}

fn unknown_endpoint(provider: Provider) -> Finding {
    let detail = format!(
        "the address of {} is not known, so no request was sent to it",
        profile::of(provider).route
    );
    Finding::warning("answer", detail, "name it with --endpoint, such as https://hooks.example.com")
}

/// Whether the provider sends to the webhook endpoint of this installation; where its URL is not
/// known, whether the URL has the route of a webhook endpoint.
pub(crate) fn compare_endpoint(context: &Context, provider: Provider, configured: &str) -> Finding {
    const CHECK: &str = "endpoint";
    let subscribe = context.subscribe_command(provider, Some(configured));
    match context.endpoint_url(provider) {
        Some(expected) if same_address(expected.as_str(), configured) => {
            Finding::ok(CHECK, configured)
        }
        Some(expected) => {
            Finding::error(CHECK, format!("it is {configured}, not {expected}"), subscribe)
        }
        None if Url::parse(configured)
            .is_ok_and(|url| url.path().ends_with(profile::of(provider).route)) =>
        {
            let detail = format!("{configured}; without --endpoint it is compared with nothing");
            Finding::ok(CHECK, detail)
        }
        None => {
            let detail = format!("{configured} does not end with {}", profile::of(provider).route);
            Finding::warning(CHECK, detail, "name the right address with --endpoint")
        }
    }
}
