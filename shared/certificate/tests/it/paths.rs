use std::fs;
use std::process::Command;
use std::time::Duration;

use certificate::{PathEnd, Purpose, Question, Report, TrustAnchors, validate};
use data_encoding::BASE64;
use envelope::{Check, CheckResult, Code, Verdict};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SanType,
};
use time::OffsetDateTime;

use crate::authority::{AT, Party, ca, server};
use crate::cpu_time::cpu_time;
use crate::fixtures::*;

/// What the checks say of a bundle under these anchors, for a TLS server.
fn ask(bundle: &str, anchors: &str) -> Report {
    ask_for(bundle, anchors, Purpose::Server, AT)
}

fn ask_for(bundle: &str, anchors: &str, purpose: Purpose, at: OffsetDateTime) -> Report {
    let anchors = TrustAnchors::from_pem(anchors.as_bytes()).unwrap();
    let question = Question { anchors: &anchors, purpose: Some(purpose), names: &[], at };
    validate(bundle.as_bytes(), &question).unwrap()
}

/// Code of `path`, and what `openssl verify` says to it, where that is installed. Where the two differ
/// on purpose, `difference` says why.
fn path(bundle: &str, anchors: &str) -> String {
    let report = ask(bundle, anchors);
    let leaf = blocks(&report.pem_chain)[0].to_owned();
    let is_ok = report.checks.path.result == CheckResult::Ok && report.checks.trust.code == "ok";
    if let Some(openssl) = openssl(&leaf, bundle, anchors, "sslserver") {
        assert_eq!(is_ok, openssl.is_empty(), "{:?} / openssl: {openssl}", report.checks.path);
    }
    report.checks.path.code.into_owned()
}

/// As [`path`], for what OpenSSL answers otherwise.
fn path_unlike_openssl(bundle: &str, anchors: &str, why: &str) -> String {
    assert!(!why.is_empty());
    ask(bundle, anchors).checks.path.code.into_owned()
}

