use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use envelope::Envelope;
use providers::interpretation::{Interpretation, Plan};
use providers::profile::{self, Profile, SampleRequest};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::secrets::{CHALLENGE, webhook_secret};

/// The folder with the sample events of all providers, one folder each.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../events");

/// An event as its provider sends it.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) profile: &'static Profile,
    document: Value,
    /// Whether it is an ownership challenge, whose token is stored for the operator. Nothing is delivered.
    pub(crate) is_challenge: bool,
}

impl Event {
    fn new(profile: &'static Profile, document: Value) -> Self {
        Self { profile, document, is_challenge: false }
    }

    /// The provider's request, authenticated with the planted secret.
    pub(crate) fn request(&self) -> Result<SampleRequest> {
        let body = self.document.to_string().into_bytes();
        let secret = webhook_secret(self.profile);
        Ok((self.profile.samples.request)(&secret, body, OffsetDateTime::now_utc())?)
    }

    /// The same event with ids of its own.
    fn varied(mut self, copy: u64) -> Self {
        (self.profile.samples.vary)(&mut self.document, copy);
        self
    }

    /// What the webhook function makes of it when it is received at `at`. `None` if it is refused.
    fn meaning(&self, at: OffsetDateTime) -> Option<Vec<(Envelope, Interpretation)>> {
        let request = self.request().ok()?.received(at);
        let events = (self.profile.receive)(&request, &webhook_secret(self.profile)).ok()?;
        let interpret = |envelope| {
            let interpretation = self.profile.interpretation_of(&envelope);
            (envelope, interpretation)
        };
        Some(events.into_iter().map(|event| interpret(event.envelope)).collect())
    }

    fn ids(&self, at: OffsetDateTime) -> Vec<String> {
        let events = self.meaning(at).unwrap_or_default();
        events.into_iter().map(|(envelope, _)| envelope.id).collect()
    }

    /// Whether it leads to a search, whose events are those of the found certificates.
    fn is_search(&self, (envelope, interpretation): &(Envelope, Interpretation)) -> bool {
        interpretation.plan == Plan::CallBack
            && self.profile.lifecycle_of(envelope, interpretation).is_none()
    }
}

/// The kinds of events that are sent in turn: of each provider one with a call-back about one certificate, and a
/// notice without a call-back, as far as it has them.
#[derive(Clone)]
pub(crate) struct Kinds(Vec<Kind>);

#[derive(Clone)]
enum Kind {
    CallBack(&'static Profile),
    Notice(Event),
}

impl Kinds {
    /// # Errors
    /// The folder of samples cannot be read.
    pub(crate) fn read() -> Result<Self> {
        let mut kinds = Vec::new();
        for profile in profile::ALL {
            let call_back = certificate(profile, 1)?;
            let events = call_back.meaning(OffsetDateTime::now_utc()).unwrap_or_default();
            if !events.iter().any(|event| call_back.is_search(event)) {
                kinds.push(Kind::CallBack(profile));
            }
            kinds.extend(samples(profile)?.into_iter().find(is_notice).map(Kind::Notice));
        }
        Ok(Self(kinds))
    }

