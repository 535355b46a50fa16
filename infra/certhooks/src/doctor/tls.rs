use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certificate::encode_pem;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use time::OffsetDateTime;

/// The timeout of the connection, and of each read and write of the handshake.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The certificate chain that a server sent in a TLS handshake.
pub(crate) struct ServerChain {
    /// PEM, in the order in which it was sent.
    pub(crate) pem: String,
    /// Why a client with this system's trust store refuses the chain; `None` where it accepts it.
    pub(crate) refused: Option<String>,
}

/// Makes one handshake as a provider's client would, and sends no request. It uses no proxy, since
/// providers do not use this machine's.
///
/// # Errors
/// No server listens at the address, or it does not speak TLS.
pub(crate) async fn handshake(host: String, address: SocketAddr) -> Result<ServerChain, String> {
    let result = tokio::task::spawn_blocking(move || connect_tls(&host, address)).await;
    result.unwrap_or_else(|error| Err(error.to_string()))
}

fn connect_tls(host: &str, address: SocketAddr) -> Result<ServerChain, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let verifier = Arc::new(RecordingVerifier::new().map_err(|error| error.to_string())?);
    let mut client = client(Arc::clone(&verifier), name)
        .map_err(|error| format!("TLS cannot be initialised: {error}"))?;
    let mut socket = connect(address).map_err(|error| format!("{address}: {error}"))?;
    while client.is_handshaking() {
        if let Err(error) = client.complete_io(&mut socket) {
            return match verifier.chain() {
                pem if pem.is_empty() => {
                    Err(format!("{address}: the TLS handshake failed: {error}"))
                }
                pem => Ok(ServerChain { pem, refused: Some(error.to_string()) }),
            };
        }
    }
    Ok(ServerChain { pem: verifier.chain(), refused: None })
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    Ok(socket)
}

fn client(
    verifier: Arc<RecordingVerifier>,
    name: ServerName<'static>,
) -> Result<ClientConnection, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        // "Dangerous" is any own verifier; `RecordingVerifier` refuses whatever the system's does.
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), name)
}

/// The system's verifier, which also records the chain: a refused chain is the one that an operator
/// needs to see.
#[derive(Debug)]
struct RecordingVerifier {
    verifier: Verifier,
    chain: Mutex<String>,
}

impl RecordingVerifier {
    fn new() -> Result<Self, Error> {
        let verifier = Verifier::new(Arc::new(ring::default_provider()))?;
        Ok(Self { verifier, chain: Mutex::default() })
    }

    fn chain(&self) -> String {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain =
            [leaf].into_iter().chain(issuers).map(|der| encode_pem("CERTIFICATE", der)).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        self.verifier.verify_server_cert(leaf, issuers, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// How much of a certificate's validity period is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Validity {
    Expired,
    /// Less than a sixth: 15 of 90 days, 8 of 47. Automatic renewal happens earlier.
    ExpiresSoon,
    Valid,
}

impl Validity {
    pub(crate) fn at(now: OffsetDateTime, from: OffsetDateTime, to: OffsetDateTime) -> Self {
        match to - now {
            left if left.is_negative() => Self::Expired,
            left if left * 6 < to - from => Self::ExpiresSoon,
            _ => Self::Valid,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::Validity;

    #[test]
    fn a_certificate_expires_soon_in_the_last_sixth_of_its_validity() {
        let day = |days| OffsetDateTime::UNIX_EPOCH + Duration::days(days);
        for (now, validity) in
            [(0, Validity::Valid), (75, Validity::Valid), (76, Validity::ExpiresSoon)]
        {
            assert_eq!(Validity::at(day(now), day(0), day(90)), validity, "{now}");
        }
        assert_eq!(Validity::at(day(90), day(0), day(90)), Validity::ExpiresSoon);
        assert_eq!(Validity::at(day(91), day(0), day(90)), Validity::Expired);
        assert_eq!(Validity::at(day(4), day(0), day(6)), Validity::Valid);
    }
}
