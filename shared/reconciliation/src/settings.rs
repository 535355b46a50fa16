use std::time::Duration;

use boot::{Environment, SettingError};
use envelope::Provider;
use processing::Api;
use providers::profile;

/// The longest window in minutes: "the total window is at most 7 days" ("Order status
/// changes", <https://dev.digicert.com/services-api/orders/status-change-list/>, read 2026-11-22).
pub const MAX_WINDOW: u32 = 10_080;
const WINDOW: &str = "RECONCILE_WINDOW_MINUTES";
/// The default window in minutes: a day, in which an event is put on the queue only once.
const DEFAULT_WINDOW: u32 = 1440;
/// The timeout of an answer. A page of the event log has a thousand entries.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The operator's settings (infra/docs/architecture.md, "Settings").
#[derive(Clone)]
pub struct Settings {
    /// `DIGICERT_API_BASE`, and `DIGICERT_API_BUDGET`, of which the reconciler uses a fifth.
    pub api: Api,
    /// `RECONCILE_WINDOW_MINUTES`: how far back a run looks.
    pub window_minutes: u32,
    /// The timeout of an answer.
    pub timeout: Duration,
}

impl Settings {
    /// # Errors
    /// When a variable is invalid; the error names it.
    pub fn from_environment(environment: &Environment) -> Result<Self, SettingError> {
        Self::of(Api::of(environment, profile::of(Provider::DIGICERT))?, environment)
    }

    /// Reads the other settings for a given API.
    ///
    /// # Errors
    /// As [`Settings::from_environment`].
    pub fn of(api: Api, environment: &Environment) -> Result<Self, SettingError> {
        let window_minutes = environment.parsed(WINDOW)?.unwrap_or(DEFAULT_WINDOW);
        if !(1..=MAX_WINDOW).contains(&window_minutes) {
            return Err(SettingError::new(WINDOW, format!("must be 1 to {MAX_WINDOW}")));
        }
        Ok(Self { api, window_minutes, timeout: TIMEOUT })
    }
}

#[cfg(test)]
mod tests {
    use boot::Environment;

    use super::Settings;

    #[test]
    fn windows_are_a_minute_to_seven_days() {
        let window = |text: &str| {
            let environment: Environment =
                [("RECONCILE_WINDOW_MINUTES", text)].into_iter().collect();
            Settings::from_environment(&environment)
                .map(|settings| settings.window_minutes)
                .map_err(|error| error.name)
        };
        for (text, expected) in [("", 1440), ("1", 1), ("10080", 10_080)] {
            assert_eq!(window(text), Ok(expected), "{text}");
        }
        for text in ["0", "10081", "-1", "24h"] {
            assert_eq!(window(text), Err("RECONCILE_WINDOW_MINUTES"), "{text}");
        }
    }
}
