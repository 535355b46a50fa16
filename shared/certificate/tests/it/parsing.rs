use certificate::NotACertificate;
use envelope::{Certificate, Names};

use crate::fixtures::*;

#[test]
fn all_members_of_a_leaf() {
    let bundle = read(RSA);
    let expected = Certificate {
        subject: Some("CN=www.example.com,O=Kaffee\\, Kuchen \\+ Co,ST=Wien,C=AT".to_owned()),
        issuer: Some("CN=Test RSA Intermediate,O=Certhooks Test,C=AT".to_owned()),
        serial_number: Some("C0FFEE0123456789ABCDEF".to_owned()),
        names: Some(Names {
            dns: ["www.example.com", "*.example.com", "xn--bcher-kva.example"]
                .map(str::to_owned)
                .to_vec(),
            ip: ["192.0.2.7", "2001:db8::7"].map(str::to_owned).to_vec(),
            email: vec!["pki@example.com".to_owned()],
        }),
        key_algorithm: Some("RSA".to_owned()),
        key_bits: Some(2048),
        signature_algorithm: Some("sha256WithRSAEncryption".to_owned()),
        ..bundle.certificates[0].clone()
    };
    assert_eq!(bundle.certificates[0], expected);
}

/// The expected values are from `openssl x509 -noout -fingerprint -sha256 -dates -serial`.
#[test]
fn a_certificate_of_2017_as_openssl_prints_it() {
    let bundle = read(DIGICERT);
    let leaf = &bundle.certificates[0];
    assert_eq!(
        leaf.fingerprint_sha256.as_deref(),
        Some("de7eff489984e876b2049fbc39f27118b0418918fa916d5a72f0a97291344a49")
    );
    assert_eq!(leaf.serial_number.as_deref(), Some("08592F9F2E3937D7F7046F24ACC286B4"));
    assert_eq!(leaf.not_before.as_deref(), Some("2017-03-25T00:00:00Z"));
    assert_eq!(leaf.not_after.as_deref(), Some("2017-03-28T12:00:00Z"));
    assert_eq!(
        leaf.subject.as_deref(),
        Some("CN=test.ribosetest.com,O=Ribose Inc.,L=Wilmington,ST=Delaware,C=US")
    );
    assert_eq!(
        bundle.certificates[2].signature_algorithm.as_deref(),
        Some("sha1WithRSAEncryption")
    );
    assert_eq!(bundle.pem_chain, DIGICERT);
}

#[test]
fn algorithms_by_name() {
    let cases = [
        (RSA, "RSA", Some(2048), "sha256WithRSAEncryption"),
        (PSS, "RSA", Some(2048), "rsassaPss"),
        (EC_P256, "EC P-256", Some(256), "ecdsa-with-SHA384"),
        (EC_P384, "EC P-384", Some(384), "ecdsa-with-SHA256"),
        (EC_P521, "EC P-521", Some(521), "ecdsa-with-SHA512"),
        (ED25519, "Ed25519", Some(256), "Ed25519"),
        (MIXED, "EC P-256", Some(256), "sha256WithRSAEncryption"),
        (WEAK, "RSA", Some(1024), "sha256WithRSAEncryption"),
        (SHA1_LEAF, "EC P-256", Some(256), "sha1WithRSAEncryption"),
    ];
    for (pem, key, bits, signature) in cases {
        let leaf = &read(pem).certificates[0];
        assert_eq!(leaf.key_algorithm.as_deref(), Some(key));
        assert_eq!(leaf.key_bits, bits);
        assert_eq!(leaf.signature_algorithm.as_deref(), Some(signature));
    }
    // A key for PSS only is an RSA key too.
    assert_eq!(read(PSS).certificates[2].key_bits, Some(2048));
}

#[test]
fn names_that_are_not_utf_8_do_not_affect_other_names() {
    let names = read(ODD_NAMES).certificates[0].names.clone().unwrap();
    assert_eq!(names.dns, ["b\u{FFFD}.at", ""]);
    assert_eq!(names.email, ["a@\u{FFFD}.a"]);
    assert_eq!(names.ip, Vec::<String>::new());
}

#[test]
fn missing_alternative_names_are_empty_lists() {
    assert_eq!(read(NO_SAN).certificates[0].names, Some(Names::default()));
}

