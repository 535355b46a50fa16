use certificate::{NotACertificate, Question, Report, TrustAnchors, validate};
use envelope::CheckResult;
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
    COMPRESSED_KEY = "compressed-key",
    // CertCentral's `pem_all` answer of 2017: riboseinc/digicert (MIT),
    // spec/fixtures/certificate.pem.
    DIGICERT = "digicert-pem-all",
    ED25519 = "ed25519",
    EC_P256 = "ec-p256",
    EC_P384 = "ec-p384",
    EC_P521 = "ec-p521",
    EXPIRED = "expired",
    IMPOSTOR = "impostor",
    LARGE_EXPONENT = "large-exponent",
    LEAF_IS_CA = "leaf-is-ca",
    MIXED = "mixed",
    NEGATIVE_SERIAL = "negative-serial",
    NO_SAN = "no-san",
    ODD_NAMES = "odd-names",
    PKCS7 = "pkcs7",
    PRIVATE_KEYS = "test-only-private-keys",
    PSS = "pss",
    PSS_ODD_SALT = "pss-odd-salt",
    // Real chains, of rustls-platform-verifier (MIT), src/tests/verification_real_world.
    PUBLIC_AMAZON = "public-amazon",
    PUBLIC_LETSENCRYPT = "public-letsencrypt",
    REQUEST = "request",
    RSA = "rsa",
    SHA1_LEAF = "sha1-leaf",
    SMIME = "smime",
    SMIME_NO_EMAIL = "smime-no-email",
    SMTP_UTF8 = "smtp-utf8",
    SPELLINGS = "spellings",
    WEAK = "weak",
    WRONG_CHAIN = "wrong-chain",
}

/// What is said of a text without any trust anchor, so that `trust` is never `ok`.
pub(crate) fn read(pem: &str) -> Report {
    try_read(pem.as_bytes(), NOW).unwrap()
}

pub(crate) fn try_read(bytes: &[u8], at: OffsetDateTime) -> Result<Report, NotACertificate> {
    let anchors = TrustAnchors::default();
    validate(bytes, &Question { anchors: &anchors, purpose: None, names: &[], at })
}

/// Names of the checks but `trust` that are neither `ok` nor `not_applicable`, with their codes.
pub(crate) fn bad(report: &Report) -> Vec<(&str, &str)> {
    report
        .checks
        .iter()
        .filter(|(name, check)| *name != "trust" && check.result >= CheckResult::Unknown)
        .map(|(name, check)| (name, check.code.as_ref()))
        .collect()
}

/// The blocks of a file, each with its line breaks.
pub(crate) fn blocks(pem: &str) -> Vec<&str> {
    pem.split_inclusive("-----END CERTIFICATE-----\n").collect()
}

pub(crate) fn common_names(bundle: &Report) -> Vec<&str> {
    let subjects =
        bundle.certificates.iter().map(|certificate| certificate.subject.as_deref().unwrap());
    subjects.map(|subject| subject.split(',').next().unwrap()).collect()
}
