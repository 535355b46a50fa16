use envelope::Provider;
use processing::Budget;

use crate::forecast::plan::{Plan, Planned};
use crate::inventory::Row;

/// What the load is compared with.
pub(crate) struct Limits {
    pub(crate) providers: Vec<ProviderLimit>,
    /// Imports into ACM within 365 days.
    pub(crate) acm_quota: u32,
}

/// How often a provider may be called, and how often a renewal does.
pub(crate) struct ProviderLimit {
    pub(crate) provider: Provider,
    /// The budget as it is set.
    pub(crate) budget: String,
    /// What it leaves to the workers in a day; `None` without a limit.
    pub(crate) calls_per_day: Option<u64>,
    pub(crate) calls_per_renewal: f64,
}

/// What the renewals of a plan take.
pub(crate) struct Load {
    pub(crate) plan: Plan,
    pub(crate) certificates: usize,
    /// Renewals on each day.
    pub(crate) days: Vec<u32>,
    /// The busiest day, counted from now, and its renewals.
    pub(crate) busiest: (usize, u32),
    /// The calls of each provider on its busiest day, in the order of the limits.
    pub(crate) calls: Vec<f64>,
    pub(crate) imports: u32,
}

impl ProviderLimit {
    /// A renewal takes as many calls as the provider was asked for each of its certificates so far.
    pub(crate) fn new(provider: Provider, rows: &[&Row], text: String, budget: &Budget) -> Self {
        let attempts: u32 = rows.iter().map(|row| row.attempts).sum();
        let issuances: u32 = rows.iter().map(|row| row.issuances).sum();
        Self {
            provider,
            budget: text,
            calls_per_day: budget.workers_per_day(),
            calls_per_renewal: f64::from(attempts) / f64::from(issuances.max(1)),
        }
    }

    /// The part of the budget that these calls take.
    pub(crate) fn share(&self, calls: f64) -> Option<f64> {
        self.calls_per_day.map(|most| calls / most as f64)
    }
}

impl Limits {
    pub(crate) fn imports_per_day(&self) -> f64 {
        f64::from(self.acm_quota) / 365.0
    }
}

impl Load {
    pub(crate) fn of(planned: Planned, limits: &Limits) -> Self {
        let days = planned.days();
        let busiest = days.iter().copied().enumerate().rev().max_by_key(|(_, renewals)| *renewals);
        let of_provider = |limit: &ProviderLimit| {
            let its = planned.by_provider.iter().filter(|(one, _)| *one == Some(limit.provider));
            let most = its.flat_map(|(_, days)| days).max().copied().unwrap_or_default();
            f64::from(most) * limit.calls_per_renewal
        };
        Self {
            plan: planned.plan,
            certificates: planned.certificates,
            busiest: busiest.unwrap_or_default(),
            calls: limits.providers.iter().map(of_provider).collect(),
            imports: planned.imports.iter().sum(),
            days,
        }
    }

    /// The mean of a day.
    pub(crate) fn per_day(&self, count: u32) -> f64 {
        f64::from(count) / self.days.len().max(1) as f64
    }

    pub(crate) fn renewals(&self) -> u32 {
        self.days.iter().sum()
    }

    /// The calls of the provider that takes the largest part of its budget, and that part; `None` without calls.
    pub(crate) fn tightest(&self, limits: &Limits) -> Option<(f64, Option<f64>)> {
        let shares = limits.providers.iter().zip(&self.calls);
        let shares = shares.map(|(limit, calls)| (*calls, limit.share(*calls)));
        shares.max_by(|(one, share), (other, larger)| {
            let key = |share: &Option<f64>| share.unwrap_or_default();
            key(share).total_cmp(&key(larger)).then(one.total_cmp(other))
        })
    }
}
