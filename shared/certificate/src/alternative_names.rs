use std::net::{Ipv4Addr, Ipv6Addr};

use envelope::Names;
use x509_parser::asn1_rs::{Any, Class, FromDer, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;

use crate::der;

/// The subject alternative names of a certificate, unchanged: wildcards and A-labels are kept, and
/// octets that are not UTF-8 become U+FFFD. The common name is not taken into account.
///
/// They are parsed from the extension's octets, because x509-parser returns no names at all if it
/// rejects one of them.
pub(crate) fn read(x509: &X509Certificate<'_>) -> Names {
    match x509.get_extension_unique(&OID_X509_EXT_SUBJECT_ALT_NAME) {
        Ok(Some(extension)) => of_extension(extension.value),
        _ => Names::default(),
    }
}

/// The names in the octets of the extension.
pub(crate) fn of_extension(octets: &[u8]) -> Names {
    let mut names = Names::default();
    let Ok((_, sequence)) = Any::from_der(octets) else {
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
        0 => names.email.extend(smtp_utf8_mailbox(data)),
        1 => names.email.push(text()),
        2 => names.dns.push(text()),
        7 => names.ip.extend(address(data)),
        _ => {}
    }
}

/// RFC 9598, 3: an e-mail address with a local part that is not ASCII is an `otherName` of a type of
/// its own, as a UTF8String. `data` is the content of the `otherName`.
pub(crate) fn smtp_utf8_mailbox(data: &[u8]) -> Option<String> {
    // 1.3.6.1.5.5.7.8.9
    const SMTP_UTF8_MAILBOX: [u8; 8] = [0x2B, 6, 1, 5, 5, 7, 8, 9];
    let members = der::elements(data)?;
    let [kind, value] = members.as_slice() else { return None };
    if kind.content != SMTP_UTF8_MAILBOX {
        return None;
    }
    let mailbox = der::content(value.content, 0x0C)?;
    str::from_utf8(mailbox).ok().map(str::to_owned)
}

fn address(octets: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Some(Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(octets).ok().map(|sixteen| Ipv6Addr::from(sixteen).to_string())
}
