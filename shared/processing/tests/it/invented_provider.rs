//! A provider that is like none of ours: it sends `GET` with a query and Basic authentication, its events
//! have no id and no time, and its API answers with PEM. One receiver, one row and one machine are all
//! that it takes (`infra/docs/add-a-provider.md`), and nothing else here or there names it.

use std::sync::{Arc, Mutex};

use ::time::OffsetDateTime;
use axum::Router;
use axum::extract::{Path, Query};
use axum::routing::get;
use boot::Environment;
use data_encoding::BASE64;
use envelope::{Envelope, EventType, Outcome, Provider};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use intake::{Intake, Secrets};
use ports::{PortResult, SecretSource, SecretVersions};
use processing::{Disposition, Keys, Ports, QueueMessage, Settings, Worker};
use providers::api::{self, Answer, Call, Classification};
use providers::enrich::{CallResult, Enricher, Enrichers, Found, Next, Reply};
use providers::envelope_builder::EnvelopeBuilder;
use providers::interpretation::{Interpretation, IssuerContact, Plan};
use providers::lifecycle::Lifecycle;
use providers::profile::{Api, Profile, SampleRequest, Samples, Sources, StackOutputs, receive};
use providers::receiver::{Event, InvalidDocument, Receipt, SecretFault, WebhookReceiver};
use providers::request::{Verified, WebhookRequest};
use providers::secret::{SecretDigest, Stored, header};
use providers::secret_member::SecretMember;
use providers::{json, profile};
use secrecy::SecretString;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::fakes::{Fake, Key};

const INVENTED: Provider = Provider::new("invented");
const PASSWORD: SecretMember = SecretMember {
    stored_as: "password",
    name: "invented_password",
    variable: "INVENTED_PASSWORD",
    min_length: 0,
};
const API_TOKEN: SecretMember = SecretMember {
    stored_as: "token",
    name: "invented_token",
    variable: "INVENTED_TOKEN",
    min_length: 0,
};

static PROFILE: Profile = Profile {
    provider: INVENTED,
    name: "invented",
    route: InventedReceiver::ROUTE,
    webhook_secret: InventedReceiver::SECRET,
    api: Api {
        key_name: "token",
        base: "https://api.example.com/v1",
        base_variable: "INVENTED_API_BASE",
        budget: "10/1s",
        budget_variable: "INVENTED_API_BUDGET",
        secret: API_TOKEN,
        secret_id_variable: "INVENTED_API_SECRET_ID",
        key: |stored| {
            let token = Stored::read(stored).first(API_TOKEN.stored_as).ok()?.to_owned();
            Some(api::Key::Header { name: "x-token", value: token.into() })
        },
        simulation: &[],
    },
    has_call_backs: true,
    stack_outputs: StackOutputs {
        webhook_url: "InventedWebhookUrl",
        webhook_secret: "InventedWebhookSecretName",
        api_secret: "InventedApiSecretName",
    },
    type_prefix: "com.example.",
    event_prefix: "",
    sources: Sources::Unknown,
    leaves: 1,
    samples: Samples {
        recognises: |document| document.get("order").is_some(),
        vary: |document, copy| document["order"] = copy.into(),
        event: |number| format!(r#"{{"order":"{number}"}}"#),
        probe: "",
        probe_name: "empty request",
        is_probe_unkeyed: false,
        request: |stored, _, _| {
            let password = Stored::read(stored).first(PASSWORD.stored_as)?.to_owned();
            Ok(order_request("order=17&state=issued", &password))
        },
    },
    receive: receive::<InventedReceiver>,
    interpret,
    lifecycle: |_, interpretation| {
        let certificate = interpretation.subject.clone();
        Some(Lifecycle { certificate, rank: None })
    },
    enrichers: |_| Ok(Box::new(Invented)),
};

/// Its requests: `GET /webhooks/invented?order=ID&state=issued`, with Basic authentication.
struct InventedReceiver;

impl WebhookReceiver for InventedReceiver {
    const PROVIDER: Provider = INVENTED;
    const ROUTE: &'static str = "/webhooks/invented";
    const METHODS: &'static [Method] = &[Method::GET];
    const WWW_AUTHENTICATE: &'static str = "Basic realm=\"webhooks\"";
    const BODY_LIMIT: usize = 0;
    const SECRET: &'static [SecretMember] = &[PASSWORD];

    type Secret = SecretDigest;

    fn secret(stored: &SecretString) -> Result<SecretDigest, SecretFault> {
        let password = Stored::read(stored);
        password.first(PASSWORD.stored_as).map(|text| SecretDigest::new(&basic(text)))
    }

    fn verify(request: &WebhookRequest, secret: &SecretDigest) -> bool {
        header(&request.headers, AUTHORIZATION.as_str()).is_some_and(|auth| secret.matches(auth))
    }

    fn events(verified: &Verified<'_, Self>) -> Result<Vec<Event>, InvalidDocument> {
        let request = verified.request();
        let members: Map<_, _> = form_urlencoded(&request.query);
        if !members.contains_key("order") {
            return Err(InvalidDocument::NoEventName("the query has no `order`"));
        }
        let data = RawValue::from_string(Value::from(members).to_string()).unwrap();
        let builder = EnvelopeBuilder {
            // The same order in the same state is the same event.
            id: json::id(&["invented", &json::canonical(&data)]),
            source: "/invented".to_owned(),
            kind: "com.example.issued".to_owned(),
            time: None,
            data: data.clone(),
        };
        Ok(vec![builder.event(&Receipt::of(request), &interpret_data(&data))])
    }
}

fn basic(password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("certhooks:{password}").as_bytes()))
}

