pub(super) mod ct_certificate;
pub(super) mod domain;

use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::profile::OBJECT;
use crate::envelope_builder::plausible;
use crate::json::{self, Members, quoted};
use crate::naming::UNKNOWN;
use crate::receiver::InvalidDocument;

/// The two lists that an entry may have: `changes` with the setting "Include Values",
/// `changed_fields` without it ("Graph API Webhooks", section "Event notifications").
const CHANGES: &str = "changes";
const CHANGED_FIELDS: &str = "changed_fields";

/// A verified body: the member `object`, and the list `entry`.
pub(crate) struct Batch<'a> {
    members: Members<'a>,
    entries: Vec<Entry<'a>>,
}

pub(crate) struct Entry<'a> {
    raw: &'a RawValue,
    /// Empty when the entry is no object.
    members: Members<'a>,
}

/// One change, or one changed field, of one entry; or an entry that has neither.
pub(crate) struct Update<'b, 'a> {
    pub(crate) entry: &'b Entry<'a>,
    change: Option<Change<'a>>,
}

/// One element of the list [`CHANGES`] or [`CHANGED_FIELDS`].
struct Change<'a> {
    list: &'static str,
    element: &'a RawValue,
}

impl<'a> Batch<'a> {
    pub(crate) fn of(document: &'a RawValue) -> Result<Self, InvalidDocument> {
        let members = Members::of(document).ok_or(InvalidDocument::NotAnObject)?;
        if members.text("object").as_deref() != Some(OBJECT) {
            return Err(InvalidDocument::OtherObject(OBJECT));
        }
        let entries = members.list("entry").ok_or(InvalidDocument::NoEntry)?;
        Ok(Self { members, entries: entries.into_iter().map(Entry::of).collect() })
    }

    pub(crate) fn updates(&self) -> impl Iterator<Item = Update<'_, 'a>> {
        self.entries.iter().flat_map(Entry::updates)
    }

    /// The document of one update: the same with this entry only and, in the entry, this change only.
    pub(crate) fn document_of(&self, update: &Update<'_, 'a>) -> String {
        rebuilt(&self.members, "entry", &update.entry_alone(), None)
    }
}

impl<'a> Entry<'a> {
    fn of(raw: &'a RawValue) -> Self {
        Self { raw, members: Members::of(raw).unwrap_or_default() }
    }

    pub(crate) fn id(&self) -> Option<&'a RawValue> {
        self.members.get("id")
    }

    /// When Meta sent the entry, seconds since 1970 ("Graph API Webhooks", section "Event
    /// notifications").
    pub(crate) fn time(&self) -> Option<OffsetDateTime> {
        let seconds = self.members.get("time").and_then(json::unsigned)?;
        plausible(OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?)
    }

    fn updates(&self) -> Vec<Update<'_, 'a>> {
        let changes = |list| {
            let elements = self.members.list(list).unwrap_or_default();
            elements.into_iter().map(move |element| Some(Change { list, element }))
        };
        let mut all: Vec<_> = changes(CHANGES).chain(changes(CHANGED_FIELDS)).collect();
        if all.is_empty() {
            all.push(None);
        }
        all.into_iter().map(|change| Update { entry: self, change }).collect()
    }
}

impl<'a> Update<'_, 'a> {
    /// The subscribed field: `certificate`, `phishing`, or another one.
    pub(crate) fn field(&self) -> String {
        let field = self.change.as_ref().and_then(Change::field);
        field.unwrap_or_else(|| UNKNOWN.to_owned())
    }

    pub(crate) fn value(&self) -> Option<&'a RawValue> {
        let Change { list: CHANGES, element } = self.change.as_ref()? else { return None };
        Members::of(element)?.get("value")
    }

    /// The derived id, since Meta's requests carry none ("Graph API Webhooks", section "Event
    /// notifications").
    pub(crate) fn derived_id(&self) -> String {
        let part = |name| json::canonical_or_null(self.entry.members.get(name));
        let value = match &self.change {
            None => json::canonical(self.entry.raw),
            Some(change) if change.field().is_none() => json::canonical(change.element),
            Some(_) => json::canonical_or_null(self.value()),
        };
        json::id(&["meta", OBJECT, &part("id"), &part("time"), &self.field(), &value])
    }

    fn entry_alone(&self) -> String {
        let Some(change) = &self.change else { return self.entry.raw.get().to_owned() };
        let other = if change.list == CHANGES { CHANGED_FIELDS } else { CHANGES };
        rebuilt(&self.entry.members, change.list, change.element.get(), Some(other))
    }
}

impl Change<'_> {
    fn field(&self) -> Option<String> {
        match self.list {
            CHANGES => Members::of(self.element)?.text("field"),
            _ => json::text(self.element),
        }
    }
}

/// The object with the list `name` reduced to one `element`, and without the member `dropped`. All
/// other values stay byte for byte.
fn rebuilt(members: &Members<'_>, name: &str, element: &str, dropped: Option<&str>) -> String {
    let last = members.iter().rposition(|(other, _)| other == name);
    let mut object = String::new();
    for (position, (other, value)) in members.iter().enumerate() {
        if Some(other) == dropped || (other == name && Some(position) != last) {
            continue;
        }
        let separator = if object.is_empty() { '{' } else { ',' };
        let value = if other == name { format!("[{element}]") } else { value.get().to_owned() };
        object.extend([separator.to_string(), quoted(other), ":".to_owned(), value]);
    }
    object + "}"
}
