use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::tls::{CertificateAuthority, HOST};

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "000000000000";
const JSON: &str = "application/x-amz-json-1.0";

/// The name of the events queue, for [`AwsStubs::queue_url`].
pub const EVENTS_QUEUE: &str = "events";

/// A message that was sent to SQS.
#[derive(Clone, Debug)]
pub struct Message {
    /// The name of the queue, from its URL.
    pub queue: String,
    pub body: String,
}

/// Stubs of SQS, Secrets Manager, DynamoDB and S3, each at an address of its own as on AWS, on TLS
/// with certificates of a private authority. They accept every write and answer at once; the table
/// and the bucket are always empty. For measurements: tests of what AWS would reject need the
/// [emulator](crate::Emulator).
pub struct AwsStubs {
    ca_pem: String,
    messages: Messages,
    addresses: Vec<(&'static str, SocketAddr)>,
    servers: Vec<JoinHandle<()>>,
}

type Messages = Arc<Mutex<Vec<Message>>>;

impl AwsStubs {
    /// Starts all stubs. Every secret has the value `secret`.
    pub async fn start(secret: &str) -> Result<Self> {
        let authority = CertificateAuthority::new()?;
        let messages = Messages::default();
        let secret = Arc::<str>::from(secret);
        let services = [
            ("SQS", Router::new().fallback(sqs).with_state(Arc::clone(&messages))),
            ("SECRETS_MANAGER", Router::new().fallback(secrets_manager).with_state(secret)),
            ("DYNAMODB", Router::new().fallback(dynamodb)),
            ("S3", Router::new().fallback(s3)),
        ];
        let (mut addresses, mut servers) = (Vec::new(), Vec::new());
        for (name, router) in services {
            let (address, server) = authority.serve(router).await?;
            addresses.push((name, address));
            servers.push(server);
        }
        Ok(Self { ca_pem: authority.pem, messages, addresses, servers })
    }

    /// The certificate of the authority that issued all server certificates, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The standard environment variables with region, credentials and endpoints. The trusted
    /// certificate is not among them.
    pub fn environment(&self) -> Vec<(String, String)> {
        let settings = [
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let settings =
            settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let endpoints = self.addresses.iter().map(|(service, address)| {
            (format!("AWS_ENDPOINT_URL_{service}"), format!("https://{HOST}:{}", address.port()))
        });
        settings.chain(endpoints).collect()
    }

    pub fn queue_url(&self, queue: &str) -> String {
        let port = self.addresses.first().map_or(0, |(_, address)| address.port());
        format!("https://{HOST}:{port}/{ACCOUNT}/{queue}")
    }

    /// The messages that were sent to SQS since the last call.
    pub fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for AwsStubs {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
    }
}

async fn sqs(State(messages): State<Messages>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let send = |entry: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (url, body) = (text(&request["QueueUrl"]), text(&entry["MessageBody"]));
        let digest = HEXLOWER.encode(&Md5::digest(&body));
        let queue = url.rsplit('/').next().unwrap_or_default().to_owned();
        let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.push(Message { queue, body });
        json!({ "Id": entry["Id"], "MessageId": format!("message-{}", messages.len()), "MD5OfMessageBody": digest })
    };
    match (operation(&headers), request["Entries"].as_array().map(Vec::as_slice)) {
        ("SendMessage", _) => answer(StatusCode::OK, &send(&request)),
        ("SendMessageBatch", None | Some([])) => sqs_error("EmptyBatchRequest"),
        ("SendMessageBatch", Some(entries)) => {
            let sent: Vec<Value> = entries.iter().map(send).collect();
            answer(StatusCode::OK, &json!({ "Successful": sent, "Failed": [] }))
        }
        _ => sqs_error("InvalidAction"),
    }
}

async fn secrets_manager(State(value): State<Arc<str>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let id = request["SecretId"].as_str().unwrap_or_default();
    let secret = json!({
        "ARN": format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{id}-AbCdEf"),
        "Name": id,
        "VersionId": "00000000-0000-4000-8000-000000000000",
        "SecretString": *value,
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 1.0,
    });
    answer(StatusCode::OK, &secret)
}

/// DynamoDB: accepts every write and has no items.
async fn dynamodb() -> Response {
    answer(StatusCode::OK, &json!({ "Items": [], "Count": 0, "ScannedCount": 0 }))
}

/// S3: accepts every object and has none.
async fn s3(method: Method) -> Response {
    match method {
        Method::PUT => [("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")].into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit('.').next()).unwrap_or_default()
}

fn sqs_error(code: &str) -> Response {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": code });
    let query = [("x-amzn-query-error", format!("AWS.SimpleQueueService.{code};Sender"))];
    (query, answer(StatusCode::BAD_REQUEST, &body)).into_response()
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", JSON)], body.to_string()).into_response()
}
