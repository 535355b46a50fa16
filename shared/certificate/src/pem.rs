use data_encoding::BASE64;

use crate::boundary::{self, Boundary, BoundaryKind};

/// Why bytes are no bundle of certificates. Only the labels of blocks are quoted from the content.
/// `block` is the number of a certificate block, counted from one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotACertificate {
    /// The end is missing: a transport failure, which is worth another attempt.
    #[error("PEM certificate block {block} is truncated: its END line is missing")]
    CutShort { block: usize },
    #[error("PEM certificate block {block}: its BEGIN and END lines do not match")]
    Mismatched { block: usize },
    #[error("no PEM certificate block{}", and_found(.found))]
    NoBlock {
        /// Labels of the blocks that the text contains.
        found: Vec<String>,
    },
    #[error("PEM certificate block {block} is not base64")]
    NotBase64 { block: usize },
    #[error("PEM certificate block {block} is not one X.509 certificate in DER")]
    NotX509 { block: usize },
}

impl NotACertificate {
    /// Whether the content is incomplete, as opposed to a whole answer that is no certificate.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, Self::CutShort { .. })
    }
}

fn and_found(labels: &[String]) -> String {
    if labels.is_empty() { String::new() } else { format!("; found: {}", labels.join(", ")) }
}

/// The DER of every certificate block, in order. Text around them and other blocks are passed over.
pub(crate) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, NotACertificate> {
    blocks(text)?.into_iter().collect()
}

/// The DER of every certificate block that can be read, and why the others cannot: one block does not
/// take the others with it. A text that breaks off is an error as a whole, since what is missing may be
/// anything.
pub(crate) fn blocks(text: &str) -> Result<Vec<Result<Vec<u8>, NotACertificate>>, NotACertificate> {
    let mut blocks = Vec::new();
    let mut found = Vec::new();
    let mut open: Option<Boundary> = None;
    for line in boundary::boundaries(text).filter(|line| line.exact) {
        let block = blocks.len() + 1;
        match (open.take(), line.kind) {
            (None, BoundaryKind::Begin) if is_certificate(&line) => open = Some(line),
            (None, BoundaryKind::Begin) => add_label(&mut found, line.label),
            (None, BoundaryKind::End) if !is_certificate(&line) => {}
            (Some(begin), BoundaryKind::End) if begin.label == line.label => {
                let body = text.get(begin.span.end..line.span.start).unwrap_or_default();
                blocks.push(decode(body).ok_or(NotACertificate::NotBase64 { block }));
            }
            (_, kind) => {
                blocks.push(Err(NotACertificate::Mismatched { block }));
                open = (kind == BoundaryKind::Begin && is_certificate(&line)).then_some(line);
            }
        }
    }
    if open.is_some() || ends_in_begin_line(text) {
        return Err(NotACertificate::CutShort { block: blocks.len() + 1 });
    }
    if blocks.is_empty() { Err(NotACertificate::NoBlock { found }) } else { Ok(blocks) }
}

/// RFC 7468, 5.1 allows a parser to accept `X509 CERTIFICATE` beside the usual label.
fn is_certificate(line: &Boundary) -> bool {
    matches!(line.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE")
}

/// Whether the text ends within a BEGIN line.
fn ends_in_begin_line(text: &str) -> bool {
    let last = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    last.starts_with("-----B") && "-----BEGIN CERTIFICATE-----".starts_with(last)
}

fn decode(body: &str) -> Option<Vec<u8>> {
    let lines: String = body.lines().map(str::trim).collect();
    let decoded = BASE64.decode(lines.as_bytes()).ok();
    decoded.or_else(|| {
        // There may be white space within a line too, which is rare, and slow to look for.
        let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
        BASE64.decode(base64.as_bytes()).ok()
    })
}

/// Adds each label once, and five at most, so that the error message stays short.
fn add_label(found: &mut Vec<String>, label: String) {
    if found.len() < 5 && !found.contains(&label) {
        found.push(label);
    }
}
