use serde_json::{Map, Value, json};

use crate::sent_secret::SentSecret;

/// The days before an expiry on which CertCentral can send notices; a negative number is days after
/// it ("Update webhook endpoint", `webhook_notification_frequency`).
pub const FREQUENCIES: [i16; 6] = [90, 60, 30, 7, 0, -7];

/// What "Create webhook" and "Update webhook endpoint" set. A member that is `None` is left out of
/// the request, and its value stays as it is.
#[derive(Clone, Debug)]
pub struct Parameters {
    pub endpoint: String,
    pub secret: SecretChange,
    pub events: Option<Vec<String>>,
    pub settings: Settings,
    pub spelling: Spelling,
}

/// What a request does with the webhook's secret.
#[derive(Clone, Debug)]
pub enum SecretChange {
    Leave,
    Set(SentSecret),
    Remove,
}

/// The object `webhook_settings`. A member that is `None` is left out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settings {
    /// Whether `certificate_issued` is also sent for certificates that are issued the instant the
    /// order is created.
    pub instant_issue: Option<bool>,
    /// Any of [`FREQUENCIES`].
    pub frequency: Option<Vec<i16>>,
    /// Whether `certificate_issued` holds the chain.
    pub chain: Option<bool>,
    /// The same for certificates that are issued the instant the order is created.
    pub instant_chain: Option<bool>,
}

/// How a setting that is on is written. The pages have both ways.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Spelling {
    /// `"1"` ("Update webhook endpoint").
    #[default]
    Text,
    /// `true` ("Customize certificate issued events").
    Boolean,
}

impl Parameters {
    /// Parameters with the endpoint alone, which every request must have.
    pub fn of(endpoint: String) -> Self {
        Self {
            endpoint,
            secret: SecretChange::Leave,
            events: None,
            settings: Settings::default(),
            spelling: Spelling::default(),
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "endpoint": self.endpoint });
        match &self.secret {
            SecretChange::Leave => {}
            SecretChange::Set(key) => body["secret"] = key.expose().into(),
            SecretChange::Remove => body["secret"] = "".into(),
        }
        if let Some(events) = &self.events {
            body["events"] = json!(events);
        }
        let settings = self.settings.members(self.spelling);
        if !settings.is_empty() {
            body["webhook_settings"] = settings.into();
        }
        body
    }
}

impl Settings {
    pub const INSTANT_ISSUE: &str = "instant_issue_webhook_notification";
    pub const FREQUENCY: &str = "webhook_notification_frequency";
    pub const CHAIN: &str = "webhook_send_certificate_chain";
    pub const INSTANT_CHAIN: &str = "webhook_send_instant_issued_certificate_chain";

    fn members(&self, spelling: Spelling) -> Map<String, Value> {
        let switch = |on: bool| match spelling {
            Spelling::Text => Value::from(if on { "1" } else { "0" }),
            Spelling::Boolean => Value::from(on),
        };
        let settings = [
            (Self::INSTANT_ISSUE, self.instant_issue.map(switch)),
            (Self::FREQUENCY, self.frequency.as_ref().map(|days| json!(days))),
            (Self::CHAIN, self.chain.map(switch)),
            (Self::INSTANT_CHAIN, self.instant_chain.map(switch)),
        ];
        let set = settings.into_iter().filter_map(|(name, value)| Some((name, value?)));
        set.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// These settings where they are set, else the webhook's `existing` ones. A request that holds
    /// any of them holds all, since no page says whether CertCentral keeps those that are left out.
    /// Empty when these are empty.
    #[must_use]
    pub fn over(self, existing: &Self) -> Self {
        if self == Self::default() {
            return self;
        }
        Self {
            instant_issue: self.instant_issue.or(existing.instant_issue),
            frequency: self.frequency.or_else(|| existing.frequency.clone()),
            chain: self.chain.or(existing.chain),
            instant_chain: self.instant_chain.or(existing.instant_chain),
        }
    }

    /// The names of the settings that are asked for here and that the `existing` ones do not have.
    pub fn missing_in(&self, existing: &Self) -> Vec<&'static str> {
        let days = |days: &Option<Vec<i16>>| {
            let mut days = days.clone()?;
            days.sort_unstable();
            days.dedup();
            Some(days)
        };
        let differs = |asked: Option<bool>, existing: Option<bool>| {
            // Off is the default ("Update webhook endpoint"), so an absent setting is off.
            asked.is_some_and(|asked| asked != existing.unwrap_or(false))
        };
        let frequency =
            self.frequency.is_some() && days(&self.frequency) != days(&existing.frequency);
        let found = [
            (Self::INSTANT_ISSUE, differs(self.instant_issue, existing.instant_issue)),
            (Self::FREQUENCY, frequency),
            (Self::CHAIN, differs(self.chain, existing.chain)),
            (Self::INSTANT_CHAIN, differs(self.instant_chain, existing.instant_chain)),
        ];
        found.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
    }
}

/// Parses one of [`FREQUENCIES`].
pub fn frequency(text: &str) -> Option<i16> {
    text.trim().parse().ok().filter(|days| FREQUENCIES.contains(days))
}

/// Whether a name has the form that all known event names have.
pub fn is_event_name(event: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !event.is_empty() && event.len() <= 100 && event.bytes().all(is_plain)
}
