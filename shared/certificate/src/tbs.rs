use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};

use crate::der::{self, Element, OID, SEQUENCE};

/// 1.3.6.1.4.1.11129.2.4.2, the list of SCTs, and .3, the poison of a precertificate.
const SCT_LIST: [u8; 10] = [0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 2];
const POISON: [u8; 10] = [0x2B, 6, 1, 4, 1, 0xD6, 0x79, 2, 4, 3];

/// Tag of the extensions, `[3]`.
const EXTENSIONS: u8 = 0xA3;

/// Lower-case hex of the SHA-256 of a `TBSCertificate` without what certificate transparency puts
/// into it (RFC 6962, 3.2), so that a certificate and its precertificate have the same one.
pub(crate) fn sha256(tbs: &[u8]) -> Option<String> {
    let members = der::elements(der::content(tbs, SEQUENCE)?)?;
    let mut content = Vec::with_capacity(tbs.len());
    for member in members {
        if member.tag == EXTENSIONS {
            content.extend(without_transparency(&member)?);
        } else {
            content.extend_from_slice(member.whole);
        }
    }
    Some(HEXLOWER.encode(digest(&SHA256, &der::encode(SEQUENCE, &content)).as_ref()))
}

/// The extensions with their lengths counted anew; nothing when none is left, since the member is
/// optional and never empty (RFC 5280, 4.1.2.9).
fn without_transparency(member: &Element<'_>) -> Option<Vec<u8>> {
    let extensions = der::elements(der::content(member.content, SEQUENCE)?)?;
    let kept = extensions.iter().filter(|extension| !is_transparency(extension));
    let kept = kept.map(|extension| extension.whole).collect::<Vec<_>>().concat();
    if kept.is_empty() {
        return Some(kept);
    }
    Some(der::encode(EXTENSIONS, &der::encode(SEQUENCE, &kept)))
}

fn is_transparency(extension: &Element<'_>) -> bool {
    let members = der::elements(extension.content).unwrap_or_default();
    members
        .first()
        .is_some_and(|id| id.tag == OID && [SCT_LIST, POISON].iter().any(|oid| id.content == oid))
}
