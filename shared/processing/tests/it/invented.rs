//! Two invented providers, unlike the real ones, on the whole way: the webhook endpoint, the events
//! queue, the worker, the deliveries queue. Only what stands here is theirs. They borrow a name of the
//! vocabulary, which a real one would add to.
//!
//! - `Agency` sends `GET` with a query, authenticated by user and password, without an id and without a
//!   time, and is called back page by page
//! - `Notary` signs the time and the body, and its header has one key twice while its secret changes

use std::collections::HashMap;
use std::sync::Arc;

use ::time::{Duration, OffsetDateTime};
use boot::Environment;
use data_encoding::{BASE64, HEXLOWER};
use envelope::{Certificate, Envelope, EventType, Outcome, Provider};
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, Method};
use intake::{Intake, Secrets};
use processing::{Api, Budget, Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use providers::api::{Answer, Call, Classification};
use providers::enrich::{CallResult, Enricher, Enrichers, Found, Next, Reply};
use providers::envelope_builder::EnvelopeBuilder;
use providers::interpretation::{Interpretation, Plan};
use providers::json::{self, Members};
use providers::lifecycle::Lifecycle;
use providers::profile::{self, Profile, SampleRequest, Samples, StackOutputs};
use providers::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use providers::secret::{SecretDigest, Stored, header};
use providers::secret_member::SecretMember;
use ring::hmac::{self, HMAC_SHA256};
use secrecy::SecretString;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::fakes::{Fake, Key};

const PROVIDER: Provider = Provider::Meta;
const TYPE_PREFIX: &str = "example.agency.";
const STORED: &str = r#"{"user":"agency","password":"pass:word"}"#;

struct Agency;

struct Login {
    user: SecretDigest,
    password: SecretDigest,
}

impl WebhookReceiver for Agency {
    const PROVIDER: Provider = PROVIDER;
    const ROUTE: &'static str = "/webhooks/agency";
    const METHODS: &'static [Method] = &[Method::GET];
    const CHALLENGE: &'static str = r#"Basic realm="certhooks""#;
    const BODY_LIMIT: usize = 0;

    type Secret = Login;

    fn secret(stored: &SecretString) -> Result<Login, SecretFault> {
        let stored = Stored::read(stored);
        let user = SecretDigest::new(stored.first("user")?);
        Ok(Login { user, password: SecretDigest::new(stored.named("password")?) })
    }

    /// RFC 7617, 2: the user has no colon, the password may have some.
    fn verify(request: &WebhookRequest, secret: &Login) -> bool {
        let sent = header(&request.headers, AUTHORIZATION.as_str())
            .and_then(|value| BASE64.decode(value.strip_prefix(b"Basic ")?).ok());
        let Some(sent) = sent else { return false };
        let mut parts = sent.splitn(2, |octet| *octet == b':');
        let (user, password) = (parts.next(), parts.next());
        // Both are compared, so that the time does not tell which of them is wrong.
        let user = secret.user.matches(user.unwrap_or_default());
        let password = password.is_some_and(|password| secret.password.matches(password));
        user & password
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let pairs = form_urlencoded::parse(request.query.as_bytes()).into_owned();
        let document = json!(pairs.collect::<HashMap<String, String>>());
        let event = document["event"].as_str();
        let event = event.ok_or(InvalidDocument::NoEventName("no parameter `event`"))?;
        let data = serde_json::value::to_raw_value(&document).unwrap();
        let builder = EnvelopeBuilder {
            id: json::id(&["agency", &json::canonical(&data)]),
            source: format!("/{PROVIDER}/agency"),
            kind: format!("{TYPE_PREFIX}{event}"),
            time: None,
            data,
        };
        let interpretation = interpret_document(&builder.data);
        Ok(vec![builder.event(&Receipt::of(request), &interpretation)])
    }
}

fn interpret(envelope: &Envelope) -> Interpretation {
    interpret_document(&envelope.data)
}

fn interpret_document(document: &RawValue) -> Interpretation {
    let members = Members::of(document).unwrap_or_default();
    let serial = members.text("serial").unwrap_or_default();
    Interpretation {
        provider: PROVIDER,
        event: members.text("event").unwrap_or_default(),
        kind: EventType::CertificateIssued,
        subject: format!("agency/certificate/{serial}"),
        identifiers: Map::from_iter([("serial".to_owned(), Value::from(serial))]),
        plan: Plan::CallBack,
        problems: Vec::new(),
        dcv: None,
        certificates: Vec::new(),
        pem: None,
        challenge: None,
    }
}

fn lifecycle(_: &Envelope, interpretation: &Interpretation) -> Option<Lifecycle> {
    Some(Lifecycle { certificate: interpretation.subject.clone(), rank: Some(1) })
}

struct Directory;

impl Enrichers for Directory {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let serial = interpretation.identifiers["serial"].as_str().unwrap().to_owned();
        Box::new(Listing { serial, page: 1, certificates: Vec::new() })
    }
}

