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
    [data.provider.to_string(), short(&data.event), outcome, short(&name), expires.to_owned()]
}

/// Names come from outside: no control characters, and no longer than a column bears.
pub(crate) fn short(text: &str) -> String {
    const WIDTH: usize = 44;
    let clean: String = text.chars().filter(|character| !character.is_control()).collect();
    match clean.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &clean[..end]),
        None => clean,
    }
}

fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}
