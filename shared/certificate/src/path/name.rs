use data_encoding::HEXLOWER;
use x509_parser::asn1_rs::{Any, FromDer};

use crate::der::{self, OID, SEQUENCE, SET};
use crate::distinguished_name;

/// A distinguished name as RFC 5280, 7.1 compares it: strings prepared by RFC 4518, so that string
/// type, letter case and white space do not count, and the attributes of a relative name in any order.
/// Comparison, look-up and the choice of the issuer all use this one form.
///
/// Of RFC 4518, the normalisation to Unicode form KC (2.3) is left out: two names that differ in
/// nothing else are not equal here. No CA is known to need it, and OpenSSL leaves it out as well.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct ComparableName {
    relative: Vec<Vec<String>>,
}

impl ComparableName {
    /// From the DER of a `Name`; `None` when it is not one.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        Self::from_content(der::content(der, SEQUENCE)?)
    }

    /// From the content of an `RDNSequence`, as `rustls` keeps the names of its anchors.
    pub(crate) fn from_content(content: &[u8]) -> Option<Self> {
        let relative = der::elements(content)?
            .into_iter()
            .map(|set| (set.tag == SET).then(|| attributes(set.content)).flatten())
            .collect::<Option<_>>()?;
        Some(Self { relative })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.relative.is_empty()
    }

    /// RFC 5280, 4.2.1.10: whether this name lies in the subtree below `base`.
    pub(crate) fn is_within(&self, base: &Self) -> bool {
        self.relative.starts_with(&base.relative)
    }
}

fn attributes(content: &[u8]) -> Option<Vec<String>> {
    let mut attributes = der::elements(content)?
        .into_iter()
        .map(|attribute| attribute_text(attribute.content))
        .collect::<Option<Vec<_>>>()?;
    attributes.sort_unstable();
    Some(attributes)
}

fn attribute_text(content: &[u8]) -> Option<String> {
    let elements = der::elements(content)?;
    let [kind, value] = elements.as_slice() else { return None };
    if kind.tag != OID {
        return None;
    }
    let (_, any) = Any::from_der(value.whole).ok()?;
    let value = if distinguished_name::is_string(any.tag()) {
        prepare(&distinguished_name::value(&any))
    } else {
        format!("#{}", HEXLOWER.encode(value.whole))
    };
    Some(format!("{}={value}", HEXLOWER.encode(kind.content)))
}

/// RFC 4518, 2.2 (what is mapped to nothing, and to a space), 2.6.1 (white space that does not count),
/// and letter case.
pub(crate) fn prepare(text: &str) -> String {
    let mut prepared = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_nothing(*c)) {
        if c.is_whitespace() {
            if !prepared.is_empty() && !prepared.ends_with(' ') {
                prepared.push(' ');
            }
        } else {
            prepared.extend(c.to_lowercase());
        }
    }
    prepared.truncate(prepared.trim_end().len());
    prepared
}

fn is_nothing(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(
            c,
            '\u{AD}' | '\u{34F}' | '\u{6DD}' | '\u{70F}' | '\u{1806}' | '\u{180B}'..='\u{180E}'
                | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2063}'
                | '\u{206A}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFC}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_letter_case_do_not_count() {
        for text in ["Odd CA1", " odd  ca1 ", "ODD\tCA1\u{A0}", "o\u{AD}dd ca\u{200B}1"] {
            assert_eq!(prepare(text), "odd ca1", "{text}");
        }
        assert_eq!(prepare(" "), "");
        assert_ne!(prepare("oddca1"), "odd ca1");
        assert_eq!(prepare("Ä"), "ä");
    }

    #[test]
    fn string_types_and_the_order_of_attributes_do_not_count() {
        let attribute = |oid: u8, tag: u8, text: &[u8]| {
            let mut content = der::encode(OID, &[0x55, 0x04, oid]);
            content.extend(der::encode(tag, text));
            der::encode(SEQUENCE, &content)
        };
        let name = |parts: &[Vec<u8>]| {
            let set = der::encode(SET, &parts.concat());
            ComparableName::from_der(&der::encode(SEQUENCE, &set)).unwrap()
        };
        let (cn, o) = (attribute(3, 0x0C, b"Test"), attribute(10, 0x13, b"One"));
        let (cn_bmp, o_case) = (attribute(3, 0x1E, b"\0t\0E\0s\0t"), attribute(10, 0x0C, b"ONE "));
        assert_eq!(name(&[cn.clone(), o]), name(&[o_case, cn_bmp]));
        assert_ne!(name(std::slice::from_ref(&cn)), name(&[attribute(10, 0x0C, b"Test")]));
        assert_ne!(name(&[cn]), name(&[]));
    }
}
