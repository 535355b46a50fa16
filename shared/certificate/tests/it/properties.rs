use std::time::Duration;

use certificate::{redact_json, redact_text};
use proptest::prelude::*;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;

use crate::cpu_time::cpu_time;
use crate::fixtures::*;

/// Text made of the pieces that the parsers search for, so that random texts reach edge cases.
fn boundary_like() -> impl Strategy<Value = String> {
    let pieces = [
        "-----",
        "-",
        "—",
        "BEGIN",
        "END",
        " ",
        "+",
        "%20",
        "PRIVATE KEY",
        "CERTIFICATE",
        "\n",
        "\r\n",
        "\\n",
        "MII",
        "=",
        "\"",
        "\\",
        "\u{FFFD}",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40)
        .prop_map(|pieces| pieces.concat())
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        boundary_like().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((boundary_like(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every string of a document, names of members included.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            found.push(name.clone());
            strings(member, found);
        }),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = try_read(&bytes, NOW);
        let _ = redact_json(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn boundaries_in_any_combination_are_read_without_panic(text in boundary_like()) {
        let _ = try_read(text.as_bytes(), NOW);
        let _ = redact_json(&text);
        if let Some((clean, labels)) = redact_text(&text) {
            prop_assert!(!labels.is_empty());
            prop_assert_eq!(redact_text(&clean), None, "a second pass finds nothing");
        }
    }

    #[test]
    fn a_certificate_with_any_octets_changed_is_read_without_panic(
        block in 0_usize..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let body: String = blocks(RSA)[block].lines().filter(|line| !line.starts_with('-')).collect();
        let mut der = data_encoding::BASE64.decode(body.as_bytes()).unwrap();
        for (at, octet) in changes {
            let at = at.index(der.len());
            der[at] = octet;
        }
        let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", data_encoding::BASE64.encode(&der));
        let _ = try_read(format!("{RSA}{pem}").as_bytes(), NOW);
    }

    #[test]
    fn json_stays_json_and_exactly_its_keys_are_removed(document in json()) {
        let mut texts = Vec::new();
        strings(&document, &mut texts);
        let keys: usize = texts.iter().filter_map(|text| redact_text(text)).map(|(_, labels)| labels.len()).sum();
        match redact_json(&document.to_string()) {
            None => prop_assert_eq!(keys, 0),
            Some((clean, labels)) => {
                // The end of a key in a string of its own is no other key.
                prop_assert!((1..=keys).contains(&labels.len()));
                let clean: Value = serde_json::from_str(&clean).unwrap();
                prop_assert_eq!(redact_json(&clean.to_string()), None);
            }
        }
    }
}

/// Enough for a debug build on a slow machine; quadratic work would take minutes.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(3);

#[test]
fn a_thousand_copies_of_a_certificate() {
    let start = cpu_time();
    let bundle = read(&blocks(EC_P256)[0].repeat(1000));
    assert!(cpu_time() - start < TIME_LIMIT, "{:?}", cpu_time() - start);
    assert_eq!(bundle.certificates.len(), 1);
    assert_eq!(bundle.checks.duplicates.detail, "CN=p256.example came 1000 times");
}

/// All CAs have the same name and key, so each may be the issuer of every other; one is enough.
#[test]
fn a_thousand_certificates_of_one_name() {
    let key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "Same");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::from_params(&ca, &key);
    let mut pem = String::new();
    for number in 0..1000_u64 {
        let mut params = ca.clone();
        params.serial_number = Some(number.into());
        params.use_authority_key_identifier_extension = number % 2 == 0;
        pem.push_str(&params.signed_by(&key, &issuer).unwrap().pem());
    }
    let start = cpu_time();
    let bundle = read(&pem);
    assert!(cpu_time() - start < TIME_LIMIT, "{:?}", cpu_time() - start);
    assert_eq!(bundle.certificates.len(), 1);
    assert!(bundle.is_leaf_missing);
}

/// The chain begins with the root.
#[test]
fn a_chain_of_a_thousand_certificates() {
    let key = KeyPair::generate().unwrap();
    let params = |number: usize| {
        let mut params = CertificateParams::new(vec![format!("{number}.example")]).unwrap();
        params.distinguished_name.push(DnType::CommonName, format!("Number {number}"));
        params.is_ca =
            if number == 999 { IsCa::NoCa } else { IsCa::Ca(BasicConstraints::Unconstrained) };
        params
    };
    let mut pem = params(0).self_signed(&key).unwrap().pem();
    for number in 1..1000 {
        let parent = params(number - 1);
        pem.push_str(
            &params(number).signed_by(&key, &Issuer::from_params(&parent, &key)).unwrap().pem(),
        );
    }
    let start = cpu_time();
    let bundle = read(&pem);
    assert!(cpu_time() - start < TIME_LIMIT, "{:?}", cpu_time() - start);
    assert_eq!(bundle.checks.path.code, "budget_exhausted");
    assert_eq!(bundle.checks.trust.code, "budget_exhausted");
    let leaf = bundle.certificates[0].subject.as_deref();
    assert_eq!((bundle.certificates.len(), leaf), (100, Some("CN=Number 999")));
}

#[test]
fn text_of_nothing_but_boundaries() {
    for piece in [
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\n",
        "-",
        "-----BEGIN ",
        "-----END PRIVATE KEY-----",
        "\"-----BEGIN PRIVATE KEY-----\",",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let start = cpu_time();
        let _ = try_read(text.as_bytes(), NOW);
        let _ = redact_text(&text);
        let _ = redact_json(&text);
        assert!(cpu_time() - start < TIME_LIMIT, "{piece}: {:?}", cpu_time() - start);
    }
}
