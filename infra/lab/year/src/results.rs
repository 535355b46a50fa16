use std::collections::HashSet;
use std::fmt::Write;
use std::time::Duration as Elapsed;

use anyhow::Result;
use time::{Duration, OffsetDateTime};

use crate::plan::{Issuance, Kind, Plan, Scale};
use crate::run::{Observed, Seen};

/// Interval at which reconciliation reads Cert Spotter's lists, which show what a lost webhook was about.
const LISTED: Duration = Duration::HOUR;
/// The worker's share of CertCentral's 1000 calls in three minutes.
const SHARE: f64 = 800.0;
const WINDOW: Duration = Duration::minutes(3);
/// How much longer than that a mass revocation may take, and how long new events take meanwhile, at p99.
const MASS_RATIO: f64 = 1.2;
const MASS_P99: Duration = Duration::seconds(30);

/// Since when something can be found, and when it was.
type Found = (OffsetDateTime, Option<OffsetDateTime>);
/// What is to be found, within which time, about which issuances, and when it was.
type Promise = (&'static str, Duration, fn(&Issuance) -> bool, fn(&Issuance, &Seen) -> Found);

/// What is promised of single issuances.
fn promises(scale: &Scale) -> [Promise; 8] {
    let (round, grace) = (scale.round(), scale.grace());
    [
        (
            "issuances",
            round * 2,
            |it| it.kind == Kind::Ordered && !it.is_webhook_lost,
            |it, seen| (it.announced, seen.issued),
        ),
        (
            "issuances, webhook lost",
            round * 2,
            |it| it.kind == Kind::Ordered && it.is_webhook_lost,
            |it, seen| (it.announced, seen.issued),
        ),
        (
            "issuances after their revocation, marked as stale",
            round,
            |it| it.is_announced_after_revocation() && !it.is_revoked_with_all(),
            |it, seen| (it.announced, seen.issued.filter(|_| seen.is_stale)),
        ),
        (
            "certificates of the logs",
            round,
            |it| !it.is_log_webhook_lost,
            |it, seen| (it.logged, seen.observed),
        ),
        (
            "certificates of the logs, webhook lost",
            LISTED + round,
            |it| it.is_log_webhook_lost,
            |it, seen| (it.logged, seen.observed),
        ),
        (
            "of them expected",
            grace + LISTED + round,
            |it| !it.kind.is_rogue(),
            |it, seen| (it.logged, seen.expected),
        ),
        (
            "rogue certificates",
            grace + round,
            |it| it.kind.is_rogue() && !it.is_log_webhook_lost,
            |it, seen| (it.logged, seen.unexpected),
        ),
        (
            "rogue certificates, webhook lost",
            grace + LISTED + round,
            |it| it.kind.is_rogue() && it.is_log_webhook_lost,
            |it, seen| (it.logged, seen.unexpected),
        ),
    ]
}

/// What became of what was planned.
#[derive(Default)]
pub struct Results {
    /// The promises that were not kept.
    pub broken: Vec<String>,
    /// A table, and the promises that were not kept.
    pub text: String,
}

impl Results {
    pub(crate) fn new(
        scale: &Scale,
        plan: &Plan,
        observed: &Observed,
        explained: usize,
        overdue: &HashSet<String>,
        elapsed: Elapsed,
    ) -> Result<Self> {
        let Scale { seed, names, days, lifetime, .. } = scale;
        let Observed { deliveries, duplicates, unplanned, .. } = observed;
        let text = format!(
            "Made by `make year YEAR_ARGUMENTS='--seed {seed} --names {names} --days {days}'`.\n\n\
             {names} hostnames for {days} days with certificates of {lifetime} days, seed {seed}: {} certificates, \
             {deliveries} deliveries, {duplicates} of them duplicates, in {} s on this machine ({} s of processor time, \
             the simulated providers included).\n\n\
             | what | planned | found | p50 | p99 | longest | promise |\n\
             | --- | --: | --: | --: | --: | --: | --- |\n",
            plan.issuances.len(),
            elapsed.as_secs(),
            processor_time()?.as_secs(),
        );
        let mut results = Self { text, ..Self::default() };
        let all = || plan.issuances.iter().zip(&observed.seen);
        for (what, within, is_meant, found) in promises(scale) {
            let meant = all().filter(|(issuance, _)| is_meant(issuance));
            results.add(what, within, meant.map(|(issuance, seen)| found(issuance, seen)));
        }
        let rogue = plan.issuances.iter().filter(|issuance| issuance.kind.is_rogue()).count();
        let is_false = |issuance: &Issuance, seen: &Seen| {
            let is_alarm = !issuance.kind.is_rogue() && seen.unexpected.is_some();
            let is_late = issuance.is_announced_after_revocation() || issuance.is_webhook_lost;
            is_alarm || (seen.is_stale && !is_late)
        };
        let wrong: Vec<_> = all().filter(|(issuance, seen)| is_false(issuance, seen)).collect();
        results.add_count(
            "false alarms, and events wrongly marked as stale",
            0,
            wrong.len(),
            &wrong,
        );
        results.add_count("alarms that `certhooks status` explains", rogue, explained, &());
        let stuck: HashSet<_> = plan.stuck.iter().cloned().collect();
        let named = overdue.intersection(&stuck).count();
        results.add_count(
            "stuck renewals, by `certhooks certificates --overdue`",
            stuck.len(),
            named,
            &(),
        );
        let others: Vec<_> = overdue.difference(&stuck).collect();
        results.add_count("other renewals that it lists", 0, others.len(), &others);
        results.add_count(
            "deliveries that were not planned, or twice",
            0,
            unplanned.len() + duplicates,
            unplanned,
        );
        results.add_mass_revocation(scale, plan, observed);
        for broken in &results.broken {
            results.text += &format!("\nNot kept: {broken}\n");
        }
        Ok(results)
    }

    /// Adds what is to be found within a time.
    fn add(&mut self, what: &str, within: Duration, found: impl Iterator<Item = Found>) {
        let found: Vec<_> = found.collect();
        let times = times(&found);
        let longest = percentile(&times, 100);
        if times.len() != found.len() || longest > within {
            self.broken.push(format!(
                "{what}: {} of {} were found, the last after {}",
                times.len(),
                found.len(),
                text(longest)
            ));
        }
        self.add_line(what, found.len(), &times, &format!("within {}", text(within)));
    }

    fn add_count(
        &mut self,
        what: &str,
        planned: usize,
        found: usize,
        which: &impl std::fmt::Debug,
    ) {
        if planned != found {
            self.broken.push(format!("{what}: {found} and not {planned}: {which:?}"));
        }
        // Writing to a string does not fail; likewise below.
        let _ = writeln!(self.text, "| {what} | {planned} | {found} | | | | {planned} |");
    }

    fn add_line(&mut self, what: &str, planned: usize, times: &[Duration], promise: &str) {
        let [p50, p99, longest] = [50, 99, 100].map(|part| text(percentile(times, part)));
        let found = times.len();
        let _ = writeln!(
            self.text,
            "| {what} | {planned} | {found} | {p50} | {p99} | {longest} | {promise} |"
        );
    }

    fn add_mass_revocation(&mut self, scale: &Scale, plan: &Plan, observed: &Observed) {
        let begin = plan.mass_revocation;
        let calls = observed.calls_of_mass.unwrap_or_default();
        let within = WINDOW * (calls as f64 / SHARE) * MASS_RATIO;
        let revoked = |is_lost| {
            let all = plan.issuances.iter().zip(&observed.seen);
            let meant = all.filter(move |(issuance, _)| {
                issuance.is_revoked_with_all()
                    && issuance.revoked.is_some_and(|it| it.is_webhook_lost == is_lost)
            });
            meant.map(move |(_, seen)| (begin, seen.revoked))
        };
        self.add("revocations at once", within, revoked(false));
        self.add("revocations at once, webhook lost", within + scale.round() * 2, revoked(true));
        let day = begin..begin + Duration::DAY;
        let all = plan.issuances.iter().zip(&observed.seen);
        let new = all.filter(|(issuance, _)| {
            issuance.kind == Kind::Ordered
                && !issuance.is_webhook_lost
                && day.contains(&issuance.announced)
        });
        let new: Vec<_> = new.map(|(issuance, seen)| (issuance.announced, seen.issued)).collect();
        let times = times(&new);
        let p99 = percentile(&times, 99);
        if p99 > MASS_P99 {
            self.broken.push(format!(
                "new events of the day of the mass revocation took {} at p99",
                text(p99)
            ));
        }
        let promise = format!("p99 within {}", text(MASS_P99));
        self.add_line("new issuances of that day", new.len(), &times, &promise);
    }
}

fn times(found: &[Found]) -> Vec<Duration> {
    found.iter().filter_map(|(since, at)| Some((*at)? - *since)).collect()
}

/// The time within which so many percent are.
fn percentile(times: &[Duration], part: usize) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * part).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

fn text(time: Duration) -> String {
    match time.as_seconds_f64() {
        seconds if seconds < 100.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.1} min", seconds / 60.0),
    }
}

/// User and system time of this process (proc_pid_stat(5), fields 14 and 15), in hundredths of a second.
fn processor_time() -> Result<Elapsed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in parentheses, may hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<_, _>>()?;
    Ok(Elapsed::from_millis(ticks * 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is missing, late, or too much is not kept.
    #[test]
    fn promises_are_broken() {
        let at = OffsetDateTime::UNIX_EPOCH;
        let mut results = Results::default();
        results.add("kept", Duration::MINUTE, [(at, Some(at + Duration::MINUTE))].into_iter());
        results.add_count("kept", 1, 1, &());
        assert!(results.broken.is_empty(), "{:?}", results.broken);
        results.add("missing", Duration::MINUTE, [(at, None)].into_iter());
        results.add("late", Duration::MINUTE, [(at, Some(at + Duration::HOUR))].into_iter());
        results.add_count("too much", 1, 2, &());
        assert_eq!(results.broken.len(), 3, "{:?}", results.broken);
    }
}
