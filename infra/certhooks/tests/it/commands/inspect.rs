use std::fs;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;
use time::macros::datetime;

use super::run;
use crate::harness::Folder;

/// `chain.pem` with a leaf for www.example.com and its root, `roots.pem` with the root alone.
fn chain() -> Folder {
    let folder = Folder::new();
    let params = |name: &str, is_ca: bool| {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = datetime!(2026-01-01 0:00 UTC);
        params.not_after = datetime!(2036-01-01 0:00 UTC);
        params.is_ca =
            if is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
        params
    };
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(params("Root", true), key()).unwrap();
    let leaf = params("www.example.com", false).signed_by(&key(), &root).unwrap();
    fs::write(folder.path().join("chain.pem"), leaf.pem() + &root.pem()).unwrap();
    fs::write(folder.path().join("roots.pem"), root.pem()).unwrap();
    fs::write(folder.path().join("nothing.txt"), "no certificate").unwrap();
    folder
}

#[test]
fn the_exit_status_is_the_verdict() {
    let folder = chain();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (chain, roots) = (file("chain.pem"), file("roots.pem"));
    let at = ["--at", "2030-01-01T00:00:00Z"];
    let cases: [(&[&str], i32); 10] = [
        (&[&chain, "--trust", &roots], 0),
        (&[&chain, "--trust", &roots, "--name", "WWW.example.com", "--purpose", "client"], 0),
        (&[&chain], 1),
        (&[&chain, "--trust", &roots, "--name", "other.example.com"], 1),
        (&[&chain, "--trust", &roots, "--name", "bücher.example.com"], 4),
        (&[&chain, "--purpose", "email"], 1),
        (&[&chain, "--trust", &file("nothing.txt")], 2),
        (&[&chain, "--trust", &file("nowhere.pem")], 2),
        (&[&file("nothing.txt")], 3),
        (&[&file("nowhere.pem")], 2),
    ];
    for (arguments, code) in cases {
        let ended = run(&[], &[&["inspect"], arguments, &at].concat());
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}{}", ended.out, ended.err);
    }
    let ended = run(&[], &["inspect", &chain, "--at", "tomorrow"]);
    assert_eq!(ended.code, Some(2));
}

#[test]
fn a_chain_is_drawn_for_people() {
    let folder = chain();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let arguments =
        [&file("chain.pem"), "--trust", &file("roots.pem"), "--at", "2035-12-01T00:00:00Z"];
    let ended = run(&[], &[&["inspect"], &arguments[..]].concat());
    for line in [
        "ok at 2035-12-01T00:00:00Z",
        "CN=www.example.com",
        "31 days left, until 2036-01-01T00:00:00Z",
        "└─ CN=Root, trust anchor",
        "ok       path           ok: the path is valid by RFC 5280 for a TLS server certificate",
    ] {
        assert!(ended.out.lines().any(|printed| printed == line), "{line}: {}", ended.out);
    }
}

#[test]
fn json_is_one_object() {
    let folder = chain();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let ended =
        run(&[], &["inspect", &file("chain.pem"), "--json", "--at", "2037-01-01T00:00:00Z"]);
    assert_eq!(ended.code, Some(1));
    let object: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(object["verdict"], "failed");
    assert_eq!(object["checks"]["path"]["code"], "expired");
    assert_eq!(object["checks"]["trust"]["code"], "untrusted_root");
    assert_eq!(object["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(object["pem_chain"], fs::read_to_string(file("chain.pem")).unwrap());
    let ended = run(&[], &["inspect", &file("nothing.txt"), "--json"]);
    let error: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!(error["exit"], 3);
}
