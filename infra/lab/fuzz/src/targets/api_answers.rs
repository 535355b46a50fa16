use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use envelope::Outcome;
use providers::api::{Answer, retry_after as read};
use providers::dispatch;
use providers::enrich::{CallResult, Enrichers, Next, Reply};
use providers::interpretation::{Interpretation, Plan};
use providers::profile::{self, Profile};

use crate::corpus;
use crate::targets::messages::envelopes;

/// The maximum number of answers for one event. A machine of many calls may go on for longer.
const MAX_ANSWERS: usize = 10;

/// The machines of all providers, with a sample of each event that needs a call-back.
static CALL_BACKS: LazyLock<Vec<(Box<dyn Enrichers>, Interpretation)>> = LazyLock::new(|| {
    let interpretations = envelopes().into_iter().filter_map(|it| dispatch::interpret(&it));
    let mut known = BTreeSet::new();
    interpretations
        .filter(|it| it.plan == Plan::CallBack && known.insert((it.provider, it.event.clone())))
        .map(|it| (enrichers(profile::of(it.provider)), it))
        .collect()
});

fn enrichers(profile: &'static Profile) -> Box<dyn Enrichers> {
    let setting = |variable: &str| {
        let found = profile.api.simulation.iter().find(|(name, _)| *name == variable);
        found.map(|(_, value)| (*value).to_owned())
    };
    (profile.enrichers)(&setting).ok().unwrap()
}

/// The input is the status (two bytes) and the body, which answer every call of an event. Every machine must
/// accept them without a panic.
pub(crate) fn api_answers(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk() else { return };
    let status = u16::from_be_bytes(*status) % 1000;
    for (enrichers, interpretation) in CALL_BACKS.iter() {
        let mut machine = enrichers.enricher(interpretation);
        let mut reply = Reply::Start;
        for _ in 0..MAX_ANSWERS {
            reply = match machine.next(reply) {
                Next::Ask(_) => Reply::Answer(Answer { status, retry_after: None, body }),
                Next::Emit(_) => Reply::Emitted,
                Next::Failed(_) => Reply::Final(CallResult::new(Outcome::Failed)),
                Next::Done(_) => break,
            };
        }
    }
}

pub(crate) fn api_answers_seeds() -> Vec<Vec<u8>> {
    let bodies = corpus::folder("shared/providers/tests/it/answers");
    let with = |status: u16, body: &Vec<u8>| [&status.to_be_bytes()[..], body].concat();
    let seed = |body: &Vec<u8>| [200, 400, 403, 404, 429, 500].map(|status| with(status, body));
    bodies.iter().flat_map(seed).collect()
}

/// The result is a day at most, so that no sum with it overflows.
pub(crate) fn retry_after(data: &[u8]) {
    let Some((now, value)) = data.split_first_chunk() else { return };
    let wait = read(&String::from_utf8_lossy(value), u64::from_be_bytes(*now));
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(24 * 60 * 60)), "{wait:?}");
}

pub(crate) fn retry_after_seeds() -> Vec<Vec<u8>> {
    let now = 1_772_366_400_u64.to_be_bytes();
    let values = ["120", " 0 ", "Sun, 01 Mar 2026 12:02:00 GMT", "99999999999999999999", "-1", ""];
    values.iter().map(|value| [&now[..], value.as_bytes()].concat()).collect()
}