    /// Event `number`; each number has another one.
    pub(crate) fn event(&self, number: u64) -> Result<Event> {
        let (kind, copy) = (number % self.0.len() as u64, number + 1);
        match self.0.get(usize::try_from(kind)?).context("no provider has samples")? {
            Kind::CallBack(profile) => certificate(profile, copy),
            Kind::Notice(event) => Ok(event.clone().varied(copy)),
        }
    }
}

/// An event about a certificate whose ids are `number`.
fn certificate(profile: &'static Profile, number: u64) -> Result<Event> {
    Ok(Event::new(profile, serde_json::from_str(&(profile.samples.event)(number))?))
}

/// Whether this is one event that needs no call-back, and whose id depends on its copy and not on the day, since
/// sent again after midnight it would be another event.
fn is_notice(event: &Event) -> bool {
    let now = OffsetDateTime::now_utc();
    let is_one = |events: Vec<(Envelope, Interpretation)>| match &events[..] {
        [(_, only)] => only.plan == Plan::NotNeeded && only.challenge.is_none(),
        _ => false,
    };
    let [one, other] = [1, 2].map(|copy| event.clone().varied(copy));
    event.meaning(now).is_some_and(is_one)
        && one.ids(now) == one.ids(now + Duration::DAY)
        && one.ids(now) != other.ids(now)
}

/// The samples of a provider, in the order of their names.
fn samples(profile: &'static Profile) -> Result<Vec<Event>> {
    let folder = Path::new(SAMPLES).join(profile.name);
    let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    let sample = |file| Ok(Event::new(profile, serde_json::from_slice(&fs::read(file)?)?));
    files.iter().map(sample).collect()
}

/// The samples of all providers, each once for every text and object in it, with a private key in the place of
/// that text or as the name of a member. In a challenge the token is [`CHALLENGE`]. No two of them have the same
/// ids, whatever the `round`.
pub(crate) fn with_secrets(pem: &str, round: u64) -> Result<Vec<Event>> {
    let mut all = Vec::new();
    let mut has_search = round > 1;
    for sample in profile::ALL
        .iter()
        .map(|profile| samples(profile))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
    {
        let now = OffsetDateTime::now_utc();
        let challenge = sample.meaning(now).into_iter().flatten().find_map(|(_, it)| it.challenge);
        if let Some(challenge) = challenge {
            let text = sample.document.to_string();
            let text = text.replace(challenge.token.expose_secret(), CHALLENGE);
            let event = Event::new(sample.profile, serde_json::from_str(&text)?).varied(round);
            all.push(Event { is_challenge: true, ..event });
            continue;
        }
        for place in places(&sample.document) {
            let mut event = sample.clone().varied(round * 10_000 + all.len() as u64);
            plant(&mut event.document, &place, pem);
            let Some(events) = event.meaning(now) else { continue };
            let is_search = events.iter().any(|it| event.is_search(it));
            // A search finds the same certificates each time, and they are delivered once.
            if !is_search || !has_search {
                has_search |= is_search;
                all.push(event);
            }
        }
    }
    Ok(all)
}

/// The JSON pointers of all texts and objects.
fn places(document: &Value) -> Vec<String> {
    let below = |name: String, value: &Value| {
        places(value).into_iter().map(move |rest| format!("/{name}{rest}")).collect::<Vec<_>>()
    };
    match document {
        Value::String(_) => vec![String::new()],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| below(index.to_string(), item))
            .collect(),
        Value::Object(members) => {
            let all = members.iter().flat_map(|(name, member)| below(name.clone(), member));
            std::iter::once(String::new()).chain(all).collect()
        }
        _ => Vec::new(),
    }
}

fn plant(document: &mut Value, place: &str, pem: &str) {
    match document.pointer_mut(place) {
        Some(Value::Object(members)) => {
            members.insert(pem.to_owned(), json!(true));
        }
        Some(text) => *text = json!(pem),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_number_has_an_event_of_its_own_and_every_provider_takes_part() {
        let (kinds, now) = (Kinds::read().unwrap(), OffsetDateTime::now_utc());
        let events: Vec<_> = (0..60).map(|number| kinds.event(number).unwrap()).collect();
        let ids: BTreeSet<_> = events.iter().flat_map(|event| event.ids(now)).collect();
        assert_eq!(ids.len(), events.len());
        let plans = events.iter().flat_map(|event| event.meaning(now).unwrap());
        let plans: Vec<_> = plans.map(|(_, interpretation)| interpretation.plan).collect();
        assert!(plans.contains(&Plan::CallBack) && plans.contains(&Plan::NotNeeded), "{plans:?}");
    }

    #[test]
    fn a_key_is_planted_in_events_of_all_providers() {
        let all = with_secrets("PEM", 1).unwrap();
        for profile in profile::ALL {
            let own = all.iter().filter(|event| event.profile.provider == profile.provider);
            let planted = own.filter(|event| event.document.to_string().contains("PEM")).count();
            assert!(planted > 2, "{}: {planted}", profile.name);
        }
        let challenges: Vec<_> = all.iter().filter(|event| event.is_challenge).collect();
        assert!(!challenges.is_empty());
        assert!(challenges.iter().all(|event| event.document.to_string().contains(CHALLENGE)));
    }
}