/// The certificates of an event, page by page.
struct Listing {
    serial: String,
    page: u32,
    certificates: Vec<Certificate>,
}

impl Listing {
    fn answered(&mut self, answer: &Answer<'_>) -> Next {
        let body = serde_json::from_slice(answer.body);
        let (200, Ok(Value::Object(body))) = (answer.status, body) else {
            let reason = envelope::Reason::Unavailable;
            return Next::Failed(Classification::Retry { reason, after: answer.retry_after });
        };
        let issuer = body["issuer"].as_str().map(str::to_owned);
        self.certificates.push(Certificate { issuer, ..Certificate::default() });
        self.page += 1;
        if body["more"] == true {
            return self.ask();
        }
        let result = CallResult::answered(Outcome::Queried, answer.status);
        let certificates = std::mem::take(&mut self.certificates);
        Found { certificates, ..Found::bare(result) }.done()
    }

    fn ask(&self) -> Next {
        Next::Ask(Call {
            segments: vec!["certificates".to_owned(), self.serial.clone()],
            query: vec![("page", self.page.to_string())],
            accept: "application/json",
        })
    }
}

impl Enricher for Listing {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Answer(answer) => self.answered(&answer),
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Start | Reply::Unreadable { .. } | Reply::Emitted => self.ask(),
        }
    }
}

const API_KEY: SecretMember =
    SecretMember { stored_as: "key", name: "agency_key", variable: "AGENCY_KEY" };

static PROFILE: Profile = Profile {
    provider: PROVIDER,
    name: "agency",
    route: Agency::ROUTE,
    webhook_secret: &[
        SecretMember { stored_as: "user", name: "agency_user", variable: "AGENCY_USER" },
        SecretMember {
            stored_as: "password",
            name: "agency_password",
            variable: "AGENCY_PASSWORD",
        },
    ],
    api: profile::Api {
        base: "https://api.agency.example",
        base_variable: "AGENCY_API_BASE",
        budget: "10/1s",
        budget_variable: "AGENCY_API_BUDGET",
        secret: API_KEY,
        secret_id_variable: "AGENCY_API_SECRET_ID",
        key: |stored| {
            let value = Stored::read(stored).first(API_KEY.stored_as).ok()?.to_owned().into();
            Some(providers::api::Key::Query { name: "key", value })
        },
        simulation: &[],
    },
    type_prefix: TYPE_PREFIX,
    stack_outputs: StackOutputs {
        webhook_url: "AgencyWebhookUrl",
        webhook_secret: "AgencyWebhookSecretName",
    },
    subscribe: "",
    leaves: 1,
    samples: Samples {
        recognises: |document| document.get("serial").is_some(),
        vary: |document, copy| document["copy"] = copy.into(),
        event: |number| json!({"event": "issued", "serial": number.to_string()}).to_string(),
        probe: "{}",
        request: sample_request,
    },
    receive: profile::receive::<Agency>,
    interpret,
    lifecycle,
    enrichers: |_| Ok(Box::new(Directory)),
};

/// The members of a sample are the query of its request.
fn sample_request(secret: &SecretString, body: Vec<u8>) -> Result<SampleRequest, SecretFault> {
    let sample: HashMap<String, String> = serde_json::from_slice(&body).unwrap_or_default();
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(sample).finish();
    let stored = Stored::read(secret);
    let login = format!("{}:{}", stored.first("user")?, stored.named("password")?);
    let authorization = format!("Basic {}", BASE64.encode(login.as_bytes()));
    Ok(SampleRequest {
        method: Method::GET,
        query,
        headers: vec![("authorization", authorization)],
        body: Vec::new(),
    })
}