#[test]
fn text_around_the_blocks_makes_no_difference() {
    let plain = read(RSA);
    let crlf = RSA.replace('\n', "\r\n");
    let commented = format!(
        "Bag Attributes\n    friendlyName: -----x\n\n{}\ntrailing -- text\n",
        RSA.replace("-----BEGIN", "subject=/CN=x\n-----BEGIN")
    );
    let with_others = format!("{REQUEST}{RSA}{PKCS7}");
    let unbroken = RSA.replace("-----\n-----", "----------");
    let one_line = RSA.replace('\n', "");
    let indented = RSA.replace('\n', "\n\t  ");
    let old_label = RSA.replace(" CERTIFICATE-", " X509 CERTIFICATE-");
    for text in [&crlf, &commented, &with_others, &unbroken, &one_line, &indented, &old_label] {
        assert_eq!(read(text), plain, "{text}");
    }
    let latin1 = [b"Zertifikat f\xFCr\n", RSA.as_bytes(), b"\xFF\xFE"].concat();
    assert_eq!(try_read(&latin1, NOW).unwrap(), plain);
}

#[test]
fn each_invalid_input_has_its_error() {
    let leaf = blocks(RSA)[0];
    let halved = &leaf[..leaf.len() / 2];
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let trailing = {
        use data_encoding::BASE64;
        let body: String = leaf.lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = BASE64.decode(body.as_bytes()).unwrap();
        der.push(0);
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(&der))
    };
    let labels = |labels: &[&str]| NotACertificate::NoBlock {
        found: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let cases = [
        ("".to_owned(), labels(&[])),
        ("<!DOCTYPE html><html><body>Sign in -- please</body></html>".to_owned(), labels(&[])),
        (REQUEST.to_owned(), labels(&["CERTIFICATE REQUEST"])),
        (format!("{PKCS7}{REQUEST}{PKCS7}"), labels(&["PKCS7", "CERTIFICATE REQUEST"])),
        (halved.to_owned(), NotACertificate::CutShort { block: 1 }),
        (format!("{leaf}{halved}"), NotACertificate::CutShort { block: 2 }),
        (leaf.trim_end().trim_end_matches('-').to_owned(), NotACertificate::CutShort { block: 1 }),
        (leaf[..leaf.len() - 2].to_owned(), NotACertificate::CutShort { block: 1 }),
        (format!("{leaf}-----BEGIN CERTIF"), NotACertificate::CutShort { block: 2 }),
        ("-----BEGIN CERTIFICATE-----".to_owned(), NotACertificate::CutShort { block: 1 }),
        (leaf.replace("END CERTIFICATE", "END PKCS7"), NotACertificate::Mismatched { block: 1 }),
        (leaf.replace("-----BEGIN CERTIFICATE-----", ""), NotACertificate::Mismatched { block: 1 }),
        (leaf.replacen("MII", "M.I", 1), NotACertificate::NotBase64 { block: 1 }),
        (
            "-----BEGIN CERTIFICATE-----\nMII...\n-----END CERTIFICATE-----\n".to_owned(),
            NotACertificate::NotBase64 { block: 1 },
        ),
        (garbage.replace("AAAA", ""), NotACertificate::NotX509 { block: 1 }),
        (trailing, NotACertificate::NotX509 { block: 1 }),
    ];
    for (text, expected) in cases {
        let cut_short = matches!(expected, NotACertificate::CutShort { .. });
        let error = try_read(text.as_bytes(), NOW).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert_eq!(error.is_cut_short(), cut_short);
    }
}

#[test]
fn an_unreadable_block_is_named_and_the_others_are_read() {
    let leaf = blocks(RSA)[0];
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let cases = [
        (format!("{}\n{leaf}", &leaf[..leaf.len() / 2]), NotACertificate::Mismatched { block: 1 }),
        (
            format!("{leaf}{}", leaf.replacen("MII", "M.I", 1)),
            NotACertificate::NotBase64 { block: 2 },
        ),
        (format!("{leaf}{garbage}"), NotACertificate::NotX509 { block: 2 }),
    ];
    for (text, error) in cases {
        let report = read(&text);
        assert_eq!(report.pem_chain, leaf);
        assert_eq!(report.unreadable, [error.to_string()]);
    }
}

/// A body that is truncated at any byte is never accepted, unless it ends with a block.
#[test]
fn a_body_truncated_anywhere_is_cut_short_or_ends_with_a_block() {
    let whole_blocks: Vec<usize> =
        RSA.match_indices("END CERTIFICATE-----").map(|(at, found)| at + found.len()).collect();
    for length in "-----B".len()..RSA.len() {
        match try_read(&RSA.as_bytes()[..length], NOW) {
            Err(error) => assert!(error.is_cut_short(), "{length}: {error}"),
            // Up to five characters after a block cannot be distinguished from text around it.
            Ok(_) => assert!(
                whole_blocks.iter().any(|end| (*end..=end + 6).contains(&length)),
                "{length}"
            ),
        }
    }
}

#[test]
fn errors_quote_labels_only() {
    let error = try_read(PKCS7.as_bytes(), NOW).unwrap_err();
    assert_eq!(error.to_string(), "no PEM certificate block; found: PKCS7");
    let error = try_read(b"<html>secret</html>", NOW).unwrap_err();
    assert_eq!(error.to_string(), "no PEM certificate block");
}
