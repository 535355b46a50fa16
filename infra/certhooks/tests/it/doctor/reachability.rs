use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use time::OffsetDateTime;

use crate::harness::Local;
use crate::scene::Scene;

const ONLY: [&str; 2] = ["--provider", "digicert"];

/// A TLS server that passes on to a door.
struct Front {
    port: u16,
    /// File with the root that its certificate is from.
    root: String,
}

impl Front {
    /// Its certificate is for this name and time.
    fn start(scene: &Scene, door: &Local, name: &str, days: (i64, i64)) -> Self {
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
        let (config, door) = (Arc::new(config), door.address.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, door) = (Arc::clone(&config), door.clone());
                thread::spawn(move || pass(config, stream, &door));
            }
        });
        Self { port, root: file.to_str().unwrap().to_owned() }
    }
}

/// One request and its answer, as far as the client comes.
fn pass(config: Arc<ServerConfig>, client: TcpStream, door: &str) -> Option<()> {
    let mut client = StreamOwned::new(ServerConnection::new(config).unwrap(), client);
    let mut door = TcpStream::connect(door).ok()?;
    let mut buffer = [0; 16 * 1024];
    // Head and body come in one or two reads, the body with the last bytes of a short request.
    let mut request = Vec::new();
    loop {
        let read = client.read(&mut buffer).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
        if request.ends_with(b"}") {
            break;
        }
    }
    door.write_all(&request).ok()?;
    let read = door.read(&mut buffer).ok()?;
    client.write_all(&buffer[..read]).ok()?;
    client.flush().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates() {
    let scene = Scene::new().await;
    let door = scene.door();
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
        let front = Front::start(&scene, &door, name, days);
        let endpoint = format!("https://localhost:{}", front.port);
        let root = if trusted { front.root.as_str() } else { "/etc/ssl/certs/ca-certificates.crt" };
        let arguments = [&ONLY[..], &["--endpoint", &endpoint]].concat();
        let examined = scene.examine_with(&[("SSL_CERT_FILE", root)], &arguments);
        examined.says("here", "tls", level, text);
        let answer = examined.the("digicert", "answer");
        let expected = if level == "error" { "error" } else { "ok" };
        assert_eq!(answer["level"], expected, "{answer}");
        examined.says("here", "dns", "warning", "localhost is ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_ports_where_nobody_is() {
    let scene = Scene::new().await;
    let nowhere = [&ONLY[..], &["--endpoint", "https://nowhere.invalid"]].concat();
    let examined = scene.examine(&nowhere);
    let finding = examined.says("here", "dns", "error", "nowhere.invalid does not resolve");
    assert!(finding["fix"].as_str().unwrap().contains("make a DNS record"), "{finding}");
    assert!(examined.all("here", "tls").is_empty());
    examined.says("digicert", "answer", "error", "no connection");

    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = plain.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        for stream in plain.incoming().take(2).map_while(Result::ok) {
            let _ = (&stream).write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let endpoint = format!("https://localhost:{port}");
    let examined = scene.examine(&[&ONLY[..], &["--endpoint", &endpoint]].concat());
    examined.says("here", "tls", "error", "no TLS");
    serving.join().unwrap();
}

/// What stands before a door, or in place of it.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_others() {
    let scene = Scene::new().await;
    for (answer, check, level, text) in [
        ("200 OK\r\ncontent-length: 2\r\n\r\nOK", "answer", "error", "not from Certhooks"),
        ("302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", "answer", "error", "a redirect"),
        (
            "404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "answer",
            "error",
            "no door at this address",
        ),
        ("429 Too Many\r\ncontent-length: 0\r\n\r\n", "answer", "warning", "throttled"),
        ("503 No\r\ncontent-length: 0\r\n\r\n", "answer", "error", "cannot read its secret"),
        ("500 No\r\ncontent-length: 0\r\n\r\n", "answer-to-key", "error", "500 in "),
        ("200 OK\r\ncontent-length: 99\r\n\r\nO", "answer", "error", "the connection ended"),
    ] {
        let port = serve(answer, Duration::ZERO);
        let endpoint = format!("http://127.0.0.1:{port}");
        let examined = scene.examine(&[&ONLY[..], &["--endpoint", &endpoint]].concat());
        examined.says("digicert", check, level, text);
    }
}

/// CertCentral gives 10 s.
#[tokio::test(flavor = "multi_thread")]
async fn slow_answers() {
    let scene = Scene::new().await;
    let good = "200 OK\r\ncontent-length: 23\r\n\r\n{\"accepted\":0,\"ids\":[]}";
    for (delay, level, text) in
        [(6, "warning", "near the limit of 10 s"), (30, "error", "no answer within 10 s")]
    {
        let port = serve(good, Duration::from_secs(delay));
        let endpoint = format!("http://127.0.0.1:{port}");
        let examined = scene.examine(&[&ONLY[..], &["--endpoint", &endpoint]].concat());
        examined.says("digicert", "answer", level, text);
    }
}

/// Answers every request so, after so long.
pub(super) fn serve(answer: &'static str, delay: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request);
                thread::sleep(delay);
                let head = "HTTP/1.1 ";
                let _ = stream.write_all(format!("{head}{answer}").as_bytes());
            });
        }
    });
    port
}
