//! `certhooks reconcile`: recovers events that CertCentral failed to send.
//!
//! - [`args`]: its options
//! - [`show`]: what a run found, for people and for programs

pub(crate) mod args;
mod show;

use std::process::ExitCode;

use boot::Environment;
use embedded::{LocalSecrets, Options, State};
use providers::digicert::API_KEY;
use reconciliation::{Job, Ports, Reconciler, Report, Settings};

use self::args::Reconcile;
use crate::credentials::ResolvedKey;
use crate::digicert::{api_key, base};
use crate::error::{CommandError, CommandResult};
use crate::keys;
use crate::output::Output;
use crate::stack::Stack;

pub(crate) async fn run(arguments: Reconcile) -> ExitCode {
    match reconcile(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(arguments.access.common.json),
    }
}

async fn reconcile(arguments: &Reconcile) -> CommandResult<()> {
    let environment = Environment::of_process();
    let base = base(arguments.access.base.as_deref(), arguments.access.eu, &environment)?;
    let environment = environment.with("DIGICERT_API_BASE", base.as_str());
    let settings = Settings::from_environment(&environment)?;
    let window_minutes = arguments.window.unwrap_or(settings.window_minutes);
    let job = Job { window_minutes, is_dry_run: arguments.dry_run, deadline: None };
    let report = match &arguments.installation.stack {
        Some(name) => on_stack(arguments, name, &environment, &settings, &job).await?,
        None => on_state_folder(arguments, &environment, &settings, &job).await?,
    };
    show::report(Output { json: arguments.access.common.json }, &report);
    match (&report.left, report.counts.still_missing) {
        (Some(left), _) => Err(CommandError::failed(left)),
        (None, 0) => Ok(()),
        (None, count) => Err(CommandError::failed(format!(
            "{count} still missing more than an hour after they were put on the queue; check that the \
             worker is running, its log, and the dead letters (`certhooks dead-letters list`)"
        ))),
    }
}

async fn on_state_folder(
    arguments: &Reconcile,
    environment: &Environment,
    settings: &Settings,
    job: &Job,
) -> CommandResult<Report> {
    let folder = &arguments.access.common.state;
    let secrets = LocalSecrets::new(folder, keys::variable(environment));
    let key = ResolvedKey(api_key(&arguments.access, environment, &secrets).await?);
    // Beside `certhooks local`, which takes it from the queue.
    let state = State::join(folder, Options::default())?;
    let ports = Ports { events: state.events(), ledger: state.ledger(), key };
    Ok(Reconciler::new(settings, ports)?.run(job).await?)
}

/// Reconciles a stack, with its own API key unless an option or variable names another.
async fn on_stack(
    arguments: &Reconcile,
    name: &str,
    environment: &Environment,
    settings: &Settings,
    job: &Job,
) -> CommandResult<Report> {
    let access = &arguments.access;
    let stack = Stack::open(environment, name).await?;
    let key = if access.names_key() || environment.optional(API_KEY.variable).is_some() {
        let secrets = LocalSecrets::new(&access.common.state, keys::variable(environment));
        Some(ResolvedKey(api_key(access, environment, &secrets).await?))
    } else {
        None
    };
    stack.reconcile(settings, key, job).await
}
