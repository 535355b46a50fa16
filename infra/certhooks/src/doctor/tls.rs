use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::BASE64;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;
use time::OffsetDateTime;

/// For the connection, and again for each read and write of the handshake.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a server showed in a TLS handshake.
pub(crate) struct Shown {
    /// PEM, as it was sent; empty when the handshake did not come so far.
    pub(crate) chain: String,
    /// Why a client that trusts what this system trusts would hang up.
    pub(crate) refused: Option<String>,
}

/// One handshake as a provider's client would do it, and no request. No proxy: providers do not use
/// ours.
///
/// # Errors
/// Nothing listens there, or it does not speak TLS.
pub(crate) async fn handshake(host: String, address: SocketAddr) -> Result<Shown, String> {
    let shaken = tokio::task::spawn_blocking(move || shake(&host, address)).await;
    shaken.unwrap_or_else(|error| Err(error.to_string()))
}

fn shake(host: &str, address: SocketAddr) -> Result<Shown, String> {
    let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
    let witness = Arc::new(Witness::new().map_err(|error| error.to_string())?);
    let mut client = client(Arc::clone(&witness), name)
        .map_err(|error| format!("TLS does not start: {error}"))?;
    let mut socket = connect(address).map_err(|error| format!("{address}: {error}"))?;
    while client.is_handshaking() {
        if let Err(error) = client.complete_io(&mut socket) {
            return match witness.chain() {
                chain if chain.is_empty() => Err(format!("{address}: no TLS: {error}")),
                chain => Ok(Shown { chain, refused: Some(error.to_string()) }),
            };
        }
    }
    Ok(Shown { chain: witness.chain(), refused: None })
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn client(witness: Arc<Witness>, name: ServerName<'static>) -> Result<ClientConnection, Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        // Its name is for what could be done here; `Witness` refuses what the system's verifier does.
        .dangerous()
        .with_custom_certificate_verifier(witness)
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), name)
}

/// The system's verifier, which keeps what it was shown: a chain that is refused is the one that an
/// operator needs to see.
#[derive(Debug)]
struct Witness {
    verifier: Verifier,
    shown: Mutex<String>,
}

impl Witness {
    fn new() -> Result<Self, Error> {
        let verifier = Verifier::new(Arc::new(ring::default_provider()))?;
        Ok(Self { verifier, shown: Mutex::default() })
    }

    fn chain(&self) -> String {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        issuers: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = [leaf].into_iter().chain(issuers).map(|der| pem(der)).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = chain;
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

fn pem(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(der))
}

/// How much of a certificate's life is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Life {
    Over,
    /// Less than a sixth: 15 of 90 days, 8 of 47. Whoever renews automatically has done so by then.
    NearEnd,
    Enough,
}

impl Life {
    pub(crate) fn at(now: OffsetDateTime, from: OffsetDateTime, to: OffsetDateTime) -> Self {
        match to - now {
            left if left.is_negative() => Self::Over,
            left if left * 6 < to - from => Self::NearEnd,
            _ => Self::Enough,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::Life;

    #[test]
    fn the_last_sixth_of_a_life_is_near_its_end() {
        let day = |days| OffsetDateTime::UNIX_EPOCH + Duration::days(days);
        for (now, life) in [(0, Life::Enough), (75, Life::Enough), (76, Life::NearEnd)] {
            assert_eq!(Life::at(day(now), day(0), day(90)), life, "{now}");
        }
        assert_eq!(Life::at(day(90), day(0), day(90)), Life::NearEnd);
        assert_eq!(Life::at(day(91), day(0), day(90)), Life::Over);
        assert_eq!(Life::at(day(4), day(0), day(6)), Life::Enough);
    }
}
