use std::sync::Arc;

use boot::{Environment, SettingError};
use rustls::client::WantsClientCert;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

const BUNDLE: &str = "AWS_CA_BUNDLE";
const FILE: &str = "SSL_CERT_FILE";

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// How any certificate begins, also one of OpenSSL's older or own forms, which are not read.
const ANY_BEGIN: [&str; 3] =
    [BEGIN, "-----BEGIN TRUSTED CERTIFICATE-----", "-----BEGIN X509 CERTIFICATE-----"];

type Trusting = ConfigBuilder<ClientConfig, WantsClientCert>;

/// Configures TLS for a function. It trusts only the certificates in `AWS_CA_BUNDLE`, as the AWS tools
/// do. Without that variable it trusts those in `SSL_CERT_FILE`, and without both the roots of Mozilla's
/// programs at the time of the build. Reading the system's 150 roots would be a third of a cold start,
/// and those of the AWS services are valid until 2037 (<https://www.amazontrust.com/repository/>).
///
/// # Errors
/// When a file cannot be used; the error names its variable.
pub(crate) fn of_function(environment: &Environment) -> Result<ClientConfig, SettingError> {
    let compiled_in = |builder: ConfigBuilder<ClientConfig, WantsVerifier>| {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<RootCertStore>();
        Ok(builder.with_root_certificates(roots))
    };
    tls(environment, compiled_in)
}

/// Configures TLS for an operator. Without the variables it trusts the system's roots, which may include
/// that of an inspecting proxy.
///
/// # Errors
/// When a file cannot be used; the error names its variable.
#[cfg(feature = "operator")]
pub(crate) fn of_operator(environment: &Environment) -> Result<ClientConfig, SettingError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    tls(environment, BuilderVerifierExt::with_platform_verifier)
}

fn tls(
    environment: &Environment,
    default_roots: impl FnOnce(
        ConfigBuilder<ClientConfig, WantsVerifier>,
    ) -> Result<Trusting, rustls::Error>,
) -> Result<ClientConfig, SettingError> {
    let failure = |error| SettingError::new(FILE, format!("TLS does not start: {error}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(failure)?;
    let trusting = match configured_roots(environment)? {
        Some(roots) => builder.with_root_certificates(roots),
        None => default_roots(builder).map_err(failure)?,
    };
    Ok(trusting.with_no_client_auth())
}

/// Reads the roots from the file that a variable names; `None` when no variable is set.
fn configured_roots(environment: &Environment) -> Result<Option<RootCertStore>, SettingError> {
    let Some((variable, file)) =
        [BUNDLE, FILE].iter().find_map(|name| Some((*name, environment.optional(name)?)))
    else {
        return Ok(None);
    };
    read(file)
        .map(Some)
        .map_err(|problem| SettingError::new(variable, format!("{file}: {problem}")))
}

/// Reads a file of PEM certificates, all of which must be usable.
fn read(file: &str) -> Result<RootCertStore, String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    // Editors of some systems put it before the first line, which would then be none of PEM.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text) {
        let certificate =
            certificate.map_err(|error| format!("a certificate in it: is not PEM: {error}"))?;
        store.add(certificate).map_err(|error| format!("a certificate in it: {error}"))?;
    }
    if store.is_empty() {
        return Err("it contains no certificate".into());
    }
    let text = String::from_utf8_lossy(text);
    let begun: usize = ANY_BEGIN.iter().map(|begin| text.matches(begin).count()).sum();
    if begun != store.len() {
        return Err(format!(
            "of {begun} certificates in it {} can be read: each begins with `{BEGIN}` at the beginning of a \
             line of its own",
            store.len()
        ));
    }
    Ok(store)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{of_function, of_operator, read};

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
                (empty.clone(), "it contains no certificate"),
                (garbage.clone(), "a certificate in it"),
                (PathBuf::from("/nowhere/bundle.pem"), "No such file"),
            ] {
                let environment = [(variable, path.to_str().unwrap())].into_iter().collect();
                for tls in [of_function, of_operator] {
                    let error = tls(&environment).unwrap_err();
                    assert_eq!(error.name, variable);
                    assert!(error.problem.contains(problem), "{error}");
                }
            }
        }
        for path in [empty, garbage] {
            std::fs::remove_file(path).unwrap();
        }
    }

    /// Some bundles have text between the certificates, and some have CRLF line ends.
    #[test]
    fn certificates_are_read_with_comments_and_crlf() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        for (name, text) in [
            ("twice", format!("# a root\n{pem}# another\n{pem}")),
            ("crlf", pem.replace('\n', "\r\n").repeat(2)),
            ("mark", format!("\u{feff}{pem}{pem}")),
        ] {
            let path = file(name, &text);
            assert_eq!(read(path.to_str().unwrap()).unwrap().len(), 2, "{name}");
            std::fs::remove_file(path).unwrap();
        }
    }

    /// A root that is missing would be found out at the first connection that needs it.
    #[test]
    fn a_bundle_of_which_a_part_cannot_be_read_is_refused() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let labelled =
            |label| pem.replace(" CERTIFICATE-----", &format!(" {label} CERTIFICATE-----"));
        for second in [format!("# {pem}"), labelled("TRUSTED"), labelled("X509")] {
            let path = file("part", &format!("{pem}{second}"));
            let problem = read(path.to_str().unwrap()).unwrap_err();
            assert!(problem.starts_with("of 2 certificates in it 1 can be read"), "{problem}");
            std::fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn the_roots_of_the_aws_services_are_compiled_in() {
        let subjects = webpki_roots::TLS_SERVER_ROOTS.iter().map(|root| root.subject.to_vec());
        let subjects: Vec<Vec<u8>> = subjects.collect();
        let names =
            ["Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4"];
        for name in names.into_iter().chain(["Starfield Services Root Certificate Authority - G2"])
        {
            let has =
                |subject: &Vec<u8>| subject.windows(name.len()).any(|part| part == name.as_bytes());
            assert!(subjects.iter().any(has), "{name}");
        }
    }
}
