use std::time::Duration;

use envelope::Reason;
use providers::api::Classification;

/// Open for so long at first, and for twice as long after each probe that fails.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A refused key needs an operator, who may take a while. A replaced one is tried at once.
const KEY_PAUSE: Duration = Duration::from_secs(900);
/// `Retry-After` is respected up to here; a provider that is back sooner should not be missed for a day.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What an answer says of the provider, whatever it says of the event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Health {
    Well,
    /// A whole answer of success that nobody can read: the event's trouble, or a maintenance page. It
    /// opens nothing, and closes nothing.
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
            Classification::Retry { reason: Reason::Unreadable, .. } if status.is_some() => {
                Self::Unclear
            }
            Classification::Retry { reason, after } => Self::Down { reason, after },
            Classification::KeyRefused { .. } => Self::KeyRefused,
            _ => Self::Well,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Unclear => "unreadable",
            Self::Down { reason, .. } => reason.as_str(),
            Self::KeyRefused => "key_refused",
        }
    }

    pub(crate) fn retry_after(self) -> Option<Duration> {
        if let Self::Down { after, .. } = self { after } else { None }
    }

    /// How long to stay open after so many failed probes.
    pub(crate) fn pause(self, failed: u32, retry_after: Option<Duration>) -> Duration {
        if self == Self::KeyRefused {
            return KEY_PAUSE;
        }
        let doubled = FIRST_PAUSE.saturating_mul(1 << failed.min(16)).min(LONGEST_PAUSE);
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
