use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::profile::OBJECT;
use crate::envelope_builder::{EnvelopeBuilder, plausible};
use crate::json::{self, Members, quoted};
use crate::naming::{self, UNKNOWN};
use crate::receiver::{Event, Receipt, Refusal};

/// With "Include Values" an entry lists `changes`, without it `changed_fields` (Graph API Webhooks,
/// "Event notifications").
const CHANGES: &str = "changes";
const CHANGED_FIELDS: &str = "changed_fields";

/// A verified body: `object` and a list of `entry`.
pub(crate) struct Batch<'a> {
    members: Members<'a>,
    entries: Vec<Entry<'a>>,
}

pub(crate) struct Entry<'a> {
    raw: &'a RawValue,
    /// None when the entry is no object.
    members: Members<'a>,
}

/// One change, or one changed field, of one entry; or an entry that has neither.
pub(crate) struct Update<'b, 'a> {
    pub(crate) entry: &'b Entry<'a>,
    news: Option<News<'a>>,
}

/// One element of the list `CHANGES` or `CHANGED_FIELDS`.
struct News<'a> {
    list: &'static str,
    element: &'a RawValue,
}

impl<'a> Batch<'a> {
    pub(crate) fn of(document: &'a RawValue) -> Result<Self, Refusal> {
        let members = Members::of(document).ok_or(Refusal::NotAnObject)?;
        if members.text("object").as_deref() != Some(OBJECT) {
            return Err(Refusal::OtherObject(OBJECT));
        }
        let entries = members.list("entry").ok_or(Refusal::NoEntry)?;
        Ok(Self { members, entries: entries.into_iter().map(Entry::of).collect() })
    }

    pub(crate) fn updates(&self) -> impl Iterator<Item = Update<'_, 'a>> {
        self.entries.iter().flat_map(Entry::updates)
    }

    /// The event of one update: the same document with this entry and, in it, this news alone.
    pub(crate) fn event(
        &self,
        update: &Update<'_, 'a>,
        receipt: &Receipt,
    ) -> Result<Event, Refusal> {
        let document = rebuilt(&self.members, "entry", &update.entry_alone(), None);
        let builder = EnvelopeBuilder {
            id: update.id(),
            source: "/meta/certificate-transparency".to_owned(),
            kind: format!("com.facebook.{OBJECT}.{}", naming::type_part(&update.field())),
            time: update.entry.time(),
            data: RawValue::from_string(document).map_err(|_| Refusal::NotJson)?,
        };
        Ok(builder.event(receipt, super::interpret))
    }
}

impl<'a> Entry<'a> {
    fn of(raw: &'a RawValue) -> Self {
        Self { raw, members: Members::of(raw).unwrap_or_default() }
    }

    pub(crate) fn id(&self) -> Option<&'a RawValue> {
        self.members.get("id")
    }

    /// Seconds since 1970, when Meta sent it (Graph API Webhooks, "Event notifications").
    fn time(&self) -> Option<OffsetDateTime> {
        let seconds = self.members.get("time").and_then(json::unsigned)?;
        plausible(OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?)
    }

    fn updates(&self) -> Vec<Update<'_, 'a>> {
        let news = |list| {
            let elements = self.members.list(list).unwrap_or_default();
            elements.into_iter().map(move |element| Some(News { list, element }))
        };
        let mut all: Vec<_> = news(CHANGES).chain(news(CHANGED_FIELDS)).collect();
        if all.is_empty() {
            all.push(None);
        }
        all.into_iter().map(|news| Update { entry: self, news }).collect()
    }
}

impl<'a> Update<'_, 'a> {
    /// The subscribed field: `certificate`, `phishing`, or another one.
    pub(crate) fn field(&self) -> String {
        let field = self.news.as_ref().and_then(News::field);
        field.unwrap_or_else(|| UNKNOWN.to_owned())
    }

    pub(crate) fn value(&self) -> Option<&'a RawValue> {
        let News { list: CHANGES, element } = self.news.as_ref()? else { return None };
        Members::of(element)?.get("value")
    }

    /// A delivery has no id of its own (Graph API Webhooks, "Event notifications").
    fn id(&self) -> String {
        let part = |name| json::canonical_or_null(self.entry.members.get(name));
        let value = match &self.news {
            None => json::canonical(self.entry.raw),
            Some(news) if news.field().is_none() => json::canonical(news.element),
            Some(_) => json::canonical_or_null(self.value()),
        };
        json::id(&["meta", OBJECT, &part("id"), &part("time"), &self.field(), &value])
    }

    fn entry_alone(&self) -> String {
        let Some(news) = &self.news else { return self.entry.raw.get().to_owned() };
        let other = if news.list == CHANGES { CHANGED_FIELDS } else { CHANGES };
        rebuilt(&self.entry.members, news.list, news.element.get(), Some(other))
    }
}

impl News<'_> {
    fn field(&self) -> Option<String> {
        match self.list {
            CHANGES => Members::of(self.element)?.text("field"),
            _ => json::text(self.element),
        }
    }
}

/// The object with the list `name` cut down to one `element` and without the member `dropped`; all
/// other values byte for byte.
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
