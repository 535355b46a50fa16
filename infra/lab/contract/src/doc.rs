use envelope::Provider;
use serde_json::Value;

/// What the description of a member says. Paragraphs that begin with `Null:`, `Absent:` and `From:` have a meaning of
/// their own.
#[derive(Default)]
pub(crate) struct Doc<'a> {
    pub(crate) about: Vec<&'a str>,
    pub(crate) null: Option<&'a str>,
    pub(crate) absent: Option<&'a str>,
    /// The providers that give it. `None`: all of them.
    pub(crate) from: Option<&'a str>,
}

impl<'a> Doc<'a> {
    pub(crate) fn of(schema: &'a Value) -> Self {
        let mut doc = Self::default();
        for paragraph in schema["description"].as_str().unwrap_or_default().split("\n\n") {
            match paragraph.split_once(": ") {
                Some(("Null", when)) => doc.null = Some(when),
                Some(("Absent", when)) => doc.absent = Some(when),
                Some(("From", who)) => doc.from = Some(who.trim_end_matches('.')),
                _ => doc.about.push(paragraph),
            }
        }
        doc
    }

    /// Whether this provider gives the member; `has_pem` says whether the certificates of the event came as PEM.
    pub(crate) fn is_from(&self, provider: &str, has_pem: bool) -> bool {
        let Some(from) = self.from else { return true };
        (has_pem && from.contains("any PEM")) || from.contains(provider_name(provider))
    }
}

/// The name of a provider in prose.
pub(crate) fn provider_name(word: &str) -> &str {
    Provider::ALL.iter().find(|one| one.as_str() == word).map_or(word, |one| one.title())
}
