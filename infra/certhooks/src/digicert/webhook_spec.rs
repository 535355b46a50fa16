use providers::digicert::webhook::{
    Endpoint, FREQUENCIES, Settings, Spelling, frequency, is_event_name, is_known, nearest,
};

use super::args::{SettingsAs, Switch, WebhookSpecArgs};
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

/// What a webhook is to send, checked before anything is sent to CertCentral.
pub(super) struct WebhookSpec {
    pub(super) events: Option<Vec<String>>,
    pub(super) settings: Settings,
    /// `None` for whichever CertCentral accepts.
    pub(super) spelling: Option<Spelling>,
}

impl WebhookSpec {
    pub(super) fn of(arguments: &WebhookSpecArgs, output: Output) -> CommandResult<Self> {
        let switch = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        let days = arguments.frequency.as_ref().map(|days| days.iter().map(|day| one_day(day)));
        let settings = Settings {
            instant_issue: switch(arguments.instant_issue),
            frequency: days.map(Iterator::collect).transpose()?,
            chain: switch(arguments.chain),
            instant_chain: switch(arguments.instant_chain),
        };
        let spelling = arguments.settings_as.map(|spelling| match spelling {
            SettingsAs::String => Spelling::Text,
            SettingsAs::Boolean => Spelling::Boolean,
        });
        for event in arguments.event.iter().flatten() {
            check_event(event, arguments.allow_unknown_event, output)?;
        }
        Ok(Self { events: arguments.event.clone(), settings, spelling })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_none() && self.settings == Settings::default()
    }
}

pub(super) fn endpoint(text: &str) -> CommandResult<Endpoint> {
    Endpoint::parse(text)
        .map_err(|error| CommandError::usage(format!("--endpoint {text}: {error}")))
}

fn one_day(text: &str) -> CommandResult<i16> {
    frequency(text).ok_or_else(|| {
        let known = FREQUENCIES.map(|days| days.to_string()).join(", ");
        CommandError::usage(format!("--frequency {text}: must be one or more of {known} (days)"))
    })
}

fn check_event(event: &str, is_allowed: bool, output: Output) -> CommandResult<()> {
    if is_known(event) {
        return Ok(());
    }
    if !is_event_name(event) {
        return Err(CommandError::usage(format!(
            "--event {event:?}: not an event name; event names look like certificate_issued"
        )));
    }
    let nearest = nearest(event);
    let suggestion = nearest.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    let unknown = format!("--event {event}: not a known event{suggestion}");
    if is_allowed {
        output.warn(&unknown);
        return Ok(());
    }
    Err(CommandError::usage(format!("{unknown} (use --allow-unknown-event to send it anyway)")))
}