/// What `openssl verify` has against a leaf, and nothing when it accepts it. `None` where the command is
/// not installed, which is said.
fn openssl(leaf: &str, bundle: &str, anchors: &str, purpose: &str) -> Option<String> {
    let folder = std::env::temp_dir().join(format!(
        "certhooks-paths-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let output = Command::new("openssl")
        .args(["verify", "-no-CApath", "-no-CAstore", "-purpose", purpose])
        .args(["-attime", &AT.unix_timestamp().to_string()])
        .arg("-CAfile")
        .arg(file("anchors.pem", anchors))
        .arg("-untrusted")
        .arg(file("bundle.pem", bundle))
        .arg(file("leaf.pem", leaf))
        .output();
    fs::remove_dir_all(&folder).unwrap();
    match output {
        Ok(output) if output.status.success() => Some(String::new()),
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned() + "refused"),
        Err(error) => {
            eprintln!("openssl is not installed, so nothing is compared with it: {error}");
            None
        }
    }
}

/// Every order of a few certificates.
fn orders(blocks: &[String]) -> Vec<String> {
    if blocks.len() < 2 {
        return vec![blocks.concat()];
    }
    (0..blocks.len())
        .flat_map(|first| {
            let mut rest = blocks.to_vec();
            let first = rest.remove(first);
            orders(&rest).into_iter().map(move |rest| first.clone() + &rest).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_usual_chain_with_and_without_its_root() {
    let (root, sub, leaf) = (ca("Root"), ca("Sub"), server("www.example.com"));
    let (root_pem, sub_pem, leaf_pem) = (root.own(), sub.by(&root), leaf.by(&sub));
    for (bundle, count, is_included) in [
        (format!("{leaf_pem}{sub_pem}{root_pem}"), 3, true),
        (format!("{leaf_pem}{sub_pem}"), 2, false),
    ] {
        assert_eq!(path(&bundle, &root_pem), "ok");
        let report = ask(&bundle, &root_pem);
        assert_eq!(report.verdict, Verdict::Ok, "{:?}", report.checks);
        assert_eq!(report.certificates.len(), count);
        assert_eq!(report.pem_chain, bundle);
        assert_eq!(report.end, PathEnd::Anchor { name: "CN=Root".to_owned(), is_included });
    }
    assert_eq!(path(&leaf_pem, &root_pem), "issuer_missing");
}

/// The leaf's CA is under G2, which signed itself and is cross-signed by an older root.
#[test]
fn cross_signed_roots_in_any_order() {
    let (old, g2, sub, leaf) = (ca("Old"), ca("G2"), ca("Sub"), server("x.example"));
    let certificates = [leaf.by(&sub), sub.by(&g2), g2.by(&old), g2.own()];
    for bundle in orders(&certificates) {
        assert_eq!(path(&bundle, &g2.own()), "ok");
        let why = "OpenSSL takes the self-signed G2 where it comes first, and does not turn back";
        assert_eq!(path_unlike_openssl(&bundle, &old.own(), why), "ok");
        let report = ask(&bundle, &ca("Other").own());
        assert_eq!(report.checks.path.code, "ok", "{:?}", report.checks.path);
        assert_eq!(report.checks.trust.code, "untrusted_root");
        assert_eq!(report.checks.signatures.result, CheckResult::Ok);
    }
    let expired = ca("Old").expired();
    let bundle = [&certificates[..2], &[g2.by(&expired), expired.own()]].concat().concat();
    assert_eq!(path(&bundle, &(expired.own() + &g2.own())), "ok");
    assert_eq!(path(&bundle, &expired.own()), "expired");
}

/// Of two editions of one intermediate the valid one is taken, and the other is no stray that fails.
#[test]
fn reissued_intermediates() {
    let (root, sub, leaf) = (ca("Root"), ca("Sub"), server("x.example"));
    let valid = sub.by(&root);
    let (leaf, old) = (leaf.by(&sub), sub.expired().by(&root));
    for bundle in orders(&[leaf.clone(), old.clone(), valid]) {
        assert_eq!(path(&bundle, &root.own()), "ok");
        let report = ask(&bundle, &root.own());
        assert_eq!((report.verdict, report.certificates.len()), (Verdict::Ok, 2));
    }
    assert_eq!(path(&(leaf + &old), &root.own()), "expired");
}

#[test]
fn a_renewed_key_under_the_same_name() {
    for identified in [true, false] {
        let make = |party: Party| if identified { party } else { party.without_identifier() };
        let (root, old) = (make(ca("Root")), make(ca("Sub")));
        let new = old.renewed();
        let leaf = make(server("x.example")).by(&new);
        for bundle in orders(&[leaf, old.by(&root), new.by(&root)]) {
            assert_eq!(ask(&bundle, &root.own()).verdict, Verdict::Ok, "{identified}");
        }
    }
}

/// Only the signature tells, where names and identifiers do not.
#[test]
fn one_name_for_all() {
    let root = ca("Same").without_identifier();
    let leaf = server("same.example").without_identifier().with(|params| {
        params.distinguished_name = root.params.distinguished_name.clone();
    });
    for bundle in orders(&[leaf.by(&root), root.own(), root.renewed().own()]) {
        let report = ask(&bundle, &root.own());
        assert_eq!(report.verdict, Verdict::Ok, "{:?}", report.checks);
        assert_eq!(report.certificates[0].names.as_ref().unwrap().dns, ["same.example"]);
    }
}

/// Nothing is said about two certificates that have nothing to do with each other.
#[test]
fn strays_are_named_and_fail_nothing() {
    let (root, sub, leaf) = (ca("Root"), ca("Sub"), server("x.example"));
    let stray = ca("Stray");
    let bundle = leaf.by(&sub) + &sub.by(&root) + &stray.own();
    assert_eq!(path(&bundle, &root.own()), "ok");
    let checks = ask(&bundle, &root.own()).checks;
    assert_eq!(
        (checks.order.result, checks.order.code.as_ref()),
        (CheckResult::Ok, "extra_certificates")
    );
    assert!(checks.order.detail.ends_with(": CN=Stray"), "{}", checks.order.detail);
    assert_eq!(checks.signatures.result, CheckResult::Ok);
    let other_leaf = server("other.example").by(&sub);
    let report = ask(&(bundle + &other_leaf), &root.own());
    assert_eq!(report.certificates[0].names.as_ref().unwrap().dns, ["x.example"]);
    assert_eq!(report.verdict, Verdict::Ok);
}

#[test]
fn order_and_repetition_are_put_right() {
    let (root, sub, leaf) = (ca("Root"), ca("Sub"), server("x.example"));
    let (leaf, sub) = (leaf.by(&sub), sub.by(&root));
    let report = ask(&(sub.clone() + &leaf + &sub), &root.own());
    assert_eq!((report.verdict, report.pem_chain), (Verdict::Ok, leaf + &sub));
    assert_eq!(report.checks.order.code, "reordered");
    assert_eq!(report.checks.duplicates, Check::ok_with(Code::Repeated, "CN=Sub came 2 times"));
}

/// S1, 02: whoever has a certificate signs another one.
#[test]
fn only_a_ca_issues() {
    let root = ca("Root");
    let no_ca = |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let no_constraints = |params: &mut CertificateParams| params.is_ca = IsCa::NoCa;
    let no_sign =
        |params: &mut CertificateParams| params.key_usages = vec![KeyUsagePurpose::CrlSign];
    for (party, code) in [
        (server("evil.example"), "not_a_ca"),
        (ca("Sub").with(no_ca), "not_a_ca"),
        (ca("Sub").with(no_constraints), "not_a_ca"),
        (ca("Sub").with(no_sign), "no_cert_sign"),
        (ca("Sub").expired(), "expired"),
    ] {
        let bundle = server("www.bank.example").by(&party) + &party.by(&root);
        assert_eq!(path(&bundle, &root.own()), code);
        assert_eq!(ask(&bundle, &root.own()).verdict, Verdict::Failed);
        // Without a root, too: that much can be said.
        assert_eq!(ask(&bundle, &ca("Other").own()).checks.path.code, code);
    }
}

/// rustls-webpki believes whatever is named an anchor.
#[test]
fn an_anchor_keeps_to_the_rules_of_a_ca() {
    let odd = |params: &mut CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    };
    for (root, code) in [
        (ca("Root").expired(), "expired"),
        (ca("Root").with(odd), "unknown_critical_extension"),
        (
            ca("Root").with(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
            "no_cert_sign",
        ),
    ] {
        assert_eq!(path(&server("x.example").by(&root), &root.own()), code);
    }
    let plain = ca("Root").with(|params| params.is_ca = IsCa::ExplicitNoCa);
    assert_eq!(path(&server("x.example").by(&plain), &plain.own()), "not_a_ca");
}

#[test]
fn path_lengths() {
    let length = |most| {
        move |params: &mut CertificateParams| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most));
        }
    };
    let (root, leaf) = (ca("Root").with(length(1)), server("x.example"));
    let (one, two) = (ca("One"), ca("Two"));
    assert_eq!(path(&(leaf.by(&one) + &one.by(&root)), &root.own()), "ok");
    let bundle = leaf.by(&two) + &two.by(&one) + &one.by(&root);
    assert_eq!(path(&bundle, &root.own()), "path_too_long");
    // Self-issued certificates do not count (RFC 5280, 6.1.4 l).
    let renewed = one.renewed();
    let bundle = leaf.by(&renewed) + &renewed.by(&one) + &one.by(&root);
    assert_eq!(path(&bundle, &root.own()), "ok");
    let mut bundle = String::new();
    let root = ca("Root");
    let mut issuer = ca("0");
    bundle += &issuer.by(&root);
    for number in 1..9 {
        let next = ca(&number.to_string());
        bundle += &next.by(&issuer);
        issuer = next;
    }
    assert_eq!(path(&(leaf.by(&issuer) + &bundle), &root.own()), "ok");
}

/// S1, 04, for every form of name.
#[test]
fn name_constraints() {
    let directory = |name: &str| {
        let mut directory = DistinguishedName::new();
        directory.push(DnType::CommonName, name);
        GeneralSubtree::DirectoryName(directory)
    };
    let dns = |name: &str| GeneralSubtree::DnsName(name.to_owned());
    let mail = |name: &str| GeneralSubtree::Rfc822Name(name.to_owned());
    let net = GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([192, 0, 2, 0], 24));
    let leaf = || {
        server("www.bank.example").with(|params| {
            params.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 7].into()));
            params
                .subject_alt_names
                .push(SanType::Rfc822Name("a@bank.example".try_into().unwrap()));
        })
    };
    let (permitted, excluded) = ("name_not_permitted", "name_excluded");
    let cases: Vec<(Vec<GeneralSubtree>, Vec<GeneralSubtree>, &str)> = vec![
        (vec![dns("bank.example")], vec![], "ok"),
        (vec![dns("other.example"), dns("bank.example")], vec![], "ok"),
        (vec![dns("other.example")], vec![], permitted),
        (vec![], vec![dns("bank.example")], excluded),
        (vec![], vec![dns("a.bank.example")], "ok"),
        (vec![net.clone()], vec![], "ok"),
        (vec![], vec![net], excluded),
        (vec![mail("bank.example")], vec![], "ok"),
        (vec![mail("b@bank.example")], vec![], permitted),
        (vec![], vec![mail("bank.example")], excluded),
        (vec![directory("www.bank.example")], vec![], "ok"),
        (vec![directory("WWW.bank.example")], vec![], "ok"),
        (vec![directory("other")], vec![], permitted),
        (vec![], vec![directory("www.bank.example")], excluded),
    ];
    for (permitted_subtrees, excluded_subtrees, code) in cases {
        let constraints = NameConstraints { permitted_subtrees, excluded_subtrees };
        let (root, sub) = (ca("Root"), ca("Sub"));
        let sub = sub.with(|params| params.name_constraints = Some(constraints.clone()));
        let bundle = leaf().by(&sub) + &sub.by(&root);
        assert_eq!(path(&bundle, &root.own()), code, "{constraints:?}");
        // In the root they hold as well.
        let root = ca("Root").with(|params| params.name_constraints = Some(constraints.clone()));
        assert_eq!(path(&leaf().by(&root), &root.own()), code, "{constraints:?}");
    }
}

