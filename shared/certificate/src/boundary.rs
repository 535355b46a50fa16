use std::iter;
use std::ops::Range;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BoundaryKind {
    Begin,
    End,
}

/// An encapsulation boundary such as `-----BEGIN CERTIFICATE-----` (RFC 7468, 2), or one that a
/// mail program, a form or a template has altered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Boundary {
    pub(crate) kind: BoundaryKind,
    /// Upper-case words, separated by one space.
    pub(crate) label: String,
    /// The range of bytes in the text.
    pub(crate) span: Range<usize>,
    /// Whether it is written exactly as in RFC 7468; only such ones delimit certificates.
    pub(crate) exact: bool,
}

impl Boundary {
    pub(crate) fn is_private_key(&self) -> bool {
        self.label.contains("PRIVATE KEY")
    }
}

/// Every boundary in a text, found in time linear in its length.
pub(crate) fn boundaries(text: &str) -> impl Iterator<Item = Boundary> {
    let mut from = 0;
    iter::from_fn(move || {
        loop {
            let run = from + find_dash(text.get(from..)?)?;
            let rest = text.get(run..)?;
            if let Some(boundary) = boundary(rest, run) {
                from = boundary.span.end;
                return Some(boundary);
            }
            from = run + dashes(rest, usize::MAX).len();
        }
    })
}

/// The boundary at the start of `rest`, which begins at byte `at` of the text.
fn boundary(rest: &str, at: usize) -> Option<Boundary> {
    let lead = dashes(rest, usize::MAX);
    let (kind, after_kind) = kind(trim_blanks(rest.get(lead.len()..)?))?;
    let (label, after_label) = label(after_kind)?;
    // Five at most: where files were joined without a line break there are ten, five of each
    // boundary.
    let after_blanks = trim_blanks(after_label);
    let trail = dashes(after_blanks, 5);
    if weight(lead) < 2 || (trail.is_empty() && !ends_line(after_blanks)) {
        return None;
    }
    let end = if trail.is_empty() { after_label } else { after_blanks.get(trail.len()..)? };
    let whole = rest.get(..rest.len() - end.len())?;
    let exact = whole.trim_start_matches('-') == format!("{kind} {label}-----", kind = kind.word());
    Some(Boundary {
        kind,
        exact: exact && lead.ends_with("-----"),
        label,
        span: at..at + whole.len(),
    })
}

impl BoundaryKind {
    fn word(self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::End => "END",
        }
    }
}

fn kind(text: &str) -> Option<(BoundaryKind, &str)> {
    let (word, rest) = word(text);
    [BoundaryKind::Begin, BoundaryKind::End]
        .into_iter()
        .find(|kind| kind.word().eq_ignore_ascii_case(word))
        .map(|kind| (kind, rest))
}

/// The words of a label, up to `PRIVATE KEY` or `PRIVATE KEY BLOCK`, or to the last word before
/// anything else. The number and the length of words are limited, so that base64 after a damaged
/// boundary is not taken for a label.
fn label(text: &str) -> Option<(String, &str)> {
    const MAX_WORDS: usize = 6;
    const MAX_LETTERS: usize = 16;
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while words.len() < MAX_WORDS {
        let trimmed = trim_blanks(rest);
        let (next, after) = word(trimmed);
        let is_label = trimmed.len() < rest.len() && (1..=MAX_LETTERS).contains(&next.len());
        let key_ended = words.ends_with(&["PRIVATE".to_owned(), "KEY".to_owned()]);
        if !is_label || (key_ended && !next.eq_ignore_ascii_case("BLOCK")) {
            break;
        }
        words.push(next.to_ascii_uppercase());
        rest = after;
    }
    (!words.is_empty()).then(|| (words.join(" "), rest))
}

fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    text.split_at(end)
}

