use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cloudflare::is_id;
use crate::sent_secret::SentSecret;

/// A webhook that notifications can go to. Cloudflare never shows its secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Destination {
    pub id: String,
    pub name: String,
    pub url: String,
    pub created: Option<OffsetDateTime>,
    /// When it last answered with 2xx. `None` when it never did.
    pub last_success: Option<OffsetDateTime>,
    /// When it last failed to answer with 2xx. `None` when it never failed.
    pub last_failure: Option<OffsetDateTime>,
}

/// What creating or updating a destination sets.
#[derive(Clone, Debug)]
pub struct NewDestination<'a> {
    pub name: &'a str,
    pub url: &'a str,
    pub auth: &'a SentSecret,
}

impl NewDestination<'_> {
    pub(super) fn body(&self) -> Value {
        json!({ "name": self.name, "url": self.url, "secret": self.auth.expose() })
    }
}

impl Destination {
    /// `None` without an id.
    pub(super) fn read(destination: &Value) -> Option<Self> {
        let text =
            |name: &str| destination[name].as_str().map(str::trim).unwrap_or_default().to_owned();
        let time = |name: &str| OffsetDateTime::parse(destination[name].as_str()?, &Rfc3339).ok();
        Some(Self {
            id: Some(text("id")).filter(|id| is_id(id))?,
            name: text("name"),
            url: text("url"),
            created: time("created_at"),
            last_success: time("last_success"),
            last_failure: time("last_failure"),
        })
    }

    /// Whether its last notification failed.
    pub fn is_failing(&self) -> bool {
        self.last_failure.is_some_and(|failure| self.last_success.is_none_or(|good| failure > good))
    }
}