#[test]
fn a_wildcard_that_reaches_an_excluded_name() {
    let constraints = NameConstraints {
        permitted_subtrees: vec![],
        excluded_subtrees: vec![GeneralSubtree::DnsName("pay.example.com".to_owned())],
    };
    let root = ca("Root").with(|params| params.name_constraints = Some(constraints));
    let bundle = server("*.example.com").by(&root);
    let why = "OpenSSL compares the wildcard as it is written (Go: CVE-2025-61727)";
    assert_eq!(path_unlike_openssl(&bundle, &root.own(), why), "name_excluded");
}

#[test]
fn extended_key_usage_is_nested() {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, EmailProtection, ServerAuth};
    let usage = |usages: &[ExtendedKeyUsagePurpose]| {
        let usages = usages.to_vec();
        move |params: &mut CertificateParams| params.extended_key_usages = usages
    };
    let cases = [
        (vec![], vec![ServerAuth], "ok"),
        (vec![ServerAuth, ClientAuth], vec![ServerAuth], "ok"),
        (vec![ClientAuth], vec![ServerAuth], "wrong_purpose"),
        (vec![], vec![ClientAuth], "wrong_purpose"),
        (vec![], vec![], "ok"),
    ];
    for (authority, leaf, code) in cases {
        let (root, sub) = (ca("Root"), ca("Sub").with(usage(&authority)));
        let bundle = server("x.example").with(usage(&leaf)).by(&sub) + &sub.by(&root);
        assert_eq!(path(&bundle, &root.own()), code, "{authority:?} {leaf:?}");
    }
    for (authority, leaf) in [(vec![Any], vec![ServerAuth]), (vec![ServerAuth], vec![Any])] {
        let (root, sub) = (ca("Root"), ca("Sub").with(usage(&authority)));
        let bundle = server("x.example").with(usage(&leaf)).by(&sub) + &sub.by(&root);
        let why = "RFC 5280, 4.2.1.12: any purpose is allowed; OpenSSL wants it by name";
        assert_eq!(path_unlike_openssl(&bundle, &root.own(), why), "ok");
    }
    let root = ca("Root");
    for (purpose, usages) in [
        (Purpose::Client, ClientAuth),
        (Purpose::Email, EmailProtection),
        (Purpose::Code, CodeSigning),
    ] {
        let bundle = server("x.example").with(usage(std::slice::from_ref(&usages))).by(&root);
        assert_eq!(ask_for(&bundle, &root.own(), purpose, AT).checks.path.code, "ok");
        assert_eq!(ask(&bundle, &root.own()).checks.path.code, "wrong_purpose");
        // Without being told, the leaf's own purpose is taken.
        let anchors = TrustAnchors::from_pem(root.own().as_bytes()).unwrap();
        let question = Question { anchors: &anchors, purpose: None, names: &[], at: AT };
        let report = validate(bundle.as_bytes(), &question).unwrap();
        assert_eq!(report.checks.path.code, "ok");
    }
    let wrong =
        server("x.example").with(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_eq!(path(&wrong.by(&root), &root.own()), "wrong_key_usage");
}

