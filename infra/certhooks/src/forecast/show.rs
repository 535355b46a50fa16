use envelope::rfc3339;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::forecast::load::{Limits, Load};
use crate::forecast::plan::Plan;
use crate::output::{Output, count, say};
use crate::table::{Column, Emphasis, SafeText, Table, bars};

/// The columns of plans.
const COLUMNS: [Column; 7] = [
    Column { title: "validity", width: 8, least: 8 },
    Column { title: "renewals/day", width: 12, least: 12 },
    Column { title: "busiest day", width: 11, least: 11 },
    Column { title: "calls/day", width: 9, least: 9 },
    Column { title: "of budget", width: 9, least: 9 },
    Column { title: "acm/day", width: 7, least: 7 },
    Column { title: "of quota", width: 8, least: 8 },
];

pub(crate) fn text(loads: &[Load], limits: &Limits, now: OffsetDateTime, output: Output) {
    let Some(first) = loads.first() else { return };
    let days = first.days.len();
    say!(
        "{} to renew, counted for {}",
        count(first.certificates, "certificate"),
        count(days, "day")
    );
    let table = Table::new(&COLUMNS);
    output.styled([table.header()]);
    output.styled(loads.iter().map(|load| line(&table, load, limits)));
    for limit in &limits.providers {
        let room = match limit.calls_per_day {
            Some(calls) => format!("{calls} calls a day"),
            None => "no limit".to_owned(),
        };
        let (name, calls) = (limit.provider.title(), limit.calls_per_renewal);
        say!("{name}: {calls:.1} calls a renewal; budget {}: {room}", limit.budget);
    }
    say!("ACM: {} imports in 365 days, {:.1} a day", limits.acm_quota, limits.imports_per_day());
    for load in loads.iter().filter(|load| load.plan == Plan::ByDate) {
        say!("\nrenewals in a month, by date");
        output.styled(bars(&months(&load.days, now)));
    }
    say!("\nrenewals a day, by validity");
    let plans = loads.iter().map(|load| (load.plan.name(), load.per_day(load.renewals())));
    output.styled(bars(&plans.collect::<Vec<_>>()));
}

fn line(table: &Table, load: &Load, limits: &Limits) -> SafeText {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0))
    };
    let (calls, of_budget) =
        load.tightest(limits).map_or((None, None), |(calls, share)| (Some(calls), share));
    let imports = load.per_day(load.imports);
    let of_quota = imports / limits.imports_per_day();
    let emphasis = match of_quota > 1.0 || of_budget.is_some_and(|share| share > 1.0) {
        true => Emphasis::Warning,
        false => Emphasis::Plain,
    };
    let cells: [&str; 7] = [
        &load.plan.name(),
        &format!("{:.1}", load.per_day(load.renewals())),
        &load.busiest.1.to_string(),
        &calls.map_or_else(|| "-".to_owned(), |calls| format!("{calls:.0}")),
        &percent(of_budget),
        &format!("{imports:.1}"),
        &percent(Some(of_quota)),
    ];
    table.row(emphasis, &cells, "")
}

/// The sum of each month; the first and the last are parts of one.
fn months(days: &[u32], now: OffsetDateTime) -> Vec<(String, f64)> {
    let mut months: Vec<(String, f64)> = Vec::new();
    for (day, renewals) in days.iter().enumerate() {
        let month = date(now, day)[..7].to_owned();
        match months.last_mut() {
            Some((last, sum)) if *last == month => *sum += f64::from(*renewals),
            _ => months.push((month, f64::from(*renewals))),
        }
    }
    months
}

fn date(now: OffsetDateTime, day: usize) -> String {
    let days = Duration::days(i64::try_from(day).unwrap_or_default());
    rfc3339(now + days)[..10].to_owned()
}

/// Each plan for programs, on a line.
pub(crate) fn objects(loads: &[Load], limits: &Limits, now: OffsetDateTime) {
    loads.iter().for_each(|load| say!("{}", object(load, limits, now)));
}

fn object(load: &Load, limits: &Limits, now: OffsetDateTime) -> Value {
    let (busiest, most) = load.busiest;
    let providers = limits.providers.iter().zip(&load.calls).map(|(limit, calls)| {
        json!({
            "provider": limit.provider,
            "calls_per_renewal": rounded(limit.calls_per_renewal),
            "busiest_day_calls": rounded(*calls),
            "budget": limit.budget,
            "budget_calls_per_day": limit.calls_per_day,
            "budget_share": limit.share(*calls).map(rounded),
        })
    });
    let imports = load.per_day(load.imports);
    let validity = match load.plan {
        Plan::Days(days) => Some(days),
        Plan::AsIs | Plan::ByDate => None,
    };
    json!({
        "plan": load.plan.name(),
        "validity_days": validity,
        "certificates": load.certificates,
        "days": load.days.len(),
        "renewals": load.renewals(),
        "renewals_per_day": rounded(load.per_day(load.renewals())),
        "busiest_day": { "date": date(now, busiest), "renewals": most },
        "renewals_by_day": load.days,
        "from": date(now, 0),
        "providers": providers.collect::<Vec<_>>(),
        "acm": {
            "imports_per_day": rounded(imports),
            "quota_per_day": rounded(limits.imports_per_day()),
            "quota": limits.acm_quota,
            "quota_share": rounded(imports / limits.imports_per_day()),
        },
    })
}

/// To six decimals: parts of a large budget are small.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_month_is_the_sum_of_its_days() {
        let now = datetime!(2026-12-30 12:00 UTC);
        let months = months(&[1, 2, 4, 8], now);
        assert_eq!(months, [("2026-12".to_owned(), 3.0), ("2027-01".to_owned(), 12.0)]);
    }
}
