use envelope::CertificateEvent;

/// A delivered event for people: provider, event, outcome, leaf and its expiry.
pub(crate) fn columns(event: &CertificateEvent) -> [String; 5] {
    let data = &event.data;
    let leaf = data.certificates.first();
    let outcome = match data.callback.reason {
        Some(reason) => format!("{} ({reason})", data.callback.outcome),
        None => data.callback.outcome.to_string(),
    };
    let name = leaf
        .and_then(|leaf| leaf.names.as_ref()?.dns.first().cloned().or_else(|| leaf.subject.clone()))
        .unwrap_or_else(|| "-".into());
    let expires = leaf.and_then(|leaf| leaf.not_after.as_deref()).map_or("-", day);
    [
        data.provider.to_string(),
        event_name(&data.event),
        outcome,
        short(&name, 40),
        expires.to_owned(),
    ]
}

/// A provider's event name without the family that all of Cloudflare's begin with.
pub(crate) fn event_name(event: &str) -> String {
    short(event.strip_prefix("ssl.custom_hostname_certificate.").unwrap_or(event), 34)
}

/// Text from outside, fit for one line of a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Names come from outside: no control characters, and no wider than the column bears.
pub(crate) fn short(text: &str, width: usize) -> String {
    let clean = clean(text);
    match clean.char_indices().nth(width) {
        Some(_) => clean.chars().take(width - 1).chain(['…']).collect(),
        None => clean,
    }
}

fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

/// The payload is the provider's document byte for byte, which may be printed over many lines. In JSON
/// a line break stands between tokens only: within a string it is escaped (RFC 8259, 7).
pub(crate) fn one_line(body: &str) -> String {
    body.replace(['\n', '\r'], " ")
}
