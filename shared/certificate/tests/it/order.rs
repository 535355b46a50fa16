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
        (vec![intermediate, root, leaf], "came as intermediate, root, leaf; delivered leaf first"),
        (vec![root, intermediate, leaf], "came as root, intermediate, leaf; delivered leaf first"),
        (vec![leaf, root, intermediate], "came as leaf, root, intermediate; delivered leaf first"),
        (vec![intermediate, leaf], "came as intermediate, leaf; delivered leaf first"),
    ];
    for (came, check) in cases {
        let bundle = read(&came.concat());
        assert_eq!(bundle.checks.order, check);
        let expected: Vec<&str> = IN_ORDER
            .into_iter()
            .zip([leaf, intermediate, root])
            .filter_map(|(name, block)| came.contains(&block).then_some(name))
            .collect();
        assert_eq!(common_names(&bundle), expected);
        let pem: String =
            [leaf, intermediate, root].into_iter().filter(|block| came.contains(block)).collect();
        assert_eq!(bundle.pem_chain, pem);
        assert_eq!(bundle.checks.duplicates, "ok");
    }
}

#[test]
fn unrelated_certificates_are_last() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let foreign = blocks(EC_P256)[1];
    let other_leaf = blocks(MIXED)[0];

    let bundle = read(WRONG_CHAIN);
    assert_eq!(common_names(&bundle), ["CN=www.example.com", "CN=Test P-256 Root"]);
    assert_eq!(
        bundle.checks.order,
        "no issuer of CN=www.example.com among the others; 1 certificate does not belong to the chain"
    );

    let bundle = read(&[leaf, intermediate, root, foreign].concat());
    assert_eq!(common_names(&bundle)[3], "CN=Test P-256 Root");
    assert_eq!(bundle.checks.order, "1 certificate does not belong to the chain");

    let bundle = read(&[foreign, root, leaf, other_leaf, intermediate].concat());
    assert_eq!(common_names(&bundle)[..3], IN_ORDER);
    assert_eq!(common_names(&bundle)[3..], ["CN=Test P-256 Root", "CN=mixed.example"]);
    assert_eq!(
        bundle.checks.order,
        "came as unrelated, root, leaf, unrelated, intermediate; delivered leaf first; 2 certificates do not belong to the chain"
    );
}

/// The impostor has the same name and another key, and no key identifier: only the signature shows
/// it.
#[test]
fn an_impostor_is_in_the_chain_and_fails_its_signature() {
    let bundle = read(IMPOSTOR);
    assert_eq!(common_names(&bundle), IN_ORDER);
    assert_eq!(bundle.checks.order, "ok");
    assert_eq!(
        bundle.checks.signatures,
        "CN=www.example.com is not signed by CN=Test RSA Intermediate"
    );
}

/// Key identifiers decide between two issuers of the same name.
#[test]
fn the_issuer_with_the_right_key_is_selected() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let impostor = blocks(IMPOSTOR)[1];
    let bundle = read(&[leaf, impostor, intermediate, root].concat());
    assert_eq!(bundle.pem_chain, [leaf, intermediate, root, impostor].concat());
    assert_eq!(
        bundle.checks.order,
        "came as leaf, unrelated, intermediate, root; delivered leaf first; 1 certificate does not belong to the chain"
    );
}

#[test]
fn duplicates_are_removed_and_reported() {
    let [leaf, intermediate, root] = blocks(RSA).try_into().unwrap();
    let bundle = read(&[leaf, intermediate, intermediate, root, leaf, intermediate].concat());
    assert_eq!(common_names(&bundle), IN_ORDER);
    assert_eq!(bundle.checks.order, "ok");
    assert_eq!(
        bundle.checks.duplicates,
        "CN=www.example.com came 2 times; CN=Test RSA Intermediate came 3 times"
    );
}
