use std::fmt::Write;

use data_encoding::HEXUPPER;
use x509_parser::asn1_rs::{Any, Tag, ToDer};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A distinguished name in the form of RFC 4514, the most specific part first, with one difference:
/// a string of a type without a short name is written as text and not as the hex of its encoding.
pub(crate) fn text(name: &X509Name<'_>) -> String {
    let parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| rdn.iter().map(attribute).collect::<Vec<_>>().join("+"))
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join(",")
}

/// The most specific common name, escaped as in [`text`].
pub(crate) fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().last().map(|attribute| escape(&value(attribute.attr_value())))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> String {
    let oid = attribute.attr_type().to_id_string();
    let any = attribute.attr_value();
    if is_string(any.tag()) {
        format!("{}={}", short_name(&oid).unwrap_or(&oid), escape(&value(any)))
    } else {
        format!("{}={}", short_name(&oid).unwrap_or(&oid), value(any))
    }
}

/// Short names of RFC 4514, 3, then of RFC 4519, RFC 2985 and the EV guidelines.
fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.6" => "C",
        "2.5.4.9" => "STREET",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.12" => "title",
        "2.5.4.15" => "businessCategory",
        "2.5.4.17" => "postalCode",
        "2.5.4.42" => "givenName",
        "2.5.4.97" => "organizationIdentifier",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "1.3.6.1.4.1.311.60.2.1.1" => "jurisdictionL",
        "1.3.6.1.4.1.311.60.2.1.2" => "jurisdictionST",
        "1.3.6.1.4.1.311.60.2.1.3" => "jurisdictionC",
        _ => return None,
    })
}

fn is_string(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::BmpString
            | Tag::GeneralString
            | Tag::Ia5String
            | Tag::NumericString
            | Tag::PrintableString
            | Tag::T61String
            | Tag::UniversalString
            | Tag::Utf8String
            | Tag::VisibleString
    )
}

/// The characters of a string of any type, or the encoding of another value in hex.
fn value(any: &Any<'_>) -> String {
    match any.tag() {
        Tag::BmpString => {
            let (units, _) = any.data.as_chunks::<2>();
            String::from_utf16_lossy(
                &units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>(),
            )
        }
        Tag::UniversalString => {
            let (units, _) = any.data.as_chunks::<4>();
            units
                .iter()
                .map(|unit| char::from_u32(u32::from_be_bytes(*unit)).unwrap_or('\u{FFFD}'))
                .collect()
        }
        // In practice these are UTF-8 or else Latin-1.
        Tag::T61String | Tag::GeneralString => match str::from_utf8(any.data) {
            Ok(text) => text.to_owned(),
            Err(_) => any.data.iter().map(|octet| char::from(*octet)).collect(),
        },
        tag if is_string(tag) => String::from_utf8_lossy(any.data).into_owned(),
        _ => format!("#{}", HEXUPPER.encode(&any.to_der_vec().unwrap_or_default())),
    }
}

/// Escapes a value (RFC 4514, 2.4). Control characters become hex, so that no name contains a line
/// break.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (position, c) in value.chars().enumerate() {
        let at_edge =
            (c == ' ' && (position == 0 || position == last)) || (c == '#' && position == 0);
        if c.is_control() {
            for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\{octet:02X}");
            }
            continue;
        }
        if at_edge || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use x509_parser::asn1_rs::{Oid, oid};
    use x509_parser::x509::RelativeDistinguishedName;

    use super::*;

    fn name(parts: &[(Oid<'static>, Tag, &'static [u8])]) -> String {
        let rdns = parts.iter().map(|(oid, tag, data)| {
            let value = Any::from_tag_and_data(*tag, data);
            RelativeDistinguishedName::new(vec![AttributeTypeAndValue::new(oid.clone(), value)])
        });
        text(&rdns.collect())
    }

    #[test]
    fn the_most_specific_part_is_first() {
        let parts: [(Oid<'static>, Tag, &'static [u8]); 2] = [
            (oid!(2.5.4.6), Tag::PrintableString, b"AT"),
            (oid!(2.5.4.3), Tag::Utf8String, b"www.example.com"),
        ];
        assert_eq!(name(&parts), "CN=www.example.com,C=AT");
    }

    #[test]
    fn every_string_type_becomes_text() {
        let cases: [(Tag, &'static [u8], &str); 9] = [
            (Tag::Utf8String, "Bücher".as_bytes(), "CN=Bücher"),
            (Tag::Utf8String, b"a\xFFb", "CN=a\u{FFFD}b"),
            (Tag::T61String, b"B\xFCcher", "CN=Bücher"),
            (Tag::BmpString, b"\x00B\x00\xFC\x00", "CN=Bü"),
            (Tag::UniversalString, b"\x00\x00\x00B\x00\x11\x00\x00", "CN=B\u{FFFD}"),
            (Tag::Utf8String, b" a, CN=evil \\ ", "CN=\\ a\\, CN=evil \\\\\\ "),
            (Tag::Utf8String, b"#a+b", "CN=\\#a\\+b"),
            (Tag::Utf8String, b"a\0b\r\n", "CN=a\\00b\\0D\\0A"),
            (Tag::Integer, b"\x05", "CN=#020105"),
        ];
        for (tag, data, expected) in cases {
            assert_eq!(name(&[(oid!(2.5.4.3), tag, data)]), expected);
        }
    }

    #[test]
    fn a_type_without_a_name_keeps_its_oid() {
        assert_eq!(name(&[(oid!(1.2.3.4), Tag::Utf8String, b"x")]), "1.2.3.4=x");
        assert_eq!(name(&[]), "");
    }
}
