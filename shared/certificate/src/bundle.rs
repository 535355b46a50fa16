use std::collections::HashMap;

use envelope::{Certificate, Checks};
use time::OffsetDateTime;

use crate::checks::{self, Dropped};
use crate::order::order;
use crate::parsed::Parsed;
use crate::pem::{self, NotACertificate};
use crate::redact_text;

/// Certificates in their order, leaf first, and the results of the checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    pub certificates: Vec<Certificate>,
    /// The same certificates in the same order as PEM with LF, without any other content of the
    /// input.
    pub pem_chain: String,
    pub checks: Checks,
}

/// Reads the answer of a CA, or a chain in an event: any number of PEM certificates in any order,
/// with CRLF or LF, with text and other blocks around and between them. A failed check is reported
/// in the bundle and is no error.
///
/// # Errors
/// Why the input is no bundle; only [`NotACertificate::CutShort`] is worth another attempt.
pub fn read(bytes: &[u8], now: OffsetDateTime) -> Result<Bundle, NotACertificate> {
    let text = String::from_utf8_lossy(bytes);
    let ders = pem::certificates(&text)?;
    let (parsed, duplicates) = distinct(&ders)?;
    let order = order(&parsed);
    let mut slots: Vec<Option<Parsed<'_>>> = parsed.into_iter().map(Some).collect();
    let ordered: Vec<Parsed<'_>> =
        order.sequence.iter().filter_map(|position| slots.get_mut(*position)?.take()).collect();
    let dropped = Dropped { duplicates, private_keys: redact_text::labels(&text) };
    Ok(Bundle {
        checks: checks::run(&ordered, &order, &dropped, now),
        pem_chain: ordered
            .iter()
            .map(|certificate| pem::encode_pem("CERTIFICATE", certificate.der))
            .collect(),
        certificates: ordered.into_iter().map(|certificate| certificate.description).collect(),
    })
}

/// Each certificate once, at its first position, and label and count of those that occurred more
/// than once.
type Distinct<'a> = (Vec<Parsed<'a>>, Vec<(String, usize)>);

fn distinct(ders: &[Vec<u8>]) -> Result<Distinct<'_>, NotACertificate> {
    let mut indices: HashMap<&[u8], usize> = HashMap::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut parsed = Vec::new();
    for (position, der) in ders.iter().enumerate() {
        if let Some(count) = indices.get(der.as_slice()).and_then(|index| counts.get_mut(*index)) {
            *count += 1;
            continue;
        }
        indices.insert(der, parsed.len());
        counts.push(1);
        parsed.push(Parsed::read(der).ok_or(NotACertificate::NotX509 { block: position + 1 })?);
    }
    let repeated = parsed.iter().zip(counts).filter(|(_, count)| *count > 1);
    let duplicates = repeated.map(|(certificate, count)| (certificate.label(), count)).collect();
    Ok((parsed, duplicates))
}
