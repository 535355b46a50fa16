use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Longest line of a value that is written on one line.
const WIDTH: usize = 140;
const INDENT: &str = "  ";

/// JSON with its members in the order in which they came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    /// A number, text, `true`, `false` or `null`, as JSON.
    Scalar(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// As text in which whatever fits stands on one line.
    pub(crate) fn pretty(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, "", 0);
        text
    }

    fn write(&self, text: &mut String, indent: &str, before: usize) {
        let line = self.line();
        if before + line.len() <= WIDTH || matches!(self, Self::Scalar(_)) {
            text.push_str(&line);
            return;
        }
        let inner = format!("{indent}{INDENT}");
        let (open, close) = if matches!(self, Self::List(_)) { ('[', ']') } else { ('{', '}') };
        text.push(open);
        let mut separator = "\n";
        let mut member = |text: &mut String, name: &str, value: &Self| {
            text.push_str(separator);
            text.push_str(&inner);
            text.push_str(name);
            value.write(text, &inner, inner.len() + name.len() + 1);
            separator = ",\n";
        };
        match self {
            Self::List(items) => items.iter().for_each(|item| member(text, "", item)),
            Self::Object(members) => {
                for (name, value) in members {
                    member(text, &format!("{}: ", quoted(name)), value);
                }
            }
            Self::Scalar(_) => {}
        }
        text.push('\n');
        text.push_str(indent);
        text.push(close);
    }

    fn line(&self) -> String {
        match self {
            Self::Scalar(text) => text.clone(),
            Self::List(items) => {
                format!("[{}]", items.iter().map(Self::line).collect::<Vec<_>>().join(", "))
            }
            Self::Object(members) if members.is_empty() => "{}".to_owned(),
            Self::Object(members) => {
                let member =
                    |(name, value): &(String, Self)| format!("{}: {}", quoted(name), value.line());
                format!("{{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Changes the members with this name, at any depth.
    pub(crate) fn replace(&mut self, name: &str, change: &impl Fn(&mut Self)) {
        match self {
            Self::Scalar(_) => {}
            Self::List(items) => items.iter_mut().for_each(|item| item.replace(name, change)),
            Self::Object(members) => {
                for (other, value) in members {
                    if other == name { change(value) } else { value.replace(name, change) }
                }
            }
        }
    }

    /// Changes each text.
    pub(crate) fn each_text(&mut self, change: &impl Fn(&str) -> String) {
        match self {
            Self::Scalar(text) => {
                if let Ok(inner) = serde_json::from_str::<String>(text) {
                    *text = quoted(&change(&inner));
                }
            }
            Self::List(items) => items.iter_mut().for_each(|item| item.each_text(change)),
            Self::Object(members) => {
                members.iter_mut().for_each(|(_, value)| value.each_text(change));
            }
        }
    }
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(serde_json::Value::from(value).to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(quoted(value)))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar("null".to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}
