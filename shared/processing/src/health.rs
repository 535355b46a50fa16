use std::time::Duration;

use envelope::Reason;
use providers::api::Classification;

/// The first pause of an open breaker; each probe that fails doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// The pause after a refused key, which only an operator can replace. A new key is tried at once.
const KEY_PAUSE: Duration = Duration::from_secs(900);
/// The longest `Retry-After` that is respected, so that a provider that recovers sooner is noticed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What an answer says about the provider, apart from the event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Health {
    Up,
    /// A complete answer of success that cannot be parsed: a problem of the event, or a maintenance
    /// page. It neither opens nor closes the breaker.
    Unclear,
    Down {
        reason: Reason,
        after: Option<Duration>,
    },
    KeyRefused,
}

impl Health {
    pub(crate) fn of<T>(classification: &Classification<T>, status: Option<u16>) -> Self {
        match *classification {
            Classification::Retry { reason: Reason::Unreadable, .. }
                if status.is_some_and(|status| (200..300).contains(&status)) =>
            {
                Self::Unclear
            }
            Classification::Retry { reason, after } => Self::Down { reason, after },
            Classification::KeyRefused { .. } => Self::KeyRefused,
            _ => Self::Up,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unclear => "unreadable",
            Self::Down { reason, .. } => reason.as_str(),
            Self::KeyRefused => "key_refused",
        }
    }

    pub(crate) fn retry_after(self) -> Option<Duration> {
        if let Self::Down { after, .. } = self { after } else { None }
    }

    /// How long the breaker stays open after `failed_probes`.
    pub(crate) fn pause(self, failed_probes: u32, retry_after: Option<Duration>) -> Duration {
        if self == Self::KeyRefused {
            return KEY_PAUSE;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << failed_probes.min(16)).min(MAX_PAUSE);
        doubled.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Health, Reason};

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let down = Health::Down { reason: Reason::Timeout, after: None };
        let pauses: Vec<_> = (0..9).map(|failed| down.pause(failed, None).as_secs()).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(down.pause(u32::MAX, Some(Duration::from_secs(900))).as_secs(), 900);
        assert_eq!(Health::KeyRefused.pause(0, None).as_secs(), 900);
    }
}