fn request(stored: &'static str, query: &str) -> WebhookRequest {
    let sample = (PROFILE.samples.request)(&stored.into(), Vec::new()).unwrap();
    let query = query.to_owned();
    WebhookRequest { query, ..sample.received(OffsetDateTime::now_utc()) }
}

fn endpoint<R: WebhookReceiver>(queue: &Fake, stored: &'static str) -> Intake<R, Fake, Key> {
    let none: Environment = std::iter::empty::<(&str, &str)>().collect();
    let settings = intake::Settings::from_environment(&none).unwrap();
    Intake::new(queue.clone(), Some(Secrets::new(Key::new(stored), &settings)), settings)
}

#[tokio::test]
async fn only_the_right_user_and_password_are_let_in() {
    let fake = Fake::default();
    let endpoint = endpoint::<Agency>(&fake, STORED);
    for (stored, status) in [
        (STORED, 200),
        (r#"{"user":"agency","password":"pass"}"#, 401),
        (r#"{"user":"other","password":"pass:word"}"#, 401),
    ] {
        let answer = endpoint.handle(request(stored, "event=issued&serial=1")).await;
        assert_eq!(answer.status(), status, "{stored}");
        if status == 401 {
            assert_eq!(answer.headers()[WWW_AUTHENTICATE], Agency::CHALLENGE);
        }
    }
    let bare = WebhookRequest { headers: HeaderMap::new(), ..request(STORED, "event=issued") };
    assert_eq!(endpoint.handle(bare).await.status(), 401);
    assert_eq!(endpoint.handle(request(STORED, "serial=1")).await.status(), 400);
    let post = WebhookRequest { method: Method::POST, ..request(STORED, "event=issued") };
    assert_eq!(endpoint.handle(post).await.status(), 405);
    assert_eq!(fake.state().sent.len(), 1);
}

/// From the request to the event that a consumer reads, with a call-back of two pages.
#[tokio::test]
async fn its_event_is_called_back_and_delivered() {
    let fake = Fake::default();
    let endpoint = endpoint::<Agency>(&fake, STORED);
    for _redelivery in 0..2 {
        let answer = endpoint.handle(request(STORED, "event=issued&serial=77&note=a+b")).await;
        assert_eq!(answer.status(), 200);
    }
    let (seen, worker) = worker(&fake).await;
    let bodies: Vec<_> = fake.state().sent.iter().map(|message| message.body.clone()).collect();
    let mut dispositions = Vec::new();
    for body in bodies {
        let message = QueueMessage { receipt: "r".into(), body, deadline: None };
        dispositions.push(worker.process(message).await);
    }
    assert_eq!(dispositions, [Disposition::Delivered, Disposition::Duplicate]);
    let [event] = &fake.events()[..] else { panic!("{:?}", fake.events()) };
    assert_eq!(event.subject, "agency/certificate/77");
    assert_eq!(event.kind, EventType::CertificateIssued.as_str());
    assert_eq!((event.data.callback.outcome, event.data.callback.attempts), (Outcome::Queried, 1));
    let issuers: Vec<_> = event.data.certificates.iter().map(|it| it.issuer.as_deref()).collect();
    assert_eq!(issuers, [Some("page 1"), Some("page 2")]);
    let payload: Value = event.data.payload.as_ref().unwrap().get().parse().unwrap();
    assert_eq!(payload, json!({"event": "issued", "serial": "77", "note": "a b"}));
    assert_eq!(fake.state().states.keys().collect::<Vec<_>>(), ["agency/certificate/77"]);
    assert_eq!(
        *seen.lock().unwrap(),
        ["/v1/certificates/77?page=1&key=k", "/v1/certificates/77?page=2&key=k"]
    );
}

type Seen = Arc<std::sync::Mutex<Vec<String>>>;

/// A worker whose settings have the invented provider, and what its API is asked.
async fn worker(fake: &Fake) -> (Seen, Worker<Fake, Fake, Fake, Fake, Key>) {
    let (base, seen) = serve_directory().await;
    let none: Environment = std::iter::empty::<(&str, &str)>().collect();
    let mut settings = Settings::from_environment(&none).unwrap();
    let enrichers = (PROFILE.enrichers)(&|_| None).unwrap().into();
    let base = processing::api_base("AGENCY_API_BASE", &base).unwrap();
    settings
        .apis
        .insert(PROVIDER, Api { profile: &PROFILE, base, budget: Budget::NONE, enrichers });
    let ports = Ports {
        events: fake.clone(),
        deliveries: fake.clone(),
        ledger: fake.clone(),
        archive: fake.clone(),
    };
    let keys = Keys::from([(PROVIDER, Key::new("k"))]);
    (seen, Worker::new(&settings, ports, keys).unwrap())
}

/// Serves two pages about any certificate.
async fn serve_directory() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = Seen::default();
    let targets = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let page = if target.contains("page=1") { 1 } else { 2 };
            targets.lock().unwrap().push(target);
            let body = json!({"issuer": format!("page {page}"), "more": page == 1}).to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
            stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).await.unwrap();
        }
    });
    (base, seen)
}