/// Removes leading blanks of a line, also in the encoding of a URL or a form.
fn trim_blanks(text: &str) -> &str {
    let mut rest = text;
    loop {
        let next = rest.trim_start_matches(|c: char| {
            c == '+' || (c.is_whitespace() && c != '\n' && c != '\r')
        });
        let next = next.strip_prefix("%20").unwrap_or(next);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

/// Whether a line ends here: at the end of the text, at a line break, or at an escaped line break.
fn ends_line(text: &str) -> bool {
    text.is_empty() || ["\n", "\r", "\\n", "\\r"].iter().any(|end| text.starts_with(end))
}

/// The dashes at the start of a text, `limit` at most.
fn dashes(text: &str, limit: usize) -> &str {
    let end = text
        .char_indices()
        .enumerate()
        .find(|(count, (_, c))| *count == limit || !is_dash(*c))
        .map_or(text.len(), |(_, (at, _))| at);
    text.get(..end).unwrap_or_default()
}

fn find_dash(text: &str) -> Option<usize> {
    // Each begins with one of two octets, which are found faster than characters.
    let starts = text.bytes().enumerate().filter(|(_, octet)| matches!(octet, b'-' | 0xE2));
    let is_dash_at = |at: &usize| text.get(*at..).is_some_and(|rest| rest.starts_with(is_dash));
    starts.map(|(at, _)| at).find(is_dash_at)
}

/// Whether it is a hyphen, or a dash that a word processor puts in place of two hyphens.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The number of hyphens, where a long dash counts as two.
fn weight(dashes: &str) -> usize {
    dashes.chars().map(|c| if c == '-' { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(BoundaryKind, String, bool)> {
        boundaries(text).next().map(|boundary| (boundary.kind, boundary.label, boundary.exact))
    }

    #[test]
    fn boundaries_are_found_exact_and_altered() {
        use BoundaryKind::{Begin, End};
        let cases = [
            ("-----BEGIN CERTIFICATE-----", Begin, "CERTIFICATE", true),
            ("x-----END RSA PRIVATE KEY-----\n", End, "RSA PRIVATE KEY", true),
            ("---------BEGIN CERTIFICATE-----", Begin, "CERTIFICATE", true),
            ("-----BEGIN PRIVATE KEY-----\\nMIIE", Begin, "PRIVATE KEY", true),
            (
                "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
                Begin,
                "SSH2 ENCRYPTED PRIVATE KEY",
                false,
            ),
            ("-----begin  rsa private key-----", Begin, "RSA PRIVATE KEY", false),
            ("-----BEGIN+RSA+PRIVATE+KEY-----", Begin, "RSA PRIVATE KEY", false),
            ("-----BEGIN%20PRIVATE%20KEY-----", Begin, "PRIVATE KEY", false),
            ("—–BEGIN PRIVATE KEY—–", Begin, "PRIVATE KEY", false),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----", Begin, "PGP PRIVATE KEY BLOCK", true),
            ("-----BEGIN PRIVATE KEY", Begin, "PRIVATE KEY", false),
            ("-----BEGIN PRIVATE KEY\nMIIE", Begin, "PRIVATE KEY", false),
            ("-----BEGIN EC PRIVATE KEY ---\nMIIE", Begin, "EC PRIVATE KEY", false),
            ("-----BEGIN CERTIFICATE--", Begin, "CERTIFICATE", false),
        ];
        for (text, edge, label, exact) in cases {
            assert_eq!(first(text), Some((edge, label.to_owned(), exact)), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_boundary() {
        for text in [
            "",
            "-----",
            "- BEGIN PRIVATE KEY -",
            "BEGIN PRIVATE KEY",
            "--begin private key handover",
            "-----BEGIN-----",
            "-----BEGINNING OF TERM-----",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }

    #[test]
    fn files_joined_without_a_line_break_have_both_boundaries() {
        let found: Vec<_> = boundaries("-----END CERTIFICATE----------BEGIN CERTIFICATE-----")
            .map(|boundary| (boundary.kind, boundary.exact))
            .collect();
        assert_eq!(found, [(BoundaryKind::End, true), (BoundaryKind::Begin, true)]);
    }

    #[test]
    fn a_label_never_includes_base64() {
        let found = first("-----BEGIN PRIVATE KEY MIIEvQIBADANBgkq\n-----END PRIVATE KEY-----");
        assert_eq!(found, Some((BoundaryKind::End, "PRIVATE KEY".to_owned(), true)));
    }
}