/// A root that calls itself DigiCert's.
#[test]
fn a_made_up_root_is_not_trusted() {
    let root = ca("DigiCert Global Root G2").with(|params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CountryName, "US");
        params.distinguished_name.push(DnType::OrganizationName, "DigiCert Inc");
        params.distinguished_name.push(DnType::OrganizationalUnitName, "www.digicert.com");
        params.distinguished_name.push(DnType::CommonName, "DigiCert Global Root G2");
    });
    let anchors = TrustAnchors::mozilla();
    let question = Question { anchors: &anchors, purpose: None, names: &[], at: AT };
    let leaf = server("www.bank.example").by(&root);
    let report = validate((leaf.clone() + &root.own()).as_bytes(), &question).unwrap();
    assert_eq!(report.checks.trust.code, "untrusted_root");
    assert_eq!(report.verdict, Verdict::Failed);
    assert_eq!(report.checks.lifetime.result, CheckResult::NotApplicable);
    let report = validate(leaf.as_bytes(), &question).unwrap();
    assert_ne!(report.verdict, Verdict::Ok);
    // Mozilla's list does not speak for other purposes.
    let mail = server("x.example").with(|params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    });
    let report = validate((mail.by(&root) + &root.own()).as_bytes(), &question).unwrap();
    assert_eq!(report.checks.trust.code, "no_anchors_for_purpose");
}

