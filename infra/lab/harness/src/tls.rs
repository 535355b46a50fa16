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

/// Those of the clients find it, and no other names.
pub(crate) const HOST: &str = "localhost";

/// A private authority that vouches for [`HOST`]. Keys are P-256: AWS's endpoints have RSA, which is
/// cheaper for a client to check.
pub(crate) struct Authority {
    /// The certificate to trust.
    pub(crate) pem: String,
    config: Arc<ServerConfig>,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // Another name than the leaf's, or OpenSSL takes that for self-signed.
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
        // As AWS's endpoints for these services.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { pem: issuer.pem(), config: Arc::new(config) })
    }

    /// Serves `router` on TLS at a free port of 127.0.0.1, until the task is aborted.
    pub(crate) async fn serve(&self, router: Router) -> Result<(SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(64);
        let door = Door { address, ready };
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let serving = tokio::spawn(async move {
            // Neither ends by itself; whichever is dropped takes the other along.
            tokio::select! {
                () = accept(listener, acceptor, sender) => {}
                _ = axum::serve(door, router).into_future() => {}
            }
        });
        Ok((address, serving))
    }
}

type Ready = (TlsStream<TcpStream>, SocketAddr);

/// Connections whose handshake is done: one that is slow must not hold up the others.
struct Door {
    address: SocketAddr,
    ready: mpsc::Receiver<Ready>,
}

impl Listener for Door {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The other half is gone, and this one about to be.
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
            // Small answers must not wait for the client's delayed ACK.
            let _ = stream.set_nodelay(true);
            // A client that does not believe us hangs up; that is its answer.
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = ready.send((stream, peer)).await;
            }
        });
    }
}
