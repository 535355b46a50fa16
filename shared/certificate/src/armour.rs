use std::iter;
use std::ops::Range;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Edge {
    Begin,
    End,
}

/// A line such as `-----BEGIN CERTIFICATE-----` (RFC 7468, 3), or what was one before a mail program,
/// a form or a template touched it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Armour {
    pub(crate) edge: Edge,
    /// Upper-case words, one space between.
    pub(crate) label: String,
    /// Bytes of the text that it covers.
    pub(crate) span: Range<usize>,
    /// As RFC 7468 writes it; certificates are read from these only.
    pub(crate) exact: bool,
}

impl Armour {
    pub(crate) fn is_private_key(&self) -> bool {
        self.label.contains("PRIVATE KEY")
    }
}

/// Every armour line of a text, in time linear in its length.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Armour> {
    let mut from = 0;
    iter::from_fn(move || {
        loop {
            let run = from + text.get(from..)?.find(is_dash)?;
            let rest = text.get(run..)?;
            if let Some(armour) = armour(rest, run) {
                from = armour.span.end;
                return Some(armour);
            }
            from = run + dashes(rest, usize::MAX).len();
        }
    })
}

/// The armour line that starts with `rest`, which stands at byte `at` of the text.
fn armour(rest: &str, at: usize) -> Option<Armour> {
    let lead = dashes(rest, usize::MAX);
    let (edge, after_edge) = edge(trim_blanks(rest.get(lead.len()..)?))?;
    let (label, after_label) = label(after_edge)?;
    // Five at most: files put together without a line break in between have ten, five of each line.
    let after_blanks = trim_blanks(after_label);
    let trail = dashes(after_blanks, 5);
    if weight(lead) < 2 || (trail.is_empty() && !ends_line(after_blanks)) {
        return None;
    }
    let end = if trail.is_empty() { after_label } else { after_blanks.get(trail.len()..)? };
    let whole = rest.get(..rest.len() - end.len())?;
    let exact = whole.trim_start_matches('-') == format!("{edge} {label}-----", edge = edge.word());
    Some(Armour {
        edge,
        exact: exact && lead.ends_with("-----"),
        label,
        span: at..at + whole.len(),
    })
}

impl Edge {
    fn word(self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::End => "END",
        }
    }
}

fn edge(text: &str) -> Option<(Edge, &str)> {
    let (word, rest) = word(text);
    [Edge::Begin, Edge::End]
        .into_iter()
        .find(|edge| edge.word().eq_ignore_ascii_case(word))
        .map(|edge| (edge, rest))
}

/// Words of a label, to `KEY` or `KEY BLOCK`, or to the last word before something else. Bounded, so
/// that no base64 behind a damaged line is taken for a part of it.
fn label(text: &str) -> Option<(String, &str)> {
    const WORDS: usize = 6;
    const LETTERS: usize = 16;
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while words.len() < WORDS {
        let trimmed = trim_blanks(rest);
        let (next, after) = word(trimmed);
        let is_label = trimmed.len() < rest.len() && (1..=LETTERS).contains(&next.len());
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

/// Blanks within a line, also as a URL or a form writes them.
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

/// Whether a line ends here: with the text, a line break, or one that a string escape left as letters.
fn ends_line(text: &str) -> bool {
    text.is_empty() || ["\n", "\r", "\\n", "\\r"].iter().any(|end| text.starts_with(end))
}

/// The dashes that a text starts with, `limit` at most.
fn dashes(text: &str, limit: usize) -> &str {
    let end = text
        .char_indices()
        .enumerate()
        .find(|(count, (_, c))| *count == limit || !is_dash(*c))
        .map_or(text.len(), |(_, (at, _))| at);
    text.get(..end).unwrap_or_default()
}

/// Hyphens, and what word processors make of two of them.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// A long dash stands for two hyphens.
fn weight(dashes: &str) -> usize {
    dashes.chars().map(|c| if c == '-' { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<(Edge, String, bool)> {
        lines(text).next().map(|armour| (armour.edge, armour.label, armour.exact))
    }

    #[test]
    fn finds_what_is_armour() {
        use Edge::{Begin, End};
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
    fn leaves_other_text_alone() {
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
    fn files_joined_without_a_line_break_have_both_lines() {
        let found: Vec<_> = lines("-----END CERTIFICATE----------BEGIN CERTIFICATE-----")
            .map(|line| (line.edge, line.exact))
            .collect();
        assert_eq!(found, [(Edge::End, true), (Edge::Begin, true)]);
    }

    #[test]
    fn a_label_never_takes_base64_with_it() {
        let found = first("-----BEGIN PRIVATE KEY MIIEvQIBADANBgkq\n-----END PRIVATE KEY-----");
        assert_eq!(found, Some((Edge::End, "PRIVATE KEY".to_owned(), true)));
    }
}
