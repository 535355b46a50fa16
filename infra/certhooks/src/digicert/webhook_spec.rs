use providers::digicert::webhook::{
    Endpoint, FREQUENCIES, Settings, Spelling, frequency, is_event_name, is_known, nearest,
};

use super::args::{SettingsAs, Switch, Wishes};
use crate::fault::{Fault, Outcome};
use crate::output::Output;

/// What a webhook shall send, checked before anything is sent.
pub(super) struct Wish {
    pub(super) events: Option<Vec<String>>,
    pub(super) settings: Settings,
    /// `None`: whichever CertCentral takes.
    pub(super) spelling: Option<Spelling>,
}

impl Wish {
    pub(super) fn of(wishes: &Wishes, output: Output) -> Outcome<Self> {
        let switch = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        let days = wishes.frequency.as_ref().map(|days| days.iter().map(|day| one_day(day)));
        let settings = Settings {
            instant_issue: switch(wishes.instant_issue),
            frequency: days.map(Iterator::collect).transpose()?,
            chain: switch(wishes.chain),
            instant_chain: switch(wishes.instant_chain),
        };
        let spelling = wishes.settings_as.map(|spelling| match spelling {
            SettingsAs::String => Spelling::Text,
            SettingsAs::Boolean => Spelling::Boolean,
        });
        for event in wishes.event.iter().flatten() {
            check_event(event, wishes.allow_unknown_event, output)?;
        }
        Ok(Self { events: wishes.event.clone(), settings, spelling })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_none() && self.settings == Settings::default()
    }
}

pub(super) fn endpoint(text: &str) -> Outcome<Endpoint> {
    Endpoint::parse(text).map_err(|fault| Fault::usage(format!("--endpoint {text}: {fault}")))
}

fn one_day(text: &str) -> Outcome<i16> {
    frequency(text).ok_or_else(|| {
        let known = FREQUENCIES.map(|days| days.to_string()).join(", ");
        Fault::usage(format!("--frequency {text}: must be one or more of {known} (days)"))
    })
}

fn check_event(event: &str, is_allowed: bool, output: Output) -> Outcome<()> {
    if is_known(event) {
        return Ok(());
    }
    if !is_event_name(event) {
        return Err(Fault::usage(format!(
            "--event {event:?}: is no event name; they look like certificate_issued"
        )));
    }
    let nearest = nearest(event);
    let meant = nearest.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    let unknown = format!("--event {event}: is not among the known events{meant}");
    if is_allowed {
        output.warn(&unknown);
        return Ok(());
    }
    Err(Fault::usage(format!("{unknown} (--allow-unknown-event sends it all the same)")))
}