/// A wrong signature under the right names is false; a key that a certificate does not mean is not.
#[test]
fn signatures_that_do_not_fit() {
    let (root, leaf) = (ca("Root"), server("x.example"));
    let impostor = Party { params: root.params.clone(), key: root.renewed().key };
    let bundle = leaf.by(&root) + &impostor.own();
    assert_eq!(path(&bundle, &impostor.own()), "issuer_missing");
    let unidentified = server("x.example").without_identifier();
    assert_eq!(path(&unidentified.by(&root), &impostor.own()), "bad_signature");
}

/// What can be read is delivered; a chain without its leaf is recognised.
#[test]
fn what_is_unreadable_does_not_take_the_rest_with_it() {
    let (root, sub, leaf) = (ca("Root"), ca("Sub"), server("x.example"));
    let (root_pem, sub_pem, leaf_pem) = (root.own(), sub.by(&root), leaf.by(&sub));
    let header = root_pem.replacen("-----\n", "-----\nProc-Type: 4\n\n", 1);
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let no_base64 = garbage.replace("AAAA", "????");
    let mismatched = garbage.replace("END CERTIFICATE", "END X509 CRL");
    for broken in [header, garbage, no_base64, mismatched] {
        for bundle in orders(&[leaf_pem.clone(), broken.clone(), sub_pem.clone()]) {
            let report = ask(&bundle, &root_pem);
            assert_eq!(report.verdict, Verdict::Ok, "{bundle}: {:?}", report.checks);
            assert_eq!(report.pem_chain, leaf_pem.clone() + &sub_pem);
            assert_eq!(report.unreadable.len(), 1, "{:?}", report.unreadable);
            assert_eq!(report.checks.order.code, "unreadable_blocks");
            assert!(!report.is_leaf_missing);
        }
        let report = ask(&(broken + &sub_pem), &root_pem);
        assert!(report.is_leaf_missing);
        assert_eq!(report.checks.leaf_not_ca.code, "is_ca");
    }
    let question =
        Question { anchors: &TrustAnchors::default(), purpose: None, names: &[], at: AT };
    let cut = &(leaf_pem + &sub_pem)[..1000];
    assert!(validate(cut.as_bytes(), &question).unwrap_err().is_cut_short());
}

