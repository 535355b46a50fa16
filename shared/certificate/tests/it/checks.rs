use envelope::Checks;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::fixtures::*;

fn all_ok() -> Checks {
    let ok = || "ok".to_owned();
    Checks {
        order: ok(),
        signatures: ok(),
        validity: ok(),
        key_strength: ok(),
        leaf_not_ca: ok(),
        names_present: ok(),
        duplicates: ok(),
        private_key: ok(),
        algorithm: ok(),
    }
}

#[test]
fn good_chains_pass_every_check() {
    for pem in [RSA, PSS, EC_P256, EC_P384, MIXED, ED25519, SMIME] {
        assert_eq!(read(pem).checks, all_ok());
    }
}

/// The chain expired in 2017, which is reported. Its root signed itself with SHA-1, which is not.
#[test]
fn a_real_chain_of_2017() {
    let validity = "CN=test.ribosetest.com expired on 2017-03-28T12:00:00Z; \
                    CN=DigiCert SHA2 Secure Server CA expired on 2023-03-08T12:00:00Z";
    assert_eq!(read(DIGICERT).checks, Checks { validity: validity.to_owned(), ..all_ok() });
    let then = datetime!(2017-03-26 0:00 UTC);
    assert_eq!(certificate::read(DIGICERT.as_bytes(), then).unwrap().checks, all_ok());
}

#[test]
fn a_lone_leaf_has_no_signature_to_verify() {
    let bundle = read(blocks(RSA)[0]);
    assert_eq!(bundle.checks, Checks { signatures: "not_applicable".to_owned(), ..all_ok() });
    // A root alone is verified with its own key.
    assert_eq!(read(blocks(RSA)[2]).checks.signatures, "ok");
}

#[test]
fn each_defect_fails_one_check() {
    let cases = [
        (
            EXPIRED,
            Checks {
                validity: "CN=expired.example expired on 2021-01-01T00:00:00Z".to_owned(),
                ..all_ok()
            },
        ),
        (
            WEAK,
            Checks {
                key_strength: "RSA key of CN=weak.example has 1024 bits, less than 2048; \
                               RSA key of CN=Test Weak Root has 1024 bits, less than 2048"
                    .to_owned(),
                ..all_ok()
            },
        ),
        (
            SHA1_LEAF,
            Checks {
                algorithm: "sha1WithRSAEncryption (signature of CN=sha1.example) is obsolete"
                    .to_owned(),
                ..all_ok()
            },
        ),
        (CODE_SIGNING, Checks { names_present: "not_applicable".to_owned(), ..all_ok() }),
    ];
    for (pem, expected) in cases {
        assert_eq!(read(pem).checks, expected);
    }
}

#[test]
fn an_unsupported_algorithm_is_reported_and_is_no_bad_signature() {
    let checks = read(EC_P521).checks;
    assert_eq!(
        checks.algorithm,
        "EC P-521 (key of CN=p521.example) is not supported; \
         ecdsa-with-SHA512 (signature of CN=p521.example) is not supported; \
         EC P-521 (key of CN=Test P-521 Root) is not supported; and 1 more"
    );
    assert_eq!(
        checks.signatures,
        "the signature of CN=p521.example by CN=Test P-521 Root could not be verified: ecdsa-with-SHA512 is not supported; \
         the signature of CN=Test P-521 Root by CN=Test P-521 Root could not be verified: ecdsa-with-SHA512 is not supported"
    );
    assert_eq!(checks.key_strength, "ok");

    let checks = read(PSS_ODD_SALT).checks;
    assert_eq!(
        checks.algorithm,
        "rsassaPss with these parameters (signature of CN=pss.example) is not supported"
    );
    assert!(
        checks.signatures.ends_with("rsassaPss with these parameters is not supported"),
        "{}",
        checks.signatures
    );
}

#[test]
fn a_signature_with_one_changed_bit_is_bad() {
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
        let checks = read(&pem.replace(leaf, &changed)).checks;
        assert!(checks.signatures.contains(" is not signed by "), "{}", checks.signatures);
        assert_eq!(checks.algorithm, "ok");
    }
}

#[test]
fn a_wrong_chain_fails_signatures() {
    let checks = read(WRONG_CHAIN).checks;
    assert_eq!(checks.signatures, "CN=www.example.com is not signed by CN=Test P-256 Root");
}

#[test]
fn validity_includes_both_ends() {
    let cases: [(OffsetDateTime, &str); 4] = [
        (
            datetime!(2017-03-24 23:59:59 UTC),
            "CN=test.ribosetest.com is not valid before 2017-03-25T00:00:00Z",
        ),
        (datetime!(2017-03-25 0:00 UTC), "ok"),
        (datetime!(2017-03-28 14:00 +2), "ok"),
        (
            datetime!(2017-03-28 12:00:01 UTC),
            "CN=test.ribosetest.com expired on 2017-03-28T12:00:00Z",
        ),
    ];
    for (now, expected) in cases {
        assert_eq!(certificate::read(DIGICERT.as_bytes(), now).unwrap().checks.validity, expected);
    }
}

#[test]
fn the_checks_of_the_leaf() {
    assert_eq!(read(LEAF_IS_CA).checks.leaf_not_ca, "CN=ca.example is a CA certificate");
    let cases = [
        (NO_SAN, "CN=nosan.example has no DNS name or IP address among its alternative names"),
        (SMIME_NO_EMAIL, "CN=No Mail has no e-mail address among its alternative names"),
        (LEAF_IS_CA, "ok"),
        (CODE_SIGNING, "not_applicable"),
    ];
    for (pem, expected) in cases {
        assert_eq!(read(pem).checks.names_present, expected);
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
        let bundle = read(&text);
        assert_eq!(
            bundle.checks.private_key,
            "a private key came along and was removed (RSA PRIVATE KEY); \
             a private key came along and was removed (EC PRIVATE KEY); \
             a private key came along and was removed (PRIVATE KEY); and 1 more"
        );
        assert_eq!(bundle.pem_chain, RSA);
    }
}