struct Notary;

/// The longest time between the signature and the receipt.
const TOLERANCE: Duration = Duration::minutes(5);

impl WebhookReceiver for Notary {
    const PROVIDER: Provider = PROVIDER;
    const ROUTE: &'static str = "/webhooks/notary";
    const METHODS: &'static [Method] = &[Method::POST];
    const BODY_LIMIT: usize = 1024;

    type Secret = hmac::Key;

    fn secret(stored: &SecretString) -> Result<hmac::Key, SecretFault> {
        let stored = Stored::read(stored);
        Ok(hmac::Key::new(HMAC_SHA256, stored.first("key")?.as_bytes()))
    }

    /// `t=SECONDS,v1=HEX,v1=HEX`: the signatures under the old and the new secret.
    fn verify(request: &WebhookRequest, secret: &hmac::Key) -> bool {
        let value = header(&request.headers, "x-notary-signature");
        let value = value.and_then(|value| str::from_utf8(value).ok()).unwrap_or_default();
        let pairs = || value.split(',').filter_map(|pair| pair.split_once('='));
        let Some((_, time)) = pairs().find(|(key, _)| *key == "t") else { return false };
        let signed_at = time.parse().ok().map(OffsetDateTime::from_unix_timestamp);
        let Some(Ok(signed_at)) = signed_at else { return false };
        let signed = [time.as_bytes(), b".", &request.body].concat();
        let is_signed = |hex: &str| {
            let tag = HEXLOWER.decode(hex.as_bytes()).unwrap_or_default();
            hmac::verify(secret, &signed, &tag).is_ok()
        };
        let is_any_signed = pairs().filter(|(key, _)| *key == "v1").any(|(_, hex)| is_signed(hex));
        is_any_signed && (request.received - signed_at).abs() <= TOLERANCE
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        json::object(&verified.request().body).map(|_| Vec::new())
    }
}

#[tokio::test]
async fn a_signature_holds_for_its_time_and_under_either_secret() {
    let now = OffsetDateTime::now_utc();
    let signature = |key: &str, at: OffsetDateTime| {
        let key = hmac::Key::new(HMAC_SHA256, key.as_bytes());
        let signed = format!("{}.{{}}", at.unix_timestamp());
        HEXLOWER.encode(hmac::sign(&key, signed.as_bytes()).as_ref())
    };
    let endpoint = endpoint::<Notary>(&Fake::default(), r#"{"key":"new"}"#);
    let (late, early) = (now - TOLERANCE * 2, now + TOLERANCE * 2);
    for (at, keys, status) in [
        (now, &["old", "new"][..], 200),
        (now, &["new", "old"], 200),
        (now, &["old"], 401),
        (now, &[], 401),
        (late, &["new"], 401),
        (early, &["new"], 401),
    ] {
        let mut value = format!("t={}", at.unix_timestamp());
        keys.iter().for_each(|key| value += &format!(",v1={}", signature(key, at)));
        let mut headers = HeaderMap::new();
        headers.insert("x-notary-signature", value.parse().unwrap());
        let answer = endpoint.handle(WebhookRequest::post(headers, "{}", now)).await;
        assert_eq!(answer.status(), status, "{at} {keys:?}");
    }
}

#[test]
fn its_samples_are_received_as_the_function_receives_them() {
    let stored = SecretString::from(STORED);
    let body = (PROFILE.samples.event)(7);
    let sample = (PROFILE.samples.request)(&stored, body.into_bytes()).unwrap();
    let events = (PROFILE.receive)(&sample.received(OffsetDateTime::UNIX_EPOCH), &stored).unwrap();
    assert_eq!(events[0].envelope.subject, "agency/certificate/7");
    assert_eq!(events[0].envelope.time, OffsetDateTime::UNIX_EPOCH);
}
