use x509_parser::asn1_rs::{Any, FromDer};

/// One element of a constructed value in DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    /// The identifier octet: class, form and (low) tag number.
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// The element with its identifier and length.
    pub(crate) whole: &'a [u8],
}

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const OID: u8 = 0x06;

/// The elements of a content, none left over; `None` when it is not DER. No tag that RFC 5280 uses
/// needs more than one identifier octet.
pub(crate) fn elements(content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    let mut rest = content;
    while let Some(tag) = rest.first() {
        let (after, any) = Any::from_der(rest).ok()?;
        let whole = rest.get(..rest.len() - after.len())?;
        found.push(Element { tag: *tag, content: any.data, whole });
        rest = after;
    }
    Some(found)
}

/// The content of the one element with this tag that `der` is.
pub(crate) fn content(der: &[u8], tag: u8) -> Option<&[u8]> {
    match elements(der)?.as_slice() {
        [one] if one.tag == tag => Some(one.content),
        _ => None,
    }
}

/// The element with this tag and content.
pub(crate) fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = content.len().to_be_bytes();
    let significant = length.iter().position(|octet| *octet != 0).unwrap_or(length.len() - 1);
    let length = length.get(significant..).unwrap_or_default();
    if content.len() >= 0x80 {
        der.push(0x80 | length.len() as u8);
    }
    der.extend_from_slice(length);
    der.extend_from_slice(content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_encoded_as_der_has_them() {
        for length in [0_usize, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let der = encode(SEQUENCE, &vec![0x5A; length]);
            assert_eq!(content(&der, SEQUENCE).unwrap().len(), length);
        }
        assert_eq!(encode(SEQUENCE, &[0; 128])[..3], [0x30, 0x81, 0x80]);
    }

    #[test]
    fn what_is_no_der_has_no_elements() {
        assert!(elements(&[0x30, 0x05, 0x00]).is_none());
        assert!(content(&[0x30, 0x00, 0x00, 0x00], SEQUENCE).is_none());
    }
}
