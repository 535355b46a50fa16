//! The parts of the table's items that all modules of the ledger use.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The variable that names the table in errors.
pub(crate) const VARIABLE: &str = "LEDGER_TABLE";

/// The `state` of a delivered event.
pub(crate) const RECORDED: &str = "recorded";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The key of an event's item.
pub(crate) fn event_key(id: &str) -> Item {
    Item::from([("pk".into(), text(&format!("event#{id}"))), ("sk".into(), text("state"))])
}

pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn number(value: i128) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
