use data_encoding::HEXLOWER;
use envelope::{Certificate, Names};
use ring::digest::{SHA256, digest};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::pem::Pem;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::alternative_names;
use crate::parsed::Parsed;

/// Why nothing can be said in advance of a certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NothingInAdvance {
    #[error("it holds no PEM block of a certificate, a certificate request or a public key")]
    NoBlock,
    #[error("its {0} cannot be read")]
    Unreadable(String),
    #[error("it holds a private key, which nobody needs; name its public key or its request")]
    PrivateKey,
}

/// What is known of a certificate in advance, from the first PEM block that says anything: a certificate, a request
/// (PKCS #10) or a public key.
///
/// # Errors
/// Nothing can be said; the error never quotes the text.
pub fn in_advance(text: &str) -> Result<Certificate, NothingInAdvance> {
    for pem in Pem::iter_from_buffer(text.as_bytes()) {
        let Ok(pem) = pem else { return Err(NothingInAdvance::NoBlock) };
        let unreadable = || NothingInAdvance::Unreadable(pem.label.to_lowercase());
        let known = match pem.label.as_str() {
            "CERTIFICATE" => Parsed::read(&pem.contents).map(|parsed| parsed.description),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => of_request(&pem.contents),
            "PUBLIC KEY" => of_key(&pem.contents),
            label if label.ends_with("PRIVATE KEY") => return Err(NothingInAdvance::PrivateKey),
            _ => continue,
        };
        return known.ok_or_else(unreadable);
    }
    Err(NothingInAdvance::NoBlock)
}

fn of_request(der: &[u8]) -> Option<Certificate> {
    let (_, request) = X509CertificationRequest::from_der(der).ok()?;
    let info = &request.certification_request_info;
    let names = info
        .iter_attributes()
        .filter_map(|attribute| match attribute.parsed_attribute() {
            x509_parser::cri_attributes::ParsedCriAttribute::ExtensionRequest(requested) => {
                requested.extensions.iter().find(|one| one.oid == OID_X509_EXT_SUBJECT_ALT_NAME)
            }
            _ => None,
        })
        .map(|extension| alternative_names::of_extension(extension.value))
        .next();
    Some(of_spki(info.subject_pki.raw, names))
}

fn of_key(der: &[u8]) -> Option<Certificate> {
    let (rest, key) = SubjectPublicKeyInfo::from_der(der).ok()?;
    rest.is_empty().then(|| of_spki(key.raw, None))
}

fn of_spki(spki: &[u8], names: Option<Names>) -> Certificate {
    let spki_sha256 = Some(HEXLOWER.encode(digest(&SHA256, spki).as_ref()));
    Certificate { spki_sha256, names, ..Certificate::default() }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PublicKeyData};

    use super::*;
    use crate::encode_pem;

    #[test]
    fn a_request_its_key_and_its_certificate_have_one_key() {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
        let request = in_advance(&params.serialize_request(&key).unwrap().pem().unwrap()).unwrap();
        assert_eq!(request.names.as_ref().unwrap().dns, ["shop.example"]);
        let public = in_advance(&key.public_key_pem()).unwrap();
        let certificate = in_advance(&params.self_signed(&key).unwrap().pem()).unwrap();
        let hash = HEXLOWER.encode(digest(&SHA256, &key.subject_public_key_info()).as_ref());
        for known in [&request, &public, &certificate] {
            assert_eq!(known.spki_sha256.as_deref(), Some(hash.as_str()));
        }
        assert!(certificate.tbs_sha256.is_some() && request.tbs_sha256.is_none());
        assert_eq!(public.names, None);
    }

    #[test]
    fn what_says_nothing_is_refused() {
        let key = KeyPair::generate().unwrap().serialize_pem();
        assert_eq!(in_advance(&key), Err(NothingInAdvance::PrivateKey));
        assert_eq!(in_advance("shop.example"), Err(NothingInAdvance::NoBlock));
        assert_eq!(in_advance("-----BEGIN PUBLIC KEY-----"), Err(NothingInAdvance::NoBlock));
        let unreadable = encode_pem("CERTIFICATE REQUEST", &[48, 0]);
        let error = in_advance(&unreadable).unwrap_err();
        assert_eq!(error.to_string(), "its certificate request cannot be read");
    }
}
