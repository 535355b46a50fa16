use std::time::Duration as Wait;

use envelope::Provider;
use processing::http;
use reqwest::header::DATE;
use time::{Duration, OffsetDateTime};

use crate::client::base_url;
use crate::display::span;
use crate::doctor::{Context, Finding};

/// How far clocks may differ. Signatures of AWS are refused from five minutes on, and a certificate that was
/// issued now may be taken for one that is not valid yet.
const TOLERANCE: Duration = Duration::minutes(1);
const TIMEOUT: Wait = Wait::from_secs(5);

/// Compares this machine's clock with that of a provider's API. No key is sent. `None` where it does not answer
/// with its time.
pub(crate) async fn check(context: &Context, provider: Provider) -> Option<Finding> {
    let base = base_url(provider, None, &context.environment).ok()?;
    let answer = http::client(TIMEOUT, &base).ok()?.get(base.clone()).send().await.ok()?;
    let date = httpdate::parse_http_date(answer.headers().get(DATE)?.to_str().ok()?).ok()?;
    Some(compare(OffsetDateTime::now_utc(), date.into(), base.host_str().unwrap_or_default()))
}

fn compare(here: OffsetDateTime, there: OffsetDateTime, name: &str) -> Finding {
    let ahead = here - there;
    if ahead.abs() <= TOLERANCE {
        return Finding::ok(format!("as that of {name}"));
    }
    let side = if ahead.is_positive() { "ahead of" } else { "behind" };
    let detail = format!("this machine's clock is {} {side} that of {name}", span(ahead.abs()));
    Finding::warning(detail, "timedatectl set-ntp true")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::doctor::Level;

    #[test]
    fn a_clock_is_compared_with_the_providers() {
        let there = datetime!(2026-01-01 12:00 UTC);
        for (here, level, text) in [
            (there + Duration::seconds(60), Level::Ok, "as that of api.example"),
            (there + Duration::minutes(7), Level::Warning, "is 7 min ahead of that of api.example"),
            (there - Duration::hours(3), Level::Warning, "is 3 h behind that of api.example"),
        ] {
            let finding = compare(here, there, "api.example");
            assert_eq!(finding.level, level, "{}", finding.detail);
            assert!(finding.detail.contains(text), "{}", finding.detail);
        }
    }
}
