use envelope::Provider;
use time::{Duration, OffsetDateTime};

use crate::inventory::{Row, VALIDITIES, renewal_lead};

/// For how long renewed certificates are valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Plan {
    /// As long as those that they replace.
    AsIs,
    /// As long, but for the limit on the day of the renewal.
    ByDate,
    /// As long, but for so many days at most, as if it had been the limit for long.
    Days(i64),
}

/// The renewals of a plan: how many on each day from now on.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    /// The number of certificates to renew.
    pub(crate) certificates: usize,
    /// By the provider of the event that the certificate came with.
    pub(crate) by_provider: Vec<(Option<Provider>, Vec<u32>)>,
    /// Those of certificates that came as PEM, which can be imported elsewhere.
    pub(crate) imports: Vec<u32>,
}

impl Plan {
    pub(crate) const ALL: [Self; 5] = [
        Self::AsIs,
        Self::ByDate,
        Self::Days(VALIDITIES[0]),
        Self::Days(VALIDITIES[1]),
        Self::Days(VALIDITIES[2]),
    ];

    pub(crate) fn name(self) -> String {
        match self {
            Self::AsIs => "as is".to_owned(),
            Self::ByDate => "by date".to_owned(),
            Self::Days(days) => format!("{days} days"),
        }
    }

    /// How long a certificate is valid for that replaces this one then.
    fn validity(self, row: &Row, at: OffsetDateTime) -> Duration {
        let allowed = row.allowed_days(at).map(Duration::days);
        // Where it is not known when it began, it is taken for as long as allowed.
        let own = row.validity().or(allowed).unwrap_or(Duration::ZERO);
        let most = match self {
            Self::AsIs => None,
            Self::ByDate => allowed,
            Self::Days(days) => allowed.map(|_| Duration::days(days)),
        };
        most.map_or(own, |most| own.min(most))
    }

    /// The days, counted from now, on which a certificate is renewed.
    fn renewals(self, row: &Row, now: OffsetDateTime, days: usize) -> Vec<usize> {
        let end = now + Duration::days(i64::try_from(days).unwrap_or_default());
        // What should have been renewed by now is renewed at once, and nothing more often than once a day.
        let interval = |at| {
            let validity = self.validity(row, at);
            (validity - renewal_lead(validity)).max(Duration::DAY)
        };
        let Some(first) = row.next_renewal().map(|at| at.max(now)) else { return Vec::new() };
        let mut at = match self {
            Self::Days(_) => {
                let (wait, interval) =
                    ((first - now).whole_seconds(), interval(now).whole_seconds());
                now + Duration::seconds(if wait > interval { wait % interval } else { wait })
            }
            Self::AsIs | Self::ByDate => first,
        };
        let mut renewals = Vec::new();
        while at < end {
            renewals.push(usize::try_from((at - now).whole_days()).unwrap_or_default());
            at += interval(at);
        }
        renewals
    }
}

impl Planned {
    pub(crate) fn new(plan: Plan, selected: &[&Row], now: OffsetDateTime, days: usize) -> Self {
        let mut planned =
            Self { plan, certificates: 0, by_provider: Vec::new(), imports: vec![0; days] };
        // One that has ended without a replacement is not used any more.
        let is_used = |row: &&&Row| row.next_renewal().is_some() && row.not_after > Some(now);
        for row in selected.iter().filter(is_used) {
            planned.certificates += 1;
            let provider = row.source.provider;
            let found = planned.by_provider.iter().position(|(one, _)| *one == provider);
            let at = found.unwrap_or_else(|| {
                planned.by_provider.push((provider, vec![0; days]));
                planned.by_provider.len() - 1
            });
            for day in plan.renewals(row, now, days) {
                planned.by_provider[at].1[day] += 1;
                planned.imports[day] += u32::from(row.tbs_sha256.is_some());
            }
        }
        planned
    }

    /// The renewals of all providers, by day.
    pub(crate) fn days(&self) -> Vec<u32> {
        let mut all = vec![0; self.imports.len()];
        for (_, days) in &self.by_provider {
            all.iter_mut().zip(days).for_each(|(sum, day)| *sum += day);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::inventory::row_between;

    const NOW: OffsetDateTime = datetime!(2026-12-01 0:00 UTC);

    /// The first days of renewal of a certificate that began `age` days ago and is valid for `days`.
    fn renewals(plan: Plan, age: i64, days: i64) -> Vec<usize> {
        let start = NOW - Duration::days(age);
        let row = row_between(start, start + Duration::days(days));
        let mut renewals = plan.renewals(&row, NOW, 400);
        renewals.truncate(3);
        renewals
    }

    #[test]
    fn a_plan_says_how_long_renewed_certificates_are_valid() {
        for (plan, age, days, expected) in [
            // 199 days less 30.
            (Plan::AsIs, 69, 199, &[100, 269][..]),
            // 100 days less 30, since the second renewal is after 2027-03-15.
            (Plan::ByDate, 69, 199, &[100, 269, 339]),
            (Plan::Days(199), 69, 199, &[100, 269]),
            (Plan::Days(100), 69, 199, &[30, 100, 170]),
            (Plan::Days(47), 69, 199, &[6, 37, 68]),
            // A shorter one stays as it is.
            (Plan::Days(199), 0, 90, &[60, 120, 180]),
            (Plan::ByDate, 0, 90, &[60, 120, 180]),
            // What is due is renewed today.
            (Plan::AsIs, 190, 199, &[0, 169, 338]),
            // No public CA may issue for two years.
            (Plan::Days(47), 600, 730, &[100]),
            (Plan::ByDate, 600, 730, &[100]),
        ] {
            assert_eq!(renewals(plan, age, days), expected, "{plan:?} {age} {days}");
        }
    }

    #[test]
    fn only_what_is_used_is_renewed() {
        let of = |start: i64, end: i64| {
            row_between(NOW + Duration::days(start), NOW + Duration::days(end))
        };
        let mut replaced = of(-10, 37);
        replaced.state = crate::inventory::State::Replaced;
        let rows = [of(-10, 37), of(-50, -3), replaced];
        let selected: Vec<_> = rows.iter().collect();
        let planned = Planned::new(Plan::AsIs, &selected, NOW, 365);
        assert_eq!(planned.certificates, 1);
        assert_eq!(planned.days().iter().sum::<u32>(), 11);
        // It did not come as PEM.
        assert_eq!(planned.imports.iter().sum::<u32>(), 0);
    }
}
