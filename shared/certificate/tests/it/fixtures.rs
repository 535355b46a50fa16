use certificate::Bundle;
use time::OffsetDateTime;
use time::macros::datetime;

/// A time within the hundred years for which the chains of `make.sh` are valid.
pub(crate) const NOW: OffsetDateTime = datetime!(2030-06-01 0:00 UTC);

macro_rules! fixtures {
    ($($name:ident = $file:literal,)+) => {
        $(pub(crate) const $name: &str = include_str!(concat!("../fixtures/", $file, ".pem"));)+
    };
}

fixtures! {
    CODE_SIGNING = "code-signing",
    // CertCentral's `pem_all` answer of 2017: riboseinc/digicert (MIT),
    // spec/fixtures/certificate.pem.
    DIGICERT = "digicert-pem-all",
    ED25519 = "ed25519",
    EC_P256 = "ec-p256",
    EC_P384 = "ec-p384",
    EC_P521 = "ec-p521",
    EXPIRED = "expired",
    IMPOSTOR = "impostor",
    LEAF_IS_CA = "leaf-is-ca",
    MIXED = "mixed",
    NO_SAN = "no-san",
    ODD_NAMES = "odd-names",
    PKCS7 = "pkcs7",
    PRIVATE_KEYS = "test-only-private-keys",
    PSS = "pss",
    PSS_ODD_SALT = "pss-odd-salt",
    REQUEST = "request",
    RSA = "rsa",
    SHA1_LEAF = "sha1-leaf",
    SMIME = "smime",
    SMIME_NO_EMAIL = "smime-no-email",
    WEAK = "weak",
    WRONG_CHAIN = "wrong-chain",
}

pub(crate) fn read(pem: &str) -> Bundle {
    certificate::read(pem.as_bytes(), NOW).unwrap()
}

/// The blocks of a file, each with its line breaks.
pub(crate) fn blocks(pem: &str) -> Vec<&str> {
    pem.split_inclusive("-----END CERTIFICATE-----\n").collect()
}

pub(crate) fn common_names(bundle: &Bundle) -> Vec<&str> {
    let subjects =
        bundle.certificates.iter().map(|certificate| certificate.subject.as_deref().unwrap());
    subjects.map(|subject| subject.split(',').next().unwrap()).collect()
}
