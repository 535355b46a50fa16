use std::sync::Arc;

use boot::{Environment, SettingError};
use data_encoding::BASE64;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

const BUNDLE: &str = "AWS_CA_BUNDLE";
const SYSTEM_FILE: &str = "SSL_CERT_FILE";

/// Where systems keep the roots that they trust: Lambda's, and others of the Red Hat family; the
/// Debian family; SUSE; Alpine, macOS.
const SYSTEM_FILES: [&str; 4] = [
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// TLS that believes the certificates in `AWS_CA_BUNDLE` and no others, as the AWS tools have it;
/// without it those in `SSL_CERT_FILE`, and without that the system's.
///
/// # Errors
/// Names the variable whose file cannot be used.
pub(crate) fn tls(environment: &Environment) -> Result<ClientConfig, SettingError> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SettingError::new(BUNDLE, format!("TLS does not start: {error}")))?;
    Ok(config.with_root_certificates(roots(environment)?).with_no_client_auth())
}

fn roots(environment: &Environment) -> Result<RootCertStore, SettingError> {
    for variable in [BUNDLE, SYSTEM_FILE] {
        if let Some(file) = environment.optional(variable) {
            return named(file)
                .map_err(|fault| SettingError::new(variable, format!("{file}: {fault}")));
        }
    }
    let mut store = RootCertStore::empty();
    let found = SYSTEM_FILES.iter().find_map(|file| std::fs::read(file).ok()).unwrap_or_default();
    // The system's own affair, if one cannot be used.
    store.add_parsable_certificates(certificates(&text(found)).flatten());
    if store.is_empty() {
        tracing::warn!(
            "no certificates to trust in {}: set {SYSTEM_FILE}",
            SYSTEM_FILES.join(", ")
        );
    }
    Ok(store)
}

/// A file of PEM certificates, each of them usable.
fn named(file: &str) -> Result<RootCertStore, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    let mut store = RootCertStore::empty();
    for certificate in certificates(&text(bytes)) {
        let certificate = certificate.ok_or("a certificate in it: is not PEM")?;
        store.add(certificate).map_err(|error| format!("a certificate in it: {error}"))?;
    }
    if store.is_empty() {
        return Err("there is no certificate in it".into());
    }
    Ok(store)
}

/// The certificates of a PEM text; nothing in place of one that cannot be read. The reader of rustls
/// decodes in constant time, for the sake of keys: for 140 roots that is half of a function's start.
fn certificates(text: &str) -> impl Iterator<Item = Option<CertificateDer<'static>>> {
    text.split("-----BEGIN CERTIFICATE-----").skip(1).map(|block| {
        let (lines, _) = block.split_once("-----END CERTIFICATE-----")?;
        let base64: String = lines.lines().map(str::trim).collect();
        BASE64.decode(base64.as_bytes()).ok().map(CertificateDer::from)
    })
}

/// What is not UTF-8 can only stand in comments.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{roots, tls};

    fn file(name: &str, content: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("certhooks-trust-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_bundle_that_cannot_be_used_names_its_variable() {
        let empty = file("empty", "# nothing\n");
        let garbage =
            "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
        let garbage = file("garbage", garbage);
        for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            for (path, problem) in [
                (empty.clone(), "there is no certificate in it"),
                (garbage.clone(), "a certificate in it"),
                (PathBuf::from("/nowhere/bundle.pem"), "No such file"),
            ] {
                let environment = [(variable, path.to_str().unwrap())].into_iter().collect();
                let error = tls(&environment).unwrap_err();
                assert_eq!(error.name, variable);
                assert!(error.problem.contains(problem), "{error}");
            }
        }
        for path in [empty, garbage] {
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Text around them, CRLF and bare base64 without line ends are all found in the wild.
    #[test]
    fn certificates_are_read_however_they_are_written() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let base64: String =
            pem.lines().filter(|line| !line.starts_with('-')).map(str::trim).collect();
        for (name, text) in [
            ("twice", format!("# a root\n{pem}# another\n{pem}")),
            ("crlf", pem.replace('\n', "\r\n").repeat(2)),
            ("flat", format!("{begin}{base64}{end}{begin}\n{base64}\n{end}")),
            ("indented", pem.replace('\n', "\n  ").repeat(2)),
        ] {
            let path = file(name, &text);
            let environment = [("AWS_CA_BUNDLE", path.to_str().unwrap())].into_iter().collect();
            assert_eq!(roots(&environment).unwrap().len(), 2, "{name}");
            std::fs::remove_file(path).unwrap();
        }
    }
}
