//! The trusted roots, and the use of a proxy.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws::{Session, StoredSecret};
use boot::Environment;
use ports::SecretSource;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Secrets Manager over TLS, with its own certification authority.
struct Server {
    address: SocketAddr,
    bundle: PathBuf,
}

impl Server {
    fn start() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap();
        let _already_installed = rustls::crypto::ring::default_provider().install_default();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let name = format!("certhooks-bundle-{}-{}.pem", std::process::id(), address.port());
        let bundle = std::env::temp_dir().join(name);
        std::fs::write(&bundle, issuer.pem()).unwrap();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that does not trust the certificate closes the connection.
                let _ = answer(stream, &config);
            }
        });
        Self { address, bundle }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        std::fs::remove_file(&self.bundle).unwrap();
    }
}

fn answer(stream: TcpStream, config: &Arc<ServerConfig>) -> io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let (mut line, mut length) = (String::new(), 0);
    while stream.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    stream.read_exact(&mut vec![0; length])?;
    let body = r#"{"SecretString":"from TLS","CreatedDate":1.0}"#;
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let stream = stream.get_mut();
    stream.write_all((head + body).as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// A proxy for CONNECT that counts connections.
fn proxy() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || tunnel(stream));
        }
    });
    (address, count)
}

fn tunnel(client: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut first, mut line) = (String::new(), String::new());
    reader.read_line(&mut first)?;
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let target = first.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next());
    let port = target
        .and_then(|target| target.strip_prefix("localhost:"))
        .ok_or(io::ErrorKind::InvalidInput)?;
    let server = TcpStream::connect(("127.0.0.1", port.parse::<u16>().map_err(io::Error::other)?))?;
    (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let (mut up, mut down) = (server.try_clone()?, server);
    let mut back = client.try_clone()?;
    thread::spawn(move || io::copy(&mut down, &mut back));
    io::copy(&mut reader, &mut up).map(drop)
}

const INSIDE: &str = "CERTHOOKS_TEST_INSIDE";

fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs the inner half of `test` in a process of its own, since the proxies are variables of the whole
/// process. Returns whether it passed.
async fn reads_with(server: &Server, test: &str, own: &[(&str, &str)]) -> bool {
    let endpoint = format!("https://localhost:{}", server.address.port());
    let standard = [
        (INSIDE, "1"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear();
    command.envs(standard.iter().chain(own).copied());
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}{error}");
    assert!(out.contains("running 1 test\n"), "{test} is not the name of a test");
    output.status.success()
}

/// The inner half of the tests below.
async fn read() {
    let session = Session::start(&Environment::of_process()).unwrap();
    StoredSecret::new(&session, "WEBHOOK_SECRET_ID", "any").current().await.unwrap();
}

#[tokio::test]
async fn a_bundle_is_trusted() {
    const TEST: &str = "trust::a_bundle_is_trusted";
    if is_inside() {
        return read().await;
    }
    let server = Server::start();
    let bundle = server.bundle.to_str().unwrap();
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        assert!(reads_with(&server, TEST, &[(name, bundle)]).await, "{name}");
    }
    assert!(!reads_with(&server, TEST, &[]).await, "the built-in roots do not include its issuer");
}

#[tokio::test]
async fn a_proxy_is_used_except_for_no_proxy() {
    const TEST: &str = "trust::a_proxy_is_used_except_for_no_proxy";
    if is_inside() {
        return read().await;
    }
    let server = Server::start();
    let (address, count) = proxy();
    let (bundle, proxy) = (server.bundle.to_str().unwrap(), format!("http://{address}"));
    let own = [("AWS_CA_BUNDLE", bundle), ("HTTPS_PROXY", proxy.as_str())];
    assert!(reads_with(&server, TEST, &own).await);
    assert_eq!(count.load(Ordering::Relaxed), 1);

    let own = [own[0], own[1], ("NO_PROXY", "localhost")];
    assert!(reads_with(&server, TEST, &own).await);
    assert_eq!(count.load(Ordering::Relaxed), 1, "NO_PROXY was ignored");
}
