use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

/// The DER of each certificate in a delivered chain, after comparing it with the event by another
/// parser than Certhooks' own.
pub(crate) fn verified(event: &Value) -> Vec<Vec<u8>> {
    let pem = event["data"]["pem_chain"].as_str().unwrap();
    let ders = certificates(pem);
    let described = event["data"]["certificates"].as_array().unwrap();
    assert_eq!(ders.len(), described.len());
    for (der, described) in ders.iter().zip(described) {
        assert_described(der, described);
    }
    ders
}

/// Each certificate must be signed by the next one, and the first must not be a CA.
pub(crate) fn assert_chain(ders: &[Vec<u8>]) {
    assert!(!parse(&ders[0]).is_ca());
    for pair in ders.windows(2) {
        assert!(is_signed_by(&pair[0], &pair[1]));
    }
}

pub(crate) fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> bool {
    let (certificate, issuer) = (parse(certificate), parse(issuer));
    certificate.issuer() == issuer.subject()
        && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}

/// The DER of each certificate. Panics where the text is not PEM, holds something else than
/// certificates, or has a CR.
pub(crate) fn certificates(pem: &str) -> Vec<Vec<u8>> {
    assert!(!pem.contains('\r'));
    let blocks = Pem::iter_from_buffer(pem.as_bytes()).map(Result::unwrap);
    blocks
        .map(|block| {
            assert_eq!(block.label, "CERTIFICATE");
            block.contents
        })
        .collect()
}

fn parse(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

fn assert_described(der: &[u8], described: &Value) {
    let certificate = parse(der);
    assert_eq!(described["fingerprint_sha256"], HEXLOWER.encode(digest(&SHA256, der).as_ref()));
    let serial = format!("{:X}", certificate.serial);
    let serial = if serial.len() % 2 == 1 { format!("0{serial}") } else { serial };
    assert_eq!(described["serial_number"], serial);
    let time = |name: &str| OffsetDateTime::parse(described[name].as_str().unwrap(), &Rfc3339);
    assert_eq!(time("not_before").unwrap(), certificate.validity().not_before.to_datetime());
    assert_eq!(time("not_after").unwrap(), certificate.validity().not_after.to_datetime());
    let names = certificate.subject_alternative_name().unwrap();
    let names = names.map_or_else(Vec::new, |names| names.value.general_names.clone());
    let dns: Vec<&str> = names
        .iter()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(*name),
            _ => None,
        })
        .collect();
    assert_eq!(described["names"]["dns"], serde_json::json!(dns));
    for name in ["subject", "issuer", "key_algorithm", "signature_algorithm"] {
        assert!(
            described[name].as_str().is_some_and(|text| !text.is_empty()),
            "{name}: {described}"
        );
    }
    assert!(described["key_bits"].as_u64().unwrap() >= 256, "{described}");
}
