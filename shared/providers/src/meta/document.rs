pub(super) mod ct_certificate;
pub(super) mod domain;

use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::profile::OBJECT;
use crate::envelope_builder::plausible;
use crate::json::{self, Members, TooMany};
use crate::naming::UNKNOWN;
use crate::receiver::InvalidDocument;

/// The two lists that an entry may have: `changes` with the setting "Include Values",
/// `changed_fields` without it ("Graph API Webhooks", section "Event notifications").
const CHANGES: &str = "changes";
const CHANGED_FIELDS: &str = "changed_fields";

/// Updates of one request at most: "up to 1000" ("Graph API Webhooks", section "Event notifications").
const UPDATES: usize = 1000;

/// A verified body: the member `object`, and the list `entry`.
pub(crate) struct Batch<'a> {
    frame: Frame,
    entries: Vec<Entry<'a>>,
}

pub(crate) struct Entry<'a> {
    raw: &'a RawValue,
    id: Option<&'a RawValue>,
    time: Option<&'a RawValue>,
    /// `id` and `time` in their canonical form, as part of derived ids.
    key: [String; 2],
    /// The changes, each with the list that it is of. Empty when the entry has neither list.
    changes: Vec<Change<'a>>,
    /// What is around one change, if it is of [`CHANGES`], and if of [`CHANGED_FIELDS`].
    frames: [Frame; 2],
}

/// One change, or one changed field, of one entry; or an entry that has neither.
pub(crate) struct Update<'b, 'a> {
    pub(crate) entry: &'b Entry<'a>,
    change: Option<&'b Change<'a>>,
}

/// What is around the one element of a list, in an object without its other elements. All other values
/// stay byte for byte.
struct Frame {
    before: String,
    after: String,
}

impl Frame {
    /// The object `members` with the list `name`, and without the members `dropped`.
    fn of(members: &Members<'_>, name: &str, dropped: Option<&str>) -> Self {
        let last = members.iter().rposition(|member| member.is(name));
        let (mut before, mut after, mut is_after) = (String::new(), String::new(), false);
        for (position, member) in members.iter().enumerate() {
            let is_list = member.is(name);
            if dropped.is_some_and(|dropped| member.is(dropped))
                || (is_list && Some(position) != last)
            {
                continue;
            }
            let is_first = before.is_empty();
            let side = if is_after { &mut after } else { &mut before };
            side.push(if is_first { '{' } else { ',' });
            side.push_str(&member.quoted_name());
            side.push(':');
            if is_list {
                before.push('[');
                after.push(']');
                is_after = true;
            } else {
                side.push_str(member.value.get());
            }
        }
        after.push('}');
        Self { before, after }
    }

    fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
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
        let entries = members.list_up_to("entry", UPDATES).ok_or(InvalidDocument::NoEntry)?;
        let mut left = UPDATES;
        let entries = entries.map_err(|TooMany| InvalidDocument::TooLarge)?;
        let entries = entries.into_iter().map(|raw| Entry::of(raw, &mut left));
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(Self { frame: Frame::of(&members, "entry", None), entries })
    }

    pub(crate) fn updates(&self) -> impl Iterator<Item = Update<'_, 'a>> {
        self.entries.iter().flat_map(Entry::updates)
    }

    /// Bytes of the documents of all updates together.
    pub(crate) fn size(&self) -> usize {
        let updates = self.updates();
        updates.map(|update| self.frame.len() + update.size()).sum()
    }

    /// The document of one update: the same with this entry only and, in the entry, this change only.
    pub(crate) fn document_of(&self, update: &Update<'_, 'a>) -> String {
        let mut document = String::with_capacity(self.frame.len() + update.size());
        document.push_str(&self.frame.before);
        update.append_entry(&mut document);
        document.push_str(&self.frame.after);
        document
    }
}

impl<'a> Entry<'a> {
    /// Takes its number of updates from `left`.
    fn of(raw: &'a RawValue, left: &mut usize) -> Result<Self, InvalidDocument> {
        // Empty when the entry is no object.
        let members = Members::of(raw).unwrap_or_default();
        let mut changes = Vec::new();
        for list in [CHANGES, CHANGED_FIELDS] {
            if let Some(elements) = members.list_up_to(list, *left) {
                let elements = elements.map_err(|TooMany| InvalidDocument::TooLarge)?;
                changes.extend(elements.into_iter().map(|element| Change { list, element }));
            }
        }
        *left = left.checked_sub(changes.len().max(1)).ok_or(InvalidDocument::TooLarge)?;
        let (id, time) = (members.get("id"), members.get("time"));
        Ok(Self {
            raw,
            id,
            time,
            key: [id, time].map(json::canonical_or_null),
            frames: [
                Frame::of(&members, CHANGES, Some(CHANGED_FIELDS)),
                Frame::of(&members, CHANGED_FIELDS, Some(CHANGES)),
            ],
            changes,
        })
    }

    pub(crate) fn id(&self) -> Option<&'a RawValue> {
        self.id
    }

    /// When Meta sent the entry, seconds since 1970 ("Graph API Webhooks", section "Event
    /// notifications").
    pub(crate) fn time(&self) -> Option<OffsetDateTime> {
        let seconds = self.time.and_then(json::unsigned)?;
        plausible(OffsetDateTime::from_unix_timestamp(seconds.try_into().ok()?).ok()?)
    }

    fn updates(&self) -> impl Iterator<Item = Update<'_, 'a>> {
        let changes = self.changes.iter().map(Some);
        let alone = self.changes.is_empty().then_some(None);
        changes.chain(alone).map(|change| Update { entry: self, change })
    }
}

impl<'a> Update<'_, 'a> {
    /// The subscribed field: `certificate`, `phishing`, or another one.
    pub(crate) fn field(&self) -> String {
        let field = self.change.and_then(Change::field);
        field.unwrap_or_else(|| UNKNOWN.to_owned())
    }

    pub(crate) fn value(&self) -> Option<&'a RawValue> {
        let Change { list: CHANGES, element } = self.change? else { return None };
        Members::of(element)?.get("value")
    }

    /// The derived id, since Meta's requests carry none ("Graph API Webhooks", section "Event
    /// notifications").
    pub(crate) fn derived_id(&self) -> String {
        let [id, time] = &self.entry.key;
        let value = match &self.change {
            None => json::canonical(self.entry.raw),
            Some(change) if change.field().is_none() => json::canonical(change.element),
            Some(_) => json::canonical_or_null(self.value()),
        };
        json::id(&["meta", OBJECT, id, time, &self.field(), &value])
    }

    /// Where the change is, and what is around it in the entry.
    fn framed(&self) -> Option<(&Frame, &'a str)> {
        let [changes, fields] = &self.entry.frames;
        let change = self.change?;
        Some((if change.list == CHANGES { changes } else { fields }, change.element.get()))
    }

    fn size(&self) -> usize {
        let framed = self.framed();
        framed.map_or(self.entry.raw.get().len(), |(frame, element)| frame.len() + element.len())
    }

    /// Appends the entry with this change alone.
    fn append_entry(&self, document: &mut String) {
        match self.framed() {
            None => document.push_str(self.entry.raw.get()),
            Some((frame, element)) => {
                document.extend([frame.before.as_str(), element, &frame.after]);
            }
        }
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
