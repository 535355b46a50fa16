use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::{Method, Response};
use intake::Reason;
use time::OffsetDateTime;

/// How many different refusals are kept. Strangers make as many as they like, of which the last ones stay.
const MOST: usize = 50;
/// The longest path that is kept, in characters.
const LONGEST: usize = 120;

/// The requests that the webhook endpoints of this process refused, for whoever looks at its page.
pub(crate) struct Refusals {
    since: OffsetDateTime,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    totals: BTreeMap<Reason, u64>,
    last: HashMap<Refusal, Times>,
}

/// A kind of refused request: all that is the same in repeats of it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) reason: Reason,
    pub(crate) source: IpAddr,
}

#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) count: u64,
    pub(crate) last: OffsetDateTime,
}

impl Refusals {
    pub(crate) fn since(since: OffsetDateTime) -> Self {
        Self { since, kept: Mutex::default() }
    }

    pub(crate) fn began(&self) -> OffsetDateTime {
        self.since
    }

    /// Keeps the request if this answer refuses it.
    pub(crate) fn note<B>(
        &self,
        method: &Method,
        path: &str,
        source: IpAddr,
        answer: &Response<B>,
        now: OffsetDateTime,
    ) {
        let Some(&reason) = answer.extensions().get::<Reason>() else { return };
        let cut = |text: &str| text.chars().take(LONGEST).collect::<String>();
        let (method, path) = (cut(method.as_str()), cut(path));
        let refusal = Refusal { method, path, status: answer.status().as_u16(), reason, source };
        let mut kept = self.kept();
        *kept.totals.entry(reason).or_default() += 1;
        let times = kept.last.entry(refusal).or_insert(Times { count: 0, last: now });
        *times = Times { count: times.count + 1, last: now };
        if kept.last.len() > MOST {
            let oldest = kept.last.iter().min_by_key(|(_, times)| times.last);
            let oldest = oldest.map(|(refusal, _)| refusal.clone());
            oldest.and_then(|oldest| kept.last.remove(&oldest));
        }
    }

    /// How many there were by reason, all since the start counted.
    pub(crate) fn totals(&self) -> BTreeMap<Reason, u64> {
        self.kept().totals.clone()
    }

    /// The last ones, the newest first.
    pub(crate) fn last(&self) -> Vec<(Refusal, Times)> {
        let mut last: Vec<_> =
            self.kept().last.iter().map(|(refusal, times)| (refusal.clone(), *times)).collect();
        last.sort_by_key(|(_, times)| std::cmp::Reverse(times.last));
        last
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn answer(status: u16, reason: Option<Reason>) -> Response<()> {
        let mut answer = Response::builder().status(status).body(()).unwrap();
        if let Some(reason) = reason {
            answer.extensions_mut().insert(reason);
        }
        answer
    }

    #[test]
    fn repeats_are_one_row_and_what_is_accepted_is_none() {
        let refusals = Refusals::since(START);
        let note = |status, reason, second| {
            let now = START + Duration::seconds(second);
            refusals.note(&Method::POST, "/webhooks/x", STRANGER, &answer(status, reason), now);
        };
        note(401, Some(Reason::Unauthorized), 1);
        note(200, None, 2);
        note(404, Some(Reason::NoRoute), 3);
        note(401, Some(Reason::Unauthorized), 4);
        let last = refusals.last();
        let said = last.iter().map(|(one, times)| (one.status, one.reason, times.count));
        assert_eq!(
            said.collect::<Vec<_>>(),
            [(401, Reason::Unauthorized, 2), (404, Reason::NoRoute, 1)]
        );
        assert_eq!(last[0].1.last, START + Duration::seconds(4));
        assert_eq!(refusals.totals(), [(Reason::NoRoute, 1), (Reason::Unauthorized, 2)].into());
    }

    #[test]
    fn a_flood_fills_no_memory_and_is_counted() {
        let refusals = Refusals::since(START);
        for number in 0..1000 {
            let path = format!("/{number}/{}", "x".repeat(10_000));
            let now = START + Duration::seconds(number);
            refusals.note(&Method::GET, &path, STRANGER, &answer(404, Some(Reason::NoRoute)), now);
        }
        let last = refusals.last();
        assert_eq!(last.len(), MOST);
        assert!(last[0].0.path.starts_with("/999/") && last[0].0.path.len() == LONGEST);
        assert_eq!(refusals.totals()[&Reason::NoRoute], 1000);
    }
}
