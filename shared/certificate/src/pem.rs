use data_encoding::BASE64;

use crate::armour::{self, Armour, Edge};

/// Why bytes are no bundle of certificates. Nothing of their content is quoted, but for the labels of
/// blocks. Blocks are counted from one, certificates only.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotACertificate {
    /// The end is missing: a transport failure, worth another try.
    #[error("PEM certificate block {block} is cut short: its END line is missing")]
    CutShort { block: usize },
    #[error("PEM certificate block {block}: its BEGIN and END lines do not match")]
    Mismatched { block: usize },
    #[error("no PEM certificate block in it{}", and_found(.found))]
    NoBlock {
        /// Labels of the blocks that are there.
        found: Vec<String>,
    },
    #[error("PEM certificate block {block} is not base64")]
    NotBase64 { block: usize },
    #[error("PEM certificate block {block} is not one X.509 certificate in DER")]
    NotX509 { block: usize },
}

impl NotACertificate {
    /// Whether it broke off on the way, as opposed to a whole answer that is no certificate.
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
    let mut open: Option<Armour> = None;
    for line in armour::lines(text).filter(|line| line.exact) {
        let block = blocks.len() + 1;
        match (open.take(), line.edge) {
            (None, Edge::Begin) if is_certificate(&line) => open = Some(line),
            (None, Edge::Begin) => note(&mut found, line.label),
            (None, Edge::End) if !is_certificate(&line) => {}
            (Some(begin), Edge::End) if begin.label == line.label => {
                let body = text.get(begin.span.end..line.span.start).unwrap_or_default();
                blocks.push(decode(body).ok_or(NotACertificate::NotBase64 { block }));
            }
            (_, edge) => {
                blocks.push(Err(NotACertificate::Mismatched { block }));
                open = (edge == Edge::Begin && is_certificate(&line)).then_some(line);
            }
        }
    }
    if open.is_some() || breaks_off(text) {
        return Err(NotACertificate::CutShort { block: blocks.len() + 1 });
    }
    if blocks.is_empty() { Err(NotACertificate::NoBlock { found }) } else { Ok(blocks) }
}

/// PEM with LF and 64 columns (RFC 7468, 2).
pub(crate) fn encode(der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let mut pem = String::with_capacity(base64.len() + base64.len() / 64 + 56);
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// `X509 CERTIFICATE` is what RFC 7468, 5.1 lets a reader accept beside the usual label.
fn is_certificate(line: &Armour) -> bool {
    matches!(line.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE")
}

/// Whether the text ends within a BEGIN line.
fn breaks_off(text: &str) -> bool {
    let last = text.rsplit(['\n', '\r']).next().unwrap_or_default();
    last.starts_with("-----B") && "-----BEGIN CERTIFICATE-----".starts_with(last)
}

fn decode(body: &str) -> Option<Vec<u8>> {
    let base64: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    BASE64.decode(base64.as_bytes()).ok()
}

/// Keeps each label once, and no more than a sentence can hold.
fn note(found: &mut Vec<String>, label: String) {
    if found.len() < 5 && !found.contains(&label) {
        found.push(label);
    }
}
