//! What happens in the year, from a seed. Nothing under test reads it.

use fastrand::Rng;
use time::{Duration, OffsetDateTime};

/// How much happens, and from which seed.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Scale {
    /// Number that decides what is planted, and when
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of hostnames with a certificate of CertCentral
    #[arg(long, default_value_t = 10_000)]
    pub names: u32,
    /// Number of days, of which the last one is today
    #[arg(long, default_value_t = 365)]
    pub days: u32,
    /// Lifetime of a certificate in days; two thirds of it pass before its renewal
    #[arg(long, default_value_t = 47)]
    pub lifetime: u32,
    /// Number of certificates for these hostnames that nobody ordered
    #[arg(long, default_value_t = 50)]
    pub rogue: u32,
    /// Number of renewals that get stuck
    #[arg(long, default_value_t = 100)]
    pub stuck: u32,
    /// Interval of the scheduled runs in minutes, by default as on AWS and of `certhooks local`
    #[arg(long, default_value_t = 15)]
    pub round: u32,
    /// CT_GRACE_MINUTES; longer than two rounds, which bring an issuance whose webhook was lost
    #[arg(long, default_value_t = 60)]
    pub grace: u32,
}

impl Scale {
    pub(crate) fn round(&self) -> Duration {
        Duration::minutes(self.round.into())
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::minutes(self.grace.into())
    }
}

/// How long before its end a certificate without a known replacement is overdue.
const OVERDUE: Duration = Duration::days(14);
/// How long before its end a certificate whose renewal is stuck at the end of the year is still to be repaired.
const REPAIRABLE: Duration = Duration::days(7);
/// Everything happens at multiples of this, as with programs that run on a schedule; but on the day of the mass
/// revocation, of which seconds are promised, at any second.
pub(crate) const STEP: Duration = Duration::minutes(5);
/// Of so many hostnames one has a backup certificate of another CA, under a name that the operator expects.
const BACKED_UP: u32 = 50;
/// The first CertCentral order.
const FIRST_ORDER: u64 = 1_000_000;
/// The number of domains to which the hostnames belong.
pub(crate) const DOMAINS: u32 = 4;
/// In percent.
const LOST_WEBHOOKS: u8 = 5;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Ordered,
    /// Of another CA, which the operator expects for these names.
    Backup,
    /// Of the same CA, with a key that nobody announced.
    RogueOfOtherAccount,
    RogueOfOtherCa,
}