fn form_urlencoded(query: &str) -> Map<String, Value> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

fn interpret(envelope: &Envelope) -> Interpretation {
    interpret_data(&envelope.data)
}

fn interpret_data(data: &RawValue) -> Interpretation {
    let order = json::Members::of(data).and_then(|members| members.text("order"));
    let order = order.unwrap_or_default();
    Interpretation {
        provider: INVENTED,
        event: "issued".to_owned(),
        kind: EventType::CertificateIssued,
        subject: format!("invented/order/{order}"),
        identifiers: [("order".to_owned(), order.into())].into_iter().collect(),
        plan: Plan::CallBack,
        problems: Vec::new(),
        dcv: None,
        issuer: IssuerContact::default(),
        correlation: None,
        certificates: Vec::new(),
        pem: None,
        challenge: None,
    }
}

struct Invented;

impl Enrichers for Invented {
    fn enricher(&self, interpretation: &Interpretation) -> Box<dyn Enricher> {
        let order = interpretation.identifiers["order"].as_str().unwrap().to_owned();
        Box::new(Download { order })
    }
}

struct Download {
    order: String,
}

impl Enricher for Download {
    fn next(&mut self, reply: Reply<'_>) -> Next {
        match reply {
            Reply::Answer(answer) => match classify(&answer) {
                Classification::Good(pem) => {
                    let result = CallResult::answered(Outcome::Downloaded, answer.status);
                    Found { pem: Some(pem), ..Found::bare(result) }.done()
                }
                other => Next::Failed(other.and_then(|_| Classification::Good(()))),
            },
            Reply::Unreadable { .. } => Next::Failed(Classification::BadCertificate),
            Reply::Final(result) => Found::bare(result).done(),
            Reply::Start | Reply::Emitted => Next::Ask(Call {
                segments: vec!["orders".to_owned(), self.order.clone()],
                query: vec![("form", "pem".to_owned())],
                accept: "application/x-pem-file",
            }),
        }
    }
}

fn classify(answer: &Answer<'_>) -> Classification<String> {
    match (answer.status, str::from_utf8(answer.body)) {
        (200, Ok(pem)) => Classification::Good(pem.to_owned()),
        (401, _) => Classification::key_refused(),
        _ => answer.retry(envelope::Reason::Unavailable),
    }
}

/// The webhook secret, as it is stored.
struct Password;

impl SecretSource for Password {
    async fn current(&self) -> PortResult<SecretVersions> {
        let current = Some(r#"{"password":"right"}"#.into());
        Ok(SecretVersions { current, ..SecretVersions::default() })
    }

    async fn all(&self) -> PortResult<SecretVersions> {
        self.current().await
    }
}

fn order_request(query: &str, password: &str) -> SampleRequest {
    SampleRequest {
        method: Method::GET,
        query: query.to_owned(),
        headers: vec![("authorization", basic(password))],
        body: Vec::new(),
    }
}

/// The webhook endpoint and the worker of the invented provider, and its API.
struct Bench {
    fake: Fake,
    intake: Intake<InventedReceiver, Fake, Password>,
    worker: Arc<Worker<Fake, Fake, Fake, Fake, Key>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    async fn start() -> Self {
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let base = api(Arc::clone(&calls)).await;
        let environment: Environment = [("INVENTED_API_BASE", base.as_str())].into_iter().collect();
        let fake = Fake::default();
        let ports = Ports {
            events: fake.clone(),
            deliveries: fake.clone(),
            ledger: fake.clone(),
            archive: fake.clone(),
        };
        let keys: Keys<_> = [(INVENTED, Key::new("api token"))].into_iter().collect();
        let settings = Settings::of(&environment, &[&PROFILE]).unwrap();
        let worker = Arc::new(Worker::new(&settings, ports, keys).unwrap());
        let settings = intake::Settings::from_environment(&environment).unwrap();
        let secrets = Some(Secrets::new(Password, &settings));
        Self { intake: Intake::new(fake.clone(), secrets, settings), fake, worker, calls }
    }