/// What cannot be verified is unknown.
#[test]
fn keys_that_are_not_supported() {
    for (pem, what) in [
        (COMPRESSED_KEY, "compressed point"),
        (LARGE_EXPONENT, "large exponent"),
        (EC_P521, "ecdsa-with-SHA512"),
        (PSS_ODD_SALT, "rsassaPss with these parameters"),
    ] {
        let root = *blocks(pem).last().unwrap();
        let report = ask(pem, root);
        let path = &report.checks.path;
        assert_eq!(
            (path.result, path.code.as_ref()),
            (CheckResult::Unknown, "unsupported_algorithm")
        );
        assert!(path.detail.contains(what), "{}", path.detail);
        assert_eq!(report.verdict, Verdict::Unknown, "{:?}", report.checks);
        assert_eq!(report.checks.trust.code, "ok");
    }
}

/// Names that are equal by RFC 5280, 7.1.
#[test]
fn other_spellings_of_one_name() {
    let root = *blocks(SPELLINGS).last().unwrap();
    assert_eq!(path(SPELLINGS, root), "ok");
    assert_eq!(ask(SPELLINGS, root).verdict, Verdict::Ok);
}

/// A SmtpUTF8Mailbox is an e-mail address.
#[test]
fn an_internationalised_mailbox() {
    let root = *blocks(SMTP_UTF8).last().unwrap();
    let report = ask_for(SMTP_UTF8, root, Purpose::Email, AT);
    assert_eq!(report.certificates[0].names.as_ref().unwrap().email, ["dörte@example.com"]);
    assert_eq!(report.checks.names_present.code, "ok");
    assert_eq!(report.verdict, Verdict::Ok, "{:?}", report.checks);
}

/// As OpenSSL shows it.
#[test]
fn a_negative_serial_number() {
    let root = *blocks(NEGATIVE_SERIAL).last().unwrap();
    let report = ask(NEGATIVE_SERIAL, root);
    assert_eq!(report.certificates[0].serial_number.as_deref(), Some("-11D4FFEE"));
    assert_eq!(path(NEGATIVE_SERIAL, root), "ok");
}

