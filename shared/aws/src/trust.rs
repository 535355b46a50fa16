use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use boot::{Environment, SettingError};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

const BUNDLE: &str = "AWS_CA_BUNDLE";
const SYSTEM_FILE: &str = "SSL_CERT_FILE";

/// The certificates in `AWS_CA_BUNDLE` and no others, as the AWS tools have it; without it those of
/// the system, where `SSL_CERT_FILE` and `SSL_CERT_DIR` may name other ones. The SDK reads
/// `AWS_CA_BUNDLE` in no way itself (aws-sdk-rust #1362).
///
/// # Errors
/// Names the variable whose file cannot be used.
pub(crate) fn context(environment: &Environment) -> Result<TlsContext, SettingError> {
    let store = match environment.optional(BUNDLE) {
        Some(file) => TrustStore::empty().with_pem_certificate(roots(BUNDLE, file)?),
        None => {
            if let Some(file) = environment.optional(SYSTEM_FILE) {
                roots(SYSTEM_FILE, file)?;
            }
            TrustStore::default()
        }
    };
    TlsContext::builder()
        .with_trust_store(store)
        .build()
        .map_err(|error| SettingError::new(BUNDLE, format!("cannot be used: {error}")))
}

/// A file of PEM certificates, each of them usable: the SDK panics at one that is not.
fn roots(variable: &'static str, file: &str) -> Result<Vec<u8>, SettingError> {
    let fault = |problem: String| SettingError::new(variable, format!("{file}: {problem}"));
    let bundle = std::fs::read(file).map_err(|error| fault(error.to_string()))?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bundle) {
        let certificate = certificate.map_err(|error| fault(format!("is not PEM: {error}")))?;
        store.add(certificate).map_err(|error| fault(format!("a certificate in it: {error}")))?;
    }
    if store.is_empty() {
        return Err(fault("there is no certificate in it".into()));
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::context;

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
                let error = context(&environment).unwrap_err();
                assert_eq!(error.name, variable);
                assert!(error.problem.contains(problem), "{error}");
            }
        }
        for path in [empty, garbage] {
            std::fs::remove_file(path).unwrap();
        }
    }
}
