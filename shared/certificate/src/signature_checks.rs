use crate::findings::result_of;
use crate::key::KeyKind;
use crate::parsed::Parsed;
use crate::signature::{self, SignatureResult};
use crate::signature_algorithm::{Scheme, scheme};

/// Each certificate must be signed by the next one, and a self-signed one by itself. The last one
/// may have no issuer in the bundle: a chain may lack its root.
pub(crate) fn signatures(certificates: &[Parsed<'_>]) -> String {
    let mut verified = false;
    let mut findings = Vec::new();
    for (position, signed) in certificates.iter().enumerate() {
        let next = certificates.get(position + 1);
        let Some(signer) = (if signed.is_self_signed() { Some(signed) } else { next }) else {
            continue;
        };
        match signature::verify(signed, signer) {
            SignatureResult::Good => verified = true,
            SignatureResult::Bad => {
                findings.push(format!("{} is not signed by {}", signed.label(), signer.label()))
            }
            SignatureResult::Unsupported(reason) => findings.push(format!(
                "the signature of {} by {} could not be verified: {reason} is not supported",
                signed.label(),
                signer.label()
            )),
        }
    }
    if findings.is_empty() && !verified {
        return envelope::Checks::NOT_APPLICABLE.to_owned();
    }
    result_of(&findings)
}

/// Every key and signature must have a supported algorithm that is not obsolete. A SHA-1 signature
/// of a root by itself passes: trust in a root does not depend on its signature.
pub(crate) fn algorithms(certificates: &[Parsed<'_>]) -> String {
    let mut findings = Vec::new();
    for certificate in certificates {
        let label = certificate.label();
        if certificate.key.kind == KeyKind::Other {
            findings
                .push(format!("{} (key of {label}) is not supported", certificate.key.algorithm));
        }
        match scheme(&certificate.x509.signature_algorithm) {
            Err(name) => findings.push(format!("{name} (signature of {label}) is not supported")),
            Ok(Scheme::Pkcs1Sha1) if !certificate.is_self_signed() => {
                findings.push(format!("sha1WithRSAEncryption (signature of {label}) is obsolete"));
            }
            Ok(_) => {}
        }
    }
    result_of(&findings)
}
