//! Distinguished names in OpenSSL's one-line form (`/C=US/O=Example, Inc./CN=a.example`), as Meta writes them, in the
//! form of RFC 4514, which a certificate event has.

/// Types that have the same short name in both forms: those of RFC 4514, 3, and others that certificates have.
const TYPES: [&str; 18] = [
    "C",
    "CN",
    "DC",
    "L",
    "O",
    "OU",
    "SN",
    "ST",
    "STREET",
    "UID",
    "businessCategory",
    "emailAddress",
    "jurisdictionC",
    "jurisdictionL",
    "jurisdictionST",
    "postalCode",
    "serialNumber",
    "title",
];

/// The name with the most specific part first. `None` where the form is another one, or leaves open what the name is:
/// a type that is not known, an octet that is written as `\x`.
pub(crate) fn of_one_line(name: &str) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for text in name.strip_prefix('/')?.split('/') {
        match text.split_once('=').filter(|(kind, _)| TYPES.contains(kind)) {
            Some((kind, value)) => parts.push(format!("{kind}={}", escape(value))),
            // A slash within a value.
            None if !text.contains('=') => {
                parts.last_mut()?.push_str(&format!("/{}", escape(text)))
            }
            None => return None,
        }
    }
    parts.reverse();
    (!name.contains("\\x") && !name.contains(char::is_control)).then(|| parts.join(","))
}

/// Escapes a value (RFC 4514, 2.4).
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (position, c) in value.chars().enumerate() {
        let is_at_edge =
            (c == ' ' && (position == 0 || position == last)) || (c == '#' && position == 0);
        if is_at_edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_becomes_rfc_4514() {
        for (one_line, expected) in [
            ("/CN=a.example", Some("CN=a.example")),
            ("/C=US/O=Example, Inc./CN=*.a.example", Some(r"CN=*.a.example,O=Example\, Inc.,C=US")),
            ("/O=A/B Ltd/CN=a", Some("CN=a,O=A/B Ltd")),
            ("/O= A +B/CN=#1", Some(r"CN=\#1,O=\ A \+B")),
            ("CN=a.example,C=US", None),
            ("a.example", None),
            ("", None),
            ("/1.2.3.4=x/CN=a", None),
            (r"/CN=M\xC3\xBCller", None),
            ("/CN=a\nb", None),
            ("/a.example", None),
        ] {
            assert_eq!(of_one_line(one_line).as_deref(), expected, "{one_line}");
        }
    }
}
