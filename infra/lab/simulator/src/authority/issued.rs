use data_encoding::{HEXLOWER, HEXUPPER};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, SignatureAlgorithm};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use time::OffsetDateTime;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    /// The curve for an id. Every eighth one is P-384, since signing on it is far slower.
    pub(crate) fn of(id: u64) -> Self {
        if id.is_multiple_of(8) { Self::P384 } else { Self::P256 }
    }

    pub(super) fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::P256 => &PKCS_ECDSA_P256_SHA256,
            Self::P384 => &PKCS_ECDSA_P384_SHA384,
        }
    }

    pub(crate) fn bits(self) -> u16 {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
        }
    }
}

/// A leaf, and what responses say about it.
pub(crate) struct Issued {
    /// The certificate in DER.
    pub(crate) leaf: Vec<u8>,
    /// The certificate as PEM with LF.
    pub(crate) pem: String,
    pub(crate) curve: Curve,
    pub(crate) serial: u128,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) issued_at: OffsetDateTime,
    /// The name in one line, as OpenSSL prints it; likewise `issuer`.
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) common_name: String,
    pub(crate) names: Vec<String>,
}

impl Issued {
    /// The serial number in 32 upper-case digits.
    pub(crate) fn serial_hex(&self) -> String {
        format!("{:032X}", self.serial)
    }

    /// The SHA-1 hash in 40 upper-case digits.
    pub(crate) fn thumbprint(&self) -> String {
        HEXUPPER.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.leaf).as_ref())
    }

    /// The SHA-256 hash in lower case.
    pub(crate) fn sha256(&self) -> String {
        HEXLOWER.encode(digest(&SHA256, &self.leaf).as_ref())
    }
}

/// A number that depends only on the text.
pub(crate) fn number_of(text: &str) -> u128 {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// A number of sixteen bytes whose first is from 1 to 127. It is positive in DER without a leading zero, so
/// that all notations show the same digits.
pub(super) fn serial_number(key: &str) -> u128 {
    number_of(key) & (u128::MAX >> 1) | 1 << 120
}

#[cfg(test)]
mod tests {
    use super::serial_number;

    #[test]
    fn serial_numbers_are_sixteen_bytes_and_positive() {
        for id in 0..1000 {
            let first = serial_number(&format!("acme/{id}")).to_be_bytes()[0];
            assert!((1..128).contains(&first), "{id}: {first}");
        }
        assert_eq!(serial_number("a"), serial_number("a"));
        assert_ne!(serial_number("a"), serial_number("b"));
    }
}