impl Kind {
    pub(crate) fn is_rogue(self) -> bool {
        matches!(self, Self::RogueOfOtherAccount | Self::RogueOfOtherCa)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Issuance {
    pub(crate) name: u32,
    pub(crate) kind: Kind,
    pub(crate) at: OffsetDateTime,
    /// Whether the hostname gets a new key.
    pub(crate) rekeys: bool,
    /// When the logs show it, and when CertCentral tells of it.
    pub(crate) logged: OffsetDateTime,
    pub(crate) announced: OffsetDateTime,
    pub(crate) is_log_webhook_lost: bool,
    pub(crate) is_webhook_lost: bool,
    pub(crate) revoked: Option<Revocation>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Revocation {
    pub(crate) at: OffsetDateTime,
    /// Whether all others are revoked with it.
    pub(crate) is_of_all: bool,
    pub(crate) is_webhook_lost: bool,
}

impl Issuance {
    pub(crate) fn is_announced_after_revocation(&self) -> bool {
        self.revoked.is_some_and(|revocation| revocation.at <= self.announced)
    }

    pub(crate) fn is_revoked_with_all(&self) -> bool {
        self.revoked.is_some_and(|revocation| revocation.is_of_all)
    }
}

/// What happens at a time, about an issuance by its index.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Happening {
    Issued(usize),
    Logged(usize),
    Announced(usize),
    Revoked(usize),
}

pub(crate) struct Plan {
    pub(crate) begin: OffsetDateTime,
    pub(crate) end: OffsetDateTime,
    pub(crate) lifetime: Duration,
    /// When the CA revokes every certificate.
    pub(crate) mass_revocation: OffsetDateTime,
    pub(crate) issuances: Vec<Issuance>,
    /// In order of time.
    pub(crate) happenings: Vec<(OffsetDateTime, Happening)>,
    /// Hostnames whose last certificate is overdue when the year ends.
    pub(crate) stuck: Vec<String>,
}

/// CertCentral's number of the order of an issuance.
pub(crate) fn order_of(index: usize) -> u64 {
    FIRST_ORDER + index as u64
}

pub(crate) fn domain(number: u32) -> String {
    format!("fleet-{number}.example")
}

/// The hostname with this number.
pub(crate) fn hostname(name: u32) -> String {
    let below = if is_backed_up(name) { "backup." } else { "" };
    format!("n{name}.{below}{}", domain(name % DOMAINS))
}

fn is_backed_up(name: u32) -> bool {
    name % BACKED_UP == BACKED_UP - 1
}

impl Plan {
    /// A plan that ends at `end`.
    pub(crate) fn new(scale: &Scale, end: OffsetDateTime) -> Self {
        let begin = end - Duration::days(scale.days.into());
        let mass_revocation =
            begin + Duration::days(i64::from(scale.days) / 8) + Duration::hours(8);
        let mut planning = Planning {
            scale,
            rng: Rng::with_seed(scale.seed),
            plan: Self {
                begin,
                end,
                lifetime: Duration::days(scale.lifetime.into()),
                mass_revocation,
                issuances: Vec::new(),
                happenings: Vec::new(),
                stuck: Vec::new(),
            },
        };
        for name in 0..scale.names {
            planning.plan_name(name);
        }
        for number in 0..scale.rogue {
            planning.plan_rogue(number);
        }
        let mut plan = planning.plan;
        plan.happenings = plan.happenings();
        plan
    }

    fn happenings(&self) -> Vec<(OffsetDateTime, Happening)> {
        let mut happenings = Vec::new();
        for (index, issuance) in self.issuances.iter().enumerate() {
            happenings.push((issuance.at, Happening::Issued(index)));
            happenings.push((issuance.logged, Happening::Logged(index)));
            if issuance.kind == Kind::Ordered {
                happenings.push((issuance.announced, Happening::Announced(index)));
            }
            happenings.extend(issuance.revoked.map(|it| (it.at, Happening::Revoked(index))));
        }
        happenings.sort_unstable();
        happenings
    }
}

struct Planning<'a> {
    scale: &'a Scale,
    rng: Rng,
    plan: Plan,
}

impl Planning<'_> {
    /// A certificate after the other for a hostname, until the year ends.
    fn plan_name(&mut self, name: u32) {
        let lifetime = self.plan.lifetime;
        let renewal = Duration::days(lifetime.whole_days() * 2 / 3);
        let rekeys_always = self.rng.bool();
        // All have one before the mass revocation.
        let first = renewal.min(self.plan.mass_revocation - self.plan.begin);
        let mut at = self.plan.begin + self.hours(first.whole_hours()) + STEP;
        // The last hours are for what is under way.
        while at < self.plan.end - Duration::hours(6) {
            let rekeys = rekeys_always || self.rng.u8(..20) == 0;
            let mut issuance = self.issuance(name, Kind::Ordered, at, rekeys);
            let mass = self.plan.mass_revocation;
            // What was replaced in one day is not renewed in one day.
            let mut next = match at - mass < Duration::DAY && at > mass {
                true => at + Duration::HOUR + self.hours(renewal.whole_hours()),
                false => at + renewal + self.hours(24) - Duration::hours(12),
            };
            if at < mass && next >= mass {
                let is_webhook_lost = self.is_lost();
                issuance.revoked = Some(Revocation { at: mass, is_of_all: true, is_webhook_lost });
                next = mass + STEP + Duration::seconds(self.rng.i64(0..12 * 3600));
            } else if self.gets_stuck(at) {
                self.plan.stuck.push(hostname(name));
                next = self.plan.end;
            } else if self.rng.u16(..1000) == 0 {
                // It is revoked at once, which CertCentral tells before it tells of the issuance.
                issuance.revoked =
                    Some(Revocation { at: at + STEP, is_of_all: false, is_webhook_lost: false });
                (issuance.announced, issuance.is_webhook_lost) = (at + STEP * 2, false);
                next = at + Duration::HOUR;
            }
            self.plan.issuances.push(issuance);
            if is_backed_up(name) && self.rng.u8(..3) == 0 {
                let backup = self.issuance(name, Kind::Backup, at, true);
                self.plan.issuances.push(backup);
            }
            at = next;
        }
    }

    /// Whether the certificate of that time is overdue when the year ends, and not for long: its renewal may get stuck.
    fn gets_stuck(&self, at: OffsetDateTime) -> bool {
        let left = at + self.plan.lifetime - self.plan.end;
        self.plan.stuck.len() < self.scale.stuck as usize && (REPAIRABLE..OVERDUE).contains(&left)
    }

    fn plan_rogue(&mut self, number: u32) {
        let name = loop {
            let name = self.rng.u32(..self.scale.names);
            if !is_backed_up(name) {
                break name;
            }
        };
        let (begin, hours) = (self.plan.begin, i64::from(self.scale.days) * 24);
        let at = begin + Duration::hours(12) + self.hours(hours - 24);
        let kind =
            if number.is_multiple_of(2) { Kind::RogueOfOtherAccount } else { Kind::RogueOfOtherCa };
        let mut rogue = self.issuance(name, kind, at, true);
        // Some of each, however few there are.
        rogue.is_log_webhook_lost = number % 10 == 3;
        self.plan.issuances.push(rogue);
    }

    fn issuance(&mut self, name: u32, kind: Kind, at: OffsetDateTime, rekeys: bool) -> Issuance {
        let logged = at + STEP * self.rng.i32(0..=6);
        // Some are announced after certificates that were issued later.
        let is_late = self.rng.u8(..50) == 0;
        let announced = at + STEP * if is_late { self.rng.i32(3..=9) } else { self.rng.i32(0..=2) };
        let (is_log_webhook_lost, is_webhook_lost) = (self.is_lost(), self.is_lost());
        Issuance {
            name,
            kind,
            at,
            rekeys,
            logged,
            announced,
            is_log_webhook_lost,
            is_webhook_lost,
            revoked: None,
        }
    }

    fn is_lost(&mut self) -> bool {
        self.rng.u8(..100) < LOST_WEBHOOKS
    }

    /// Up to so many whole hours.
    fn hours(&mut self, maximum: i64) -> Duration {
        Duration::hours(self.rng.i64(0..maximum.max(1)))
    }
}