    async fn send(&self, request: SampleRequest) -> (StatusCode, HeaderMap) {
        let answer = self.intake.handle(request.received(OffsetDateTime::now_utc())).await;
        (answer.status(), answer.headers().clone())
    }

    /// The certificate events so far.
    fn events(&self) -> Vec<Value> {
        let state = self.fake.state();
        state.published.iter().map(|one| serde_json::from_str(&one.body).unwrap()).collect()
    }

    /// Processes what is on the events queue.
    async fn process(&self) -> Vec<Disposition> {
        let sent = std::mem::take(&mut self.fake.state().sent).into_iter().enumerate();
        let messages = sent.map(|(number, sent)| QueueMessage {
            id: None,
            receipt: format!("receipt {number}"),
            body: sent.body,
            deadline: None,
        });
        self.worker.process_batch(messages.collect()).await
    }
}

/// The API: `GET /orders/ID` answers with a certificate for `ID.example.com`.
async fn api(calls: Arc<Mutex<Vec<String>>>) -> String {
    let orders = move |Path(order): Path<String>,
                       Query(query): Query<Vec<(String, String)>>,
                       headers: HeaderMap| async move {
        if headers.get("x-token").is_none_or(|token| token != "api token") {
            return (StatusCode::UNAUTHORIZED, String::new());
        }
        let name = format!("{order}.example.com");
        calls.lock().unwrap().push(format!("{order} {query:?}"));
        let certified = rcgen::generate_simple_self_signed([name]).unwrap();
        (StatusCode::OK, certified.cert.pem())
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/orders/{order}", get(orders));
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[tokio::test]
async fn a_request_becomes_a_certificate_event() {
    let bench = Bench::start().await;
    let stored = r#"{"password":"right"}"#.into();
    let sample =
        || (PROFILE.samples.request)(&stored, Vec::new(), OffsetDateTime::now_utc()).unwrap();
    assert_eq!(bench.send(sample()).await.0, 200);
    assert_eq!(bench.process().await, [Disposition::Delivered]);
    let [event] = &bench.events()[..] else { panic!("{:?}", bench.events()) };
    assert_eq!(event["type"], "certhooks.certificate.issued");
    assert_eq!(event["subject"], "invented/order/17");
    assert_eq!(event["time"], event["receivedtime"], "the provider gives no time");
    assert_eq!(event["data"]["provider"], "invented");
    assert_eq!(event["data"]["callback"]["outcome"], "downloaded");
    assert_eq!(event["data"]["certificates"][0]["names"]["dns"][0], "17.example.com");
    assert_eq!(*bench.calls.lock().unwrap(), [r#"17 [("form", "pem")]"#]);
    assert!(bench.fake.state().archive.keys().all(|key| key.starts_with("invented/")));

    // The same event again is a duplicate, another order is not.
    assert_eq!(bench.send(sample()).await.0, 200);
    assert_eq!(bench.send(order_request("order=18&state=issued", "right")).await.0, 200);
    assert_eq!(bench.process().await, [Disposition::Duplicate, Disposition::Delivered]);
}

#[tokio::test]
async fn what_is_not_its_request_is_refused() {
    let bench = Bench::start().await;
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let (status, headers) = bench.send(order_request("order=17", "wrong")).await;
    assert_eq!(
        (status.as_u16(), text(&headers["www-authenticate"])),
        (401, "Basic realm=\"webhooks\"".into())
    );
    assert_eq!(bench.send(order_request("state=issued", "right")).await.0, 400);
    let posted = SampleRequest { method: Method::POST, ..order_request("order=17", "right") };
    let (status, headers) = bench.send(posted).await;
    assert_eq!((status.as_u16(), text(&headers["allow"])), (405, "GET".into()));
    let twice = order_request("order=17", "right");
    let mut headers = HeaderMap::new();
    for (name, value) in twice.headers.iter().chain(&twice.headers) {
        headers.append(*name, value.parse().unwrap());
    }
    let query = twice.query;
    let base = WebhookRequest::post(headers, Vec::new(), OffsetDateTime::now_utc());
    let twice = WebhookRequest { method: Method::GET, query, ..base };
    assert_eq!(bench.intake.handle(twice).await.status(), 401);
    assert!(bench.fake.state().sent.is_empty());
}

#[tokio::test]
async fn a_synthetic_event_takes_the_same_way() {
    let bench = Bench::start().await;
    bench.intake.send_synthetic(OffsetDateTime::now_utc(), None).await.unwrap();
    assert_eq!(bench.process().await, [Disposition::Delivered]);
    assert!(bench.events().is_empty() && bench.calls.lock().unwrap().is_empty());
}

/// The providers of the product do not know it.
#[test]
fn it_is_in_no_table() {
    assert!(profile::ALL.iter().all(|row| row.provider != INVENTED));
}
