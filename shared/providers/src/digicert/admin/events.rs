use crate::digicert::KNOWN_EVENTS;

/// Whether it is the name of a known event.
pub fn is_known(event: &str) -> bool {
    KNOWN_EVENTS.contains(&event)
}

/// The known name that is nearest to a misspelt one, by edit distance. Two transposed letters count
/// as one edit. `None` when no name is near.
pub fn nearest(event: &str) -> Option<&'static str> {
    let event = event.to_ascii_lowercase().replace(['-', ' ', '.'], "_");
    KNOWN_EVENTS
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&event, known), known))
        .min()
        // A name at a greater distance is another name, not a misspelling.
        .filter(|(distance, known)| *distance <= known.len() / 2)
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_misspelt_name_has_a_nearest_name() {
        for (event, expected) in [
            ("certificate_isued", Some("certificate_issued")),
            ("Certificate-Issued", Some("certificate_issued")),
            ("certificate_reovked", Some("certificate_revoked")),
            ("domain_valid", Some("domain_validated")),
            ("organisation_expired", Some("organization_expired")),
            ("order_approval_sent", Some("order_approval_email_sent")),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(event), expected, "{event}");
        }
    }
}
