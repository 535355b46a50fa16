//! `certhooks doctor`: the providers' trouble-shooting lists as a program.
//!
//! - [`words`]: its options
//! - [`look`]: what every check looks with
//! - [`here`]: the state folder: queue, dead letters
//! - [`queues`]: the queues of a stack, and their ages
//! - [`digicert`], [`cloudflare`], [`meta`]: what is configured there, compared with here
//! - [`door`]: a door, asked as its provider would ask it
//! - [`probe`]: what it answers, and how fast
//! - [`source`]: whether the provider's addresses may come in
//! - [`reach`], [`tls`]: name and certificate of an address
//! - [`report`]: a line for each finding; exit status

mod cloudflare;
mod digicert;
mod door;
mod here;
mod look;
mod meta;
pub(crate) mod probe;
mod queues;
mod reach;
mod report;
mod source;
mod tls;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::io;
use std::process::ExitCode;

use envelope::Provider;
use reqwest::Url;

use crate::client::same_address;
use crate::doctor::look::{Look, route};
use crate::doctor::report::{Finding, Report};
use crate::doctor::words::Doctor;

/// What a provider's side says.
pub(crate) struct Side {
    pub(crate) findings: Vec<Finding>,
    /// Where it sends to.
    pub(crate) endpoint: Option<String>,
}

pub(crate) async fn run(arguments: Doctor) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let look = match Box::pin(Look::open(arguments)).await {
        Ok(look) => look,
        Err(error) => return Ok(error.report(json)),
    };
    let mut report = Report::new(json);
    match examine(&look, &mut report).await {
        // Whoever read us has enough, such as `head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        examined => examined?,
    }
    Ok(report.status())
}

async fn examine(look: &Look, report: &mut Report) -> io::Result<()> {
    report.add("here", here::look(look).await)?;
    let mut reached = BTreeSet::new();
    for provider in look.providers() {
        if look.is_switched_off(provider) {
            report.add(provider.as_str(), [Finding::ok("stack", "switched off")])?;
            continue;
        }
        let side = match provider {
            Provider::Cloudflare => Box::pin(cloudflare::look(look)).await,
            Provider::Digicert => Box::pin(digicert::look(look)).await,
            Provider::Meta => Box::pin(meta::look(look)).await,
        };
        let scope = provider.as_str();
        report.add(scope, side.findings)?;
        report.add(scope, source::look(look, provider))?;
        let there = side.endpoint.as_deref().and_then(|endpoint| Url::parse(endpoint).ok());
        let Some(door) = look.door(provider).or(there) else {
            report.add(scope, [unknown(provider)])?;
            continue;
        };
        let address = (door.host_str().map(str::to_owned), door.port_or_known_default());
        if reached.insert(address) {
            report.add("here", reach::look(&door).await)?;
        }
        report.add(scope, Box::pin(door::probe(look, provider, &door)).await)?;
    }
    Ok(())
}

fn unknown(provider: Provider) -> Finding {
    let detail = format!("the address of {} is not known, so it was not asked", route(provider));
    Finding::warning("answer", detail, "name it with --endpoint, such as https://hooks.example.com")
}

/// Whether the provider sends to the door that was named; without one, whether it sends to a door.
pub(crate) fn endpoint(look: &Look, provider: Provider, there: &str) -> Finding {
    const CHECK: &str = "endpoint";
    let subscribe = look.subscribe(provider, Some(there));
    match look.door(provider) {
        Some(here) if same_address(here.as_str(), there) => Finding::ok(CHECK, there),
        Some(here) => Finding::wrong(CHECK, format!("it is {there}, not {here}"), subscribe),
        None if Url::parse(there).is_ok_and(|url| url.path().ends_with(route(provider))) => {
            Finding::ok(CHECK, format!("{there}, with nothing to compare it with (--endpoint)"))
        }
        None => {
            let detail = format!("{there} does not end with {}", route(provider));
            Finding::warning(CHECK, detail, "name the right address with --endpoint")
        }
    }
}
