//! What the renewals of the certificates take, as they are and under the shorter validities to come.
//!
//! - [`plan`]: when each certificate is renewed, by which validity
//! - [`load`]: what that takes of the providers' budgets and of ACM's quota
//! - [`show`]: the same for people, as a table and a picture, and for programs

mod load;
mod plan;
mod show;

use boot::Environment;
use clap::{Args, value_parser};
use processing::Budget;
use providers::profile::{self, Profile};
use time::OffsetDateTime;

use crate::args::{CommonArgs, StackArgs};
use crate::error::{CommandError, CommandResult};
use crate::forecast::load::{Limits, Load, ProviderLimit};
use crate::forecast::plan::{Plan, Planned};
use crate::installation::{self, Installation};
use crate::inventory::{self, Filter, Reading, Row};
use crate::output::Output;

/// Certificates that an account may import into ACM in a Region within 365 days (AWS Certificate Manager User Guide,
/// "Quotas", <https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html>, "Number of imported certificates per
/// year"; 2,500 of them at a time).
const ACM_QUOTA: u32 = 5000;

/// Counts renewals, API calls and imports into ACM a day, now and under the limits to come
///
/// Counts for the certificates to renew: those that are valid and have no replacement. Each is renewed when the last
/// third of its validity begins, or its last 30 days. The rows: `as is`, every renewal is valid for as long as today;
/// `by date`, as the CA/Browser Forum's ballot SC-081v3 allows on its day (200 days, 100 from 2027-03-15, 47 from
/// 2029-03-15); 199, 100 and 47 days, as if each had been the limit for long. A certificate that is valid for longer
/// than public CAs may issue is held to none of them.
///
/// Calls are those of the provider's busiest day, at as many for a renewal as the ledger has seen, against what its
/// budget leaves to the workers. Imports are those of certificates that came as PEM; select those that you import with
/// the options of the selection.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  certhooks forecast\n  \
    certhooks forecast --days 1200 --name .example.com\n  \
    certhooks forecast --provider digicert --acm-quota 20000 --stack certhooks --json\n\n\
    Exit status: 0 counted, also where there is nothing to renew; 1 failed; 2 wrong usage.")]
pub(crate) struct Forecast {
    #[command(flatten)]
    filter: Filter,
    /// Number of days to count, from now on
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = value_parser!(u16).range(1..=3650), allow_negative_numbers = true)]
    days: u16,
    /// Certificates that an account may import into ACM within 365 days
    #[arg(long, value_name = "N", default_value_t = ACM_QUOTA, value_parser = value_parser!(u32).range(1..), allow_negative_numbers = true)]
    acm_quota: u32,
    #[command(flatten)]
    stack: StackArgs,
    #[command(flatten)]
    common: CommonArgs,
}

pub(crate) async fn run(arguments: &Forecast) -> CommandResult<()> {
    let Forecast { filter, days, acm_quota, stack, common } = arguments;
    let environment = Environment::of_process();
    let installation = installation::open(stack, &common.state, &environment).await?;
    let output = Output { json: common.json };
    let reading = Reading::new(output);
    let all = inventory::read(&*installation, &|read| reading.on_page(read)).await?;
    let now = OffsetDateTime::now_utc();
    let selected: Vec<_> = all.iter().filter(|row| filter.selects(row, now)).collect();
    let limits = Limits {
        providers: provider_limits(&selected, &*installation, &environment)?,
        acm_quota: *acm_quota,
    };
    let loads: Vec<_> = Plan::ALL
        .into_iter()
        .map(|plan| Load::of(Planned::new(plan, &selected, now, (*days).into()), &limits))
        .collect();
    match common.json {
        true => show::objects(&loads, &limits, now),
        false => show::text(&loads, &limits, now, output),
    }
    reading.end();
    Ok(())
}

/// The budget of each provider whose certificates are selected.
fn provider_limits(
    selected: &[&Row],
    installation: &dyn Installation,
    environment: &Environment,
) -> CommandResult<Vec<ProviderLimit>> {
    let rows_of = |profile: &'static Profile| {
        let is_its = |row: &&&Row| row.source.provider == Some(profile.provider);
        selected.iter().filter(is_its).copied().collect::<Vec<_>>()
    };
    let called = profile::ALL.into_iter().filter(|profile| profile.has_call_backs);
    let with_rows = called.map(|profile| (profile, rows_of(profile)));
    let present = with_rows.filter(|(_, rows)| !rows.is_empty());
    present
        .map(|(profile, rows)| {
            let variable = profile.api.budget_variable;
            let set = installation.worker_setting(environment, variable);
            let text = set.unwrap_or_else(|| profile.api.budget.to_owned());
            let budget: Budget = text
                .parse()
                .map_err(|form| CommandError::usage(format!("{variable}: `{text}`: {form}")))?;
            Ok(ProviderLimit::new(profile.provider, &rows, text, &budget))
        })
        .collect()
}
