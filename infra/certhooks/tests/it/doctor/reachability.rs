use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::OffsetDateTime;

use crate::harness::Local;
use crate::scene::Scene;

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// A TLS server that forwards requests to a webhook endpoint.
struct TlsProxy {
    port: u16,
    /// The file of the root certificate that issued its certificate.
    root: String,
}

impl TlsProxy {
    /// Its certificate has this name, and is valid from and to these days from now.
    fn start(scene: &Scene, local: &Local, name: &str, days: (i64, i64)) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.not_before = date_time_ymd(2020, 1, 1);
        let root = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let now = OffsetDateTime::now_utc();
        let mut leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
        leaf.not_before = now + time::Duration::days(days.0);
        leaf.not_after = now + time::Duration::days(days.1);
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &root).unwrap();
        let file = scene.state.path().join(format!("root-{name}{}.pem", days.1));
        std::fs::write(&file, root.pem()).unwrap();

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (config, address) = (Arc::new(config), local.address.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, address) = (Arc::clone(&config), address.clone());
                thread::spawn(move || forward(config, stream, &address));
            }
        });
        Self { port, root: file.to_str().unwrap().to_owned() }
    }
}

/// Forwards one request and its answer; `None` where the client ends the connection before.
fn forward(config: Arc<ServerConfig>, client: TcpStream, address: &str) -> Option<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
    let mut server = TcpStream::connect(address).ok()?;
    let mut buffer = [0; 16 * 1024];
    // Every body is a JSON object, so a request ends with `}`.
    let mut request = Vec::new();
    loop {
        let read = client.read(&mut buffer).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
        if request.ends_with(b"}") {
            break;
        }
    }
    server.write_all(&request).ok()?;
    let read = server.read(&mut buffer).ok()?;
    client.write_all(&buffer[..read]).ok()?;
    client.flush().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let scene = Scene::new().await;
    let local = scene.local();
    for (name, days, trusted, level, text) in [
        ("localhost", (-10, 80), true, "ok", ", valid until 20"),
        ("localhost", (-80, 10), true, "warning", "9 days left"),
        ("localhost", (-90, -1), true, "error", ": expired"),
        (
            "localhost",
            (-10, 81),
            false,
            "error",
            "but refused: invalid peer certificate: UnknownIssuer",
        ),
        ("other.example", (-10, 80), true, "error", "not valid for name"),
    ] {
        let proxy = TlsProxy::start(&scene, &local, name, days);
        let endpoint = format!("https://localhost:{}", proxy.port);
        let root = if trusted { proxy.root.as_str() } else { "/etc/ssl/certs/ca-certificates.crt" };
        let arguments = [&ONLY[..], &["--endpoint", &endpoint]].concat();
        let diagnosis = scene.doctor_with(&[("SSL_CERT_FILE", root)], &arguments);
        diagnosis.expect("installation", "tls", level, text);
        let answer = diagnosis.only("digicert", "answer");
        let expected = if level == "error" { "error" } else { "ok" };
        assert_eq!(answer["level"], expected, "{answer}");
        diagnosis.expect("installation", "dns", "warning", "localhost is ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unresolvable_names_and_ports_without_tls() {
    let scene = Scene::new().await;
    let nowhere = [&ONLY[..], &["--endpoint", "https://nowhere.invalid"]].concat();
    let diagnosis = scene.doctor(&nowhere);
    let finding =
        diagnosis.expect("installation", "dns", "error", "nowhere.invalid does not resolve");
    assert!(finding["fix"].as_str().unwrap().contains("create a DNS record"), "{finding}");
    assert!(diagnosis.all("installation", "tls").is_empty());
    diagnosis.expect("digicert", "answer", "error", "no connection");

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        for stream in plain.incoming().take(2).map_while(Result::ok) {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let endpoint = format!("https://localhost:{port}");
    let diagnosis = scene.doctor(&[&ONLY[..], &["--endpoint", &endpoint]].concat());
    diagnosis.expect("installation", "tls", "error", "the TLS handshake failed");
    serving.join().unwrap();
}

/// A proxy, a firewall or another server may answer instead of a webhook endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_other_servers() {
    let scene = Scene::new().await;
    for (answer, check, level, text) in [
        ("200 OK\r\ncontent-length: 2\r\n\r\nOK", "answer", "error", "not from Certhooks"),
        ("302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "answer", "error", "a redirect"),
        (
            "404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "answer",
            "error",
            "no webhook endpoint at this address",
        ),
        ("429 Too Many\r\ncontent-length: 0\r\n\r\n", "answer", "warning", "throttled"),
        ("503 No\r\ncontent-length: 0\r\n\r\n", "answer", "error", "cannot read its secret"),
        ("500 No\r\ncontent-length: 0\r\n\r\n", "answer-to-key", "error", "500 in "),
        ("200 OK\r\ncontent-length: 99\r\n\r\nO", "answer", "error", "the connection ended"),
    ] {
        let port = serve(answer);
        let endpoint = format!("http://127.0.0.1:{port}");
        let diagnosis = scene.doctor(&[&ONLY[..], &["--endpoint", &endpoint]].concat());
        diagnosis.expect("digicert", check, level, text);
    }
}

/// Reads a request to the end of its body. A connection that is closed with unread bytes is reset, and the
/// client may lose the answer then.
fn read_request(stream: &mut TcpStream) {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    while !is_whole(&request) {
        match stream.read(&mut buffer) {
            Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
            _ => return,
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    length.is_none_or(|length| body.len() >= length.trim().parse().unwrap())
}

/// Starts a server that gives every request the same answer, and returns its port. It says that it closes
/// each connection, so that no client sends a second request on one that is about to end.
pub(super) fn serve(answer: &'static str) -> u16 {
    let (status, rest) = answer.split_once("\r\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                read_request(&mut stream);
                let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n{rest}");
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    port
}
