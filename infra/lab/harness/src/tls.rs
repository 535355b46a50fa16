use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The host name of all server certificates; clients resolve it without DNS.
pub(crate) const HOST: &str = "localhost";

/// A private certificate authority, with a server certificate for [`HOST`]. Keys are P-256; AWS's
/// endpoints have RSA keys, which are cheaper for a client to verify.
pub(crate) struct CertificateAuthority {
    /// The certificate of the authority, for clients to trust.
    pub(crate) pem: String,
    config: Arc<ServerConfig>,
}

impl CertificateAuthority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // A name other than the leaf's: otherwise OpenSSL takes the leaf for self-signed.
        params.distinguished_name.push(DnType::CommonName, "certhooks test authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![HOST.to_owned()])?;
        params.distinguished_name.push(DnType::CommonName, HOST);
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&key, &issuer)?;
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )?;
        // AWS's endpoints of these services offer HTTP/1.1 only.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { pem: issuer.pem(), config: Arc::new(config) })
    }

    /// Serves `router` on TLS at a free port of 127.0.0.1 until the task is aborted.
    pub(crate) async fn serve(&self, router: Router) -> Result<(SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(64);
        let connections = TlsConnections { address, ready };
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let server = tokio::spawn(async move {
            // Neither ends by itself; when the task is aborted, both are dropped.
            tokio::select! {
                () = accept(listener, acceptor, sender) => {}
                _ = axum::serve(connections, router).into_future() => {}
            }
        });
        Ok((address, server))
    }
}

type Ready = (TlsStream<TcpStream>, SocketAddr);

/// Connections after their handshake, so that a slow handshake does not delay other connections.
struct TlsConnections {
    address: SocketAddr,
    ready: mpsc::Receiver<Ready>,
}

impl Listener for TlsConnections {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The accepting task has ended, and this one is about to end.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<Ready>) {
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            // Small responses must not wait for the client's delayed ACK.
            let _ = stream.set_nodelay(true);
            // A client that does not trust the certificate closes the connection.
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = ready.send((stream, peer)).await;
            }
        });
    }
}
