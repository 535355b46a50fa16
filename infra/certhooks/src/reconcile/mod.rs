//! `certhooks reconcile`: what CertCentral failed to send.
//!
//! - [`words`]: what may be typed
//! - [`show`]: what a run found, for people and for programs

mod show;
pub(crate) mod words;

use std::process::ExitCode;

use boot::Environment;
use embedded::{LocalSecrets, Options, State};
use ports::{PortResult, SecretSource, SecretVersions};
use providers::digicert::API_KEY;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};
use secrecy::SecretString;

use self::words::Reconcile;
use crate::digicert::{api_key, base};
use crate::fault::{Fault, Outcome};
use crate::keys;
use crate::output::Output;
use crate::stack::Stack;

/// An API key that was found already.
pub(crate) struct Given(pub(crate) SecretString);

impl SecretSource for Given {
    async fn current(&self) -> PortResult<SecretVersions> {
        Ok(SecretVersions { current: Some(self.0.clone()), ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

pub(crate) async fn run(arguments: Reconcile) -> ExitCode {
    match obey(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => fault.report(arguments.access.common.json),
    }
}

async fn obey(arguments: &Reconcile) -> Outcome<()> {
    let environment = Environment::of_process();
    let address = base(arguments.access.base.as_deref(), arguments.access.eu, &environment)?;
    let environment = environment.with("DIGICERT_API_BASE", address.as_str());
    let settings = Settings::from_environment(&environment)?;
    let window_minutes = arguments.window.unwrap_or(settings.window_minutes);
    let job = Job { window_minutes, is_dry_run: arguments.dry_run, deadline: None };
    let report = match &arguments.here.stack {
        Some(name) => on_stack(arguments, name, &environment, &settings, &job).await?,
        None => here(arguments, &environment, &settings, &job).await?,
    };
    show::report(Output { json: arguments.access.common.json }, &report);
    match (&report.left, report.counts.still_missing) {
        (Some(left), _) => Err(Fault::failed(left)),
        (None, 0) => Ok(()),
        (None, count) => Err(Fault::failed(format!(
            "{count} still missing, an hour and more after they were put on the queue: see that the \
             worker runs, its log, and the dead letters"
        ))),
    }
}

async fn here(
    arguments: &Reconcile,
    environment: &Environment,
    settings: &Settings,
    job: &Job,
) -> Outcome<Report> {
    let folder = &arguments.access.common.state;
    let secrets = LocalSecrets::new(folder, keys::variable(environment));
    let key = Given(api_key(&arguments.access, environment, &secrets).await?);
    // Beside `certhooks local`, which takes it from the queue.
    let state = State::join(folder, Options::default())?;
    let ports = Ports { events: state.events(), ledger: state.ledger(), key };
    Ok(Reconciler::new(settings, ports)?.run(job).await?)
}

/// With the stack's own key, unless another is named.
async fn on_stack(
    arguments: &Reconcile,
    name: &str,
    environment: &Environment,
    settings: &Settings,
    job: &Job,
) -> Outcome<Report> {
    let access = &arguments.access;
    let stack = Stack::open(environment, name).await?;
    let key = if access.names_key() || environment.optional(API_KEY.variable).is_some() {
        let secrets = LocalSecrets::new(&access.common.state, keys::variable(environment));
        Some(Given(api_key(access, environment, &secrets).await?))
    } else {
        None
    };
    stack.reconcile(settings, key, job).await
}