/// The object identifier of the key is replaced by others that have as many octets. The key stays the RSA key that
/// it was, which no other algorithm's is.
#[test]
fn keys_that_are_not_supported_have_names_and_no_strength() {
    const RSA_KEY: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
    let post_quantum = |set, number| [0x60, 0x86, 0x48, 1, 0x65, 3, 4, set, number];
    for (identifier, name) in [
        (post_quantum(3, 0x12), "ML-DSA-65"),
        (post_quantum(3, 0x14), "SLH-DSA-SHA2-128s"),
        (post_quantum(3, 0x1F), "SLH-DSA-SHAKE-256f"),
        (post_quantum(3, 0x22), "HashML-DSA-87-with-SHA512"),
        (post_quantum(4, 2), "ML-KEM-768"),
        // No algorithm that is known.
        (post_quantum(3, 0x7F), "2.16.840.1.101.3.4.3.127"),
    ] {
        let mut der = der_of(blocks(RSA)[0]);
        let at = der.windows(9).position(|octets| octets == RSA_KEY).unwrap();
        der[at..at + 9].copy_from_slice(&identifier);
        let report = ask(&pem_of(&der), blocks(RSA)[2]);
        assert_eq!(report.certificates[0].key_algorithm.as_deref(), Some(name));
        assert_eq!(report.checks.key_strength.result, CheckResult::Unknown, "{name}");
    }
}

fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64.decode(body.as_bytes()).unwrap()
}

fn pem_of(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(der))
}

/// A certificate and its precertificate have one TBS hash, which is also that of neither.
#[test]
fn transparency_is_left_out_of_the_hash() {
    let root = ca("Root");
    let leaf = server("x.example").with(|params| params.serial_number = Some(7.into()));
    let extension = |arc: u64, content: Vec<u8>, critical: bool| {
        let mut extension =
            CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, arc], content);
        extension.set_criticality(critical);
        extension
    };
    let variants = [
        vec![],
        vec![extension(3, vec![5, 0], true)],
        vec![extension(2, [vec![4, 129, 200], vec![0; 200]].concat(), false)],
    ];
    let hashes: Vec<Option<String>> = variants
        .into_iter()
        .map(|extensions| {
            let mut params = leaf.params.clone();
            params.custom_extensions = extensions;
            let issuer = rcgen::Issuer::from_params(&root.params, &root.key);
            let pem = params.signed_by(&leaf.key, &issuer).unwrap().pem();
            ask(&pem, &root.own()).certificates[0].tbs_sha256.clone()
        })
        .collect();
    assert!(hashes[0].is_some());
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
}

/// Against `openssl x509 -pubkey | openssl pkey -pubin -outform DER | sha256sum`.
#[test]
fn the_hash_of_the_public_key() {
    let report = ask(DIGICERT, blocks(DIGICERT)[2]);
    assert_eq!(
        report.certificates[0].spki_sha256.as_deref(),
        Some("ce1664bca421b92f0acf321eee2ee4d925a174f724bee95dc9687a9252388e79")
    );
}

