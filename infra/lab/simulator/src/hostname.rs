/// Whether `name` is a DNS name in ASCII with at least one dot. Its first label may be a wildcard.
pub(crate) fn is_hostname(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain)
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::is_hostname;

    #[test]
    fn hostnames_are_ascii_labels_and_dots() {
        for name in ["a.example", "*.a.example", "xn--80ak6aa92e.com", "_dmarc.a.example"] {
            assert!(is_hostname(name), "{name}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for name in
            ["", "example", "a..b", ".a.b", "a.b.", "a b.c", "ä.de", "a.*.b", "a/b.c", &long]
        {
            assert!(!is_hostname(name), "{name}");
        }
    }
}
