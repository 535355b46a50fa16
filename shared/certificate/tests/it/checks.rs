use certificate::{Question, TrustAnchors, validate};
use envelope::{CheckResult, Verdict};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::fixtures::*;

#[test]
fn good_chains_pass_every_check() {
    for pem in [RSA, PSS, EC_P256, EC_P384, MIXED, ED25519, SMIME, CODE_SIGNING] {
        assert!(bad(&read(pem)).is_empty(), "{:?}", read(pem).checks);
    }
}

/// It expired in 2017, and its root is signed with SHA-1. The first counts, the second does not.
#[test]
fn a_real_chain_of_2017() {
    let report = read(DIGICERT);
    assert_eq!(bad(&report), [("path", "expired"), ("validity", "expired")]);
    assert_eq!(
        report.checks.validity.detail,
        "CN=test.ribosetest.com expired on 2017-03-28T12:00:00Z; \
         CN=DigiCert SHA2 Secure Server CA expired on 2023-03-08T12:00:00Z"
    );
    let then = datetime!(2017-03-26 0:00 UTC);
    assert!(bad(&try_read(DIGICERT.as_bytes(), then).unwrap()).is_empty());
}

#[test]
fn a_lone_leaf_has_no_signature_to_verify() {
    let report = read(blocks(RSA)[0]);
    assert_eq!(bad(&report), [("path", "issuer_missing")]);
    assert_eq!(report.checks.signatures.result, CheckResult::NotApplicable);
    assert_eq!(report.checks.trust.code, "issuer_missing");
    assert_eq!(report.verdict, Verdict::Unknown);
    // A root alone verifies itself.
    assert_eq!(read(blocks(RSA)[2]).checks.signatures.result, CheckResult::Ok);
}

#[test]
fn one_wrong_thing_fails_one_check() {
    let report = read(EXPIRED);
    assert_eq!(bad(&report), [("path", "expired"), ("validity", "expired")]);
    assert_eq!(report.checks.validity.detail, "CN=expired.example expired on 2021-01-01T00:00:00Z");
    let report = read(WEAK);
    assert_eq!(bad(&report), [("key_strength", "weak_key")]);
    assert_eq!(
        report.checks.key_strength.detail,
        "RSA key of CN=weak.example has 1024 bits, less than 2048; \
         RSA key of CN=Test Weak Root has 1024 bits, less than 2048"
    );
    let report = read(SHA1_LEAF);
    assert_eq!(bad(&report), [("algorithm", "obsolete_algorithm")]);
    assert_eq!(
        report.checks.algorithm.detail,
        "sha1WithRSAEncryption (signature of CN=sha1.example) is obsolete"
    );
}

#[test]
fn an_algorithm_that_is_not_supported_is_unknown() {
    let unsupported = "unsupported_algorithm";
    let report = read(EC_P521);
    let expected = [("path", unsupported), ("signatures", unsupported), ("algorithm", unsupported)];
    assert_eq!(bad(&report), expected);
    assert_eq!(
        report.checks.signatures.detail,
        "the signature of CN=p521.example could not be verified: ecdsa-with-SHA512 is not supported"
    );
    let report = read(PSS_ODD_SALT);
    assert_eq!(bad(&report), expected);
    assert_eq!(
        report.checks.algorithm.detail,
        "rsassaPss with these parameters (signature of CN=pss.example) is not supported"
    );
}

#[test]
fn a_signature_changed_in_one_bit_is_bad() {
    use data_encoding::BASE64;
    for pem in [RSA, PSS, EC_P256, EC_P384, MIXED, ED25519] {
        let leaf = blocks(pem)[0];
        let body: String = leaf.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = BASE64.decode(body.as_bytes()).unwrap();
        *der.last_mut().unwrap() ^= 1;
        let changed = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            BASE64.encode(&der)
        );
        let report = read(&pem.replace(leaf, &changed));
        assert_eq!(bad(&report), [("path", "bad_signature"), ("signatures", "bad_signature")]);
        assert!(report.checks.signatures.detail.contains(" is not signed by "));
    }
}

#[test]
fn validity_includes_both_ends() {
    let cases: [(OffsetDateTime, &str); 5] = [
        (datetime!(2017-03-24 23:59:59 UTC), "not_yet_valid"),
        (datetime!(2017-03-25 0:00 UTC), "ok"),
        (datetime!(2017-03-28 14:00 +2), "ok"),
        // The last second is valid to its end.
        (datetime!(2017-03-28 12:00:00.9 UTC), "ok"),
        (datetime!(2017-03-28 12:00:01 UTC), "expired"),
    ];
    for (at, code) in cases {
        let checks = try_read(DIGICERT.as_bytes(), at).unwrap().checks;
        assert_eq!((checks.validity.code.as_ref(), checks.path.code.as_ref()), (code, code));
    }
}

#[test]
fn the_leaf_and_its_names() {
    let report = read(LEAF_IS_CA);
    assert_eq!(report.checks.leaf_not_ca.code, "is_ca");
    assert!(report.is_leaf_missing);
    let cases = [
        (NO_SAN, CheckResult::Failed, "no_host_name"),
        (SMIME_NO_EMAIL, CheckResult::Failed, "no_email_address"),
        (LEAF_IS_CA, CheckResult::Ok, "ok"),
        (CODE_SIGNING, CheckResult::NotApplicable, "not_asked_for"),
    ];
    for (pem, result, code) in cases {
        let check = read(pem).checks.names_present;
        assert_eq!((check.result, check.code.as_ref()), (result, code));
    }
}

#[test]
fn a_private_key_is_reported_and_not_delivered() {
    let cases = [
        format!("{RSA}{PRIVATE_KEYS}"),
        format!("{PRIVATE_KEYS}{RSA}"),
        PRIVATE_KEYS.replace("\n", "\r\n") + RSA,
    ];
    for text in cases {
        let report = read(&text);
        assert_eq!(bad(&report), [("private_key", "private_key")]);
        assert_eq!(
            report.checks.private_key.detail,
            "a private key came along and was removed (RSA PRIVATE KEY); \
             a private key came along and was removed (EC PRIVATE KEY); \
             a private key came along and was removed (PRIVATE KEY); and 1 more"
        );
        assert_eq!(report.pem_chain, RSA);
    }
}

/// Real certificates: SCTs of two logs are enough for ninety days, and three for more than a hundred and eighty.
#[test]
fn scts_of_public_certificates() {
    let anchors = TrustAnchors::mozilla();
    let at = datetime!(2026-07-10 0:00 UTC);
    let question = Question { anchors: &anchors, purpose: None, names: &[], at };
    for (chain, logs) in [(PUBLIC_LETSENCRYPT, 2), (PUBLIC_AMAZON, 3)] {
        let report = validate(chain.as_bytes(), &question).unwrap();
        let ct = &report.checks.ct;
        assert_eq!((ct.result, &*ct.code), (CheckResult::Ok, "ok"), "{ct:?}");
        assert_eq!(ct.detail.matches("Z)").count(), logs, "{ct:?}");
        assert_eq!(report.verdict, Verdict::Ok, "{:?}", report.checks);
    }
}
