use std::net::{Ipv4Addr, Ipv6Addr};

use envelope::Names;
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;

/// The subject alternative names of a certificate, unchanged: wildcards and A-labels are kept, and
/// octets that are not UTF-8 become U+FFFD. The common name is not taken into account.
///
/// They are parsed from the extension's octets, because x509-parser returns no names at all if it
/// rejects one of them.
pub(crate) fn read(x509: &X509Certificate<'_>) -> Names {
    let mut names = Names::default();
    let Ok(Some(extension)) = x509.get_extension_unique(&OID_X509_EXT_SUBJECT_ALT_NAME) else {
        return names;
    };
    let Ok((_, sequence)) = Any::from_der(extension.value) else {
        return names;
    };
    if sequence.tag() != Tag::Sequence {
        return names;
    }
    let mut rest = sequence.data;
    while let Ok((after, name)) = Any::from_der(rest) {
        if name.class() == Class::ContextSpecific {
            add(&mut names, name.tag().0, name.data);
        }
        rest = after;
    }
    names
}

/// Adds a name by its tag in `GeneralName` (RFC 5280, 4.2.1.6).
fn add(names: &mut Names, tag: u32, data: &[u8]) {
    let text = || String::from_utf8_lossy(data).into_owned();
    match tag {
        1 => names.email.push(text()),
        2 => names.dns.push(text()),
        7 => names.ip.extend(address(data)),
        _ => {}
    }
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| Ipv6Addr::from(sixteen).to_string())
}
