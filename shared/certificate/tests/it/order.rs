use envelope::CheckResult;

use crate::fixtures::*;

const IN_ORDER: [&str; 3] = ["CN=www.example.com", "CN=Test RSA Intermediate", "CN=Test RSA Root"];

#[test]
fn any_order_becomes_leaf_first() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let cases = [
        (vec![leaf, intermediate, root], "ok"),
        (vec![leaf, intermediate], "ok"),
        (vec![leaf], "ok"),
        (vec![root], "ok"),
        (vec![intermediate, root], "ok"),
        (vec![intermediate, root, leaf], "reordered"),
        (vec![root, intermediate, leaf], "reordered"),
        (vec![leaf, root, intermediate], "reordered"),
        (vec![intermediate, leaf], "reordered"),
    ];
    for (input, code) in cases {
        let report = read(&input.concat());
        assert_eq!(report.checks.order.code, code);
        assert_eq!(report.checks.order.result, CheckResult::Ok);
        let in_order = [leaf, intermediate, root].into_iter().filter(|block| input.contains(block));
        assert_eq!(report.pem_chain, in_order.collect::<String>());
        assert_eq!(report.checks.duplicates.code, "ok");
    }
}

#[test]
fn certificates_that_are_no_part_of_the_path_are_left_out() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let foreign = blocks(EC_P256)[1];
    let other_leaf = blocks(MIXED)[0];

    let report = read(WRONG_CHAIN);
    assert_eq!(common_names(&report), ["CN=www.example.com"]);
    assert_eq!(
        report.checks.order.detail,
        "1 certificate is no part of the path: CN=Test P-256 Root"
    );
    assert_eq!(bad(&report), [("path", "issuer_missing")]);

    let report = read(&[foreign, root, leaf, other_leaf, intermediate].concat());
    assert_eq!(common_names(&report), IN_ORDER);
    assert_eq!(report.checks.order.code, "reordered");
    assert_eq!(
        report.checks.order.detail,
        "the certificates came in another order; they are delivered leaf first; \
         2 certificates are no part of the path: CN=Test P-256 Root, CN=mixed.example"
    );
}

/// It has the same name, another key, and no key identifiers: only the signature shows it.
#[test]
fn an_impostor_is_no_issuer() {
    let report = read(IMPOSTOR);
    assert_eq!(common_names(&report), ["CN=www.example.com"]);
    assert_eq!(bad(&report), [("path", "bad_signature"), ("signatures", "bad_signature")]);
    assert_eq!(
        report.checks.signatures.detail,
        "CN=www.example.com is not signed by CN=Test RSA Intermediate"
    );
}

#[test]
fn the_issuer_with_the_right_key_is_taken() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let impostor = blocks(IMPOSTOR)[1];
    for input in [[leaf, impostor, intermediate, root], [leaf, intermediate, root, impostor]] {
        let report = read(&input.concat());
        assert_eq!(report.pem_chain, [leaf, intermediate, root].concat());
        assert_eq!(report.checks.order.code, "extra_certificates");
        assert!(bad(&report).is_empty());
    }
}

#[test]
fn duplicates_are_left_out_and_named() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let report = read(&[leaf, intermediate, intermediate, root, leaf, intermediate].concat());
    assert_eq!(common_names(&report), IN_ORDER);
    assert_eq!(report.checks.order.code, "ok");
    assert_eq!(report.checks.duplicates.code, "repeated");
    assert_eq!(
        report.checks.duplicates.detail,
        "CN=www.example.com came 2 times; CN=Test RSA Intermediate came 3 times"
    );
}