#[test]
fn anchors_that_cannot_be_read_are_an_error() {
    let root = ca("Root").own();
    for (text, said) in [
        (String::new(), "the trust anchors cannot be read: no PEM certificate block"),
        (
            format!("{root}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
            "certificate block 2 of the trust anchors is not one X.509 certificate in DER",
        ),
        (
            root[..200].to_owned(),
            "the trust anchors cannot be read: PEM certificate block 1 is truncated: its END line is missing",
        ),
    ] {
        assert_eq!(TrustAnchors::from_pem(text.as_bytes()).unwrap_err().to_string(), said);
    }
    assert!(TrustAnchors::mozilla().len() > 100);
    let both = TrustAnchors::mozilla().and(TrustAnchors::from_pem(root.as_bytes()).unwrap());
    assert_eq!(both.len(), TrustAnchors::mozilla().len() + 1);
}

/// The date of Mozilla's list is that of this release of the crate.
#[test]
fn the_date_of_mozillas_list_belongs_to_the_lock_file() {
    let lock =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
    assert!(
        lock.contains("name = \"webpki-roots\"\nversion = \"1.0.10\"\n"),
        "webpki-roots is another one: MOZILLA_LIST_DATE is the day of its release"
    );
}

/// Bundles that are made to cost time: many certificates of one name and key identifier, of one key or of
/// many; a mesh in which every CA is certified by every other; and thousands of names against thousands of
/// constraints.
#[test]
fn hostile_bundles_are_given_up_on() {
    const SOON: Duration = Duration::from_secs(5);
    let root = ca("Root");
    let identifier = rcgen::KeyIdMethod::PreSpecified(vec![7; 20]);
    let same = ca("Same").with(|params| params.key_identifier_method = identifier.clone());
    let leaf = server("x.example").by(&same);
    let other = ca("Other");
    let one_key: String = (0..2000_u64)
        .map(|number| {
            let mut params = same.params.clone();
            params.serial_number = Some(number.into());
            Party { params, key: rcgen::KeyPair::from_pem(&same.key.serialize_pem()).unwrap() }
                .by(&other)
        })
        .collect();
    let many_keys: String = (0..500).map(|_| same.renewed().by(&other)).collect();
    let subtrees = (0..2000).map(|number| GeneralSubtree::DnsName(format!("{number}.example")));
    let constrained = ca("Constrained").with(|params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: subtrees.collect(),
            excluded_subtrees: Vec::new(),
        });
    });
    let many_names = server("x.example").with(|params| {
        params.subject_alt_names = (0..1000)
            .map(|number| SanType::DnsName(format!("{number}.1999.example").try_into().unwrap()))
            .collect();
    });
    let constraints = many_names.by(&constrained) + &constrained.by(&other);
    let parties: Vec<Party> = (0..12).map(|number| ca(&number.to_string())).collect();
    let mesh: String =
        parties.iter().flat_map(|one| parties.iter().map(|other| one.by(other))).collect();
    let mesh_leaf = server("x.example").by(&parties[0]);
    for bundle in [leaf.clone() + &one_key, leaf + &many_keys, mesh_leaf + &mesh, constraints] {
        let started = cpu_time();
        let report = ask(&bundle, &root.own());
        assert!(cpu_time() - started < SOON, "{:?}", cpu_time() - started);
        assert_eq!(report.verdict, Verdict::Unknown, "{:?}", report.checks);
    }
}

/// It cannot be judged as a certificate, which is no fault of it. Any other critical extension that is not
/// known is one, also beside the poison.
#[test]
fn a_precertificate_is_unknown() {
    let root = ca("Root");
    let leaf = server("x.example").with(|params| params.serial_number = Some(7.into()));
    let critical = |arc: u64| {
        let oid = [1, 3, 6, 1, 4, 1, 11129, 2, 4, arc];
        let mut extension = CustomExtension::from_oid_content(&oid, vec![5, 0]);
        extension.set_criticality(true);
        extension
    };
    for (extensions, result, code) in [
        (vec![critical(3)], CheckResult::Unknown, "precertificate"),
        (vec![critical(9)], CheckResult::Failed, "unknown_critical_extension"),
        (vec![critical(3), critical(9)], CheckResult::Failed, "unknown_critical_extension"),
    ] {
        let mut params = leaf.params.clone();
        params.custom_extensions = extensions;
        let issuer = rcgen::Issuer::from_params(&root.params, &root.key);
        let pem = params.signed_by(&leaf.key, &issuer).unwrap().pem();
        let path = ask(&pem, &root.own()).checks.path;
        assert_eq!((path.result, &*path.code), (result, code), "{}", path.detail);
    }
}
