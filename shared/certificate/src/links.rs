use crate::checks::verdict;
use crate::key::Kind;
use crate::parsed::Parsed;
use crate::signature::{self, Scheme, SignatureResult};

/// Whether each certificate is signed by the next one, and a self-signed one by itself. The last one
/// needs no issuer here: a chain may come without its root.
pub(crate) fn signatures(certificates: &[Parsed<'_>]) -> String {
    let mut verified = false;
    let mut wrong = Vec::new();
    for (position, signed) in certificates.iter().enumerate() {
        let next = certificates.get(position + 1);
        let Some(signer) = (if signed.is_self_signed() { Some(signed) } else { next }) else {
            continue;
        };
        match signature::verify(signed, signer) {
            SignatureResult::Good => verified = true,
            SignatureResult::Bad => {
                wrong.push(format!("{} is not signed by {}", signed.label(), signer.label()))
            }
            SignatureResult::Unsupported(what) => wrong.push(format!(
                "the signature of {} by {} could not be verified: {what} is not supported",
                signed.label(),
                signer.label()
            )),
        }
    }
    if wrong.is_empty() && !verified {
        return envelope::Checks::NOT_APPLICABLE.to_owned();
    }
    verdict(&wrong)
}

/// Whether every key and signature is of a kind that can be verified and still counts. SHA-1 under a
/// root by itself does: trust in a root does not rest on its signature.
pub(crate) fn algorithms(certificates: &[Parsed<'_>]) -> String {
    let mut wrong = Vec::new();
    for certificate in certificates {
        let label = certificate.label();
        if certificate.key.kind == Kind::Other {
            wrong.push(format!("{} (key of {label}) is not supported", certificate.key.algorithm));
        }
        match signature::scheme(&certificate.x509.signature_algorithm) {
            Err(name) => wrong.push(format!("{name} (signature of {label}) is not supported")),
            Ok(Scheme::Pkcs1Sha1) if !certificate.is_self_signed() => {
                wrong.push(format!("sha1WithRSAEncryption (signature of {label}) is obsolete"));
            }
            Ok(_) => {}
        }
    }
    verdict(&wrong)
}
