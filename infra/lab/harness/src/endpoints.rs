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

use crate::tls::{Authority, HOST};

const REGION: &str = "eu-central-1";
const ACCOUNT: &str = "000000000000";
const JSON: &str = "application/x-amz-json-1.0";

/// The queue that webhook functions send to, in [`Endpoints::queue_url`].
pub const QUEUE: &str = "events";

/// What SQS took.
#[derive(Clone, Debug)]
pub struct Message {
    /// The last part of the queue's address.
    pub queue: String,
    pub body: String,
}

/// SQS, Secrets Manager, DynamoDB and S3, each on an address of its own as on AWS, on TLS under a
/// private authority. They take everything and answer at once: the table is always empty, and so is
/// the bucket. For measuring; whoever tests what AWS would refuse needs the [emulator](crate::Emulator).
pub struct Endpoints {
    authority: String,
    messages: Messages,
    addresses: Vec<(&'static str, SocketAddr)>,
    serving: Vec<JoinHandle<()>>,
}

type Messages = Arc<Mutex<Vec<Message>>>;

impl Endpoints {
    /// Every secret's value is `secret`.
    pub async fn start(secret: &str) -> Result<Self> {
        let authority = Authority::new()?;
        let messages = Messages::default();
        let secret = Arc::<str>::from(secret);
        let services = [
            ("SQS", Router::new().fallback(sqs).with_state(Arc::clone(&messages))),
            ("SECRETS_MANAGER", Router::new().fallback(secrets).with_state(secret)),
            ("DYNAMODB", Router::new().fallback(table)),
            ("S3", Router::new().fallback(bucket)),
        ];
        let (mut addresses, mut serving) = (Vec::new(), Vec::new());
        for (name, router) in services {
            let (address, task) = authority.serve(router).await?;
            addresses.push((name, address));
            serving.push(task);
        }
        Ok(Self { authority: authority.pem, messages, addresses, serving })
    }

    /// The certificate that vouches for all of them, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Where they are, for whatever client takes the standard variables; whom to trust is not in it.
    pub fn environment(&self) -> Vec<(String, String)> {
        let own = [
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let own = own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let endpoints = self.addresses.iter().map(|(service, address)| {
            (format!("AWS_ENDPOINT_URL_{service}"), format!("https://{HOST}:{}", address.port()))
        });
        own.chain(endpoints).collect()
    }

    pub fn queue_url(&self, queue: &str) -> String {
        let port = self.addresses.first().map_or(0, |(_, address)| address.port());
        format!("https://{HOST}:{port}/{ACCOUNT}/{queue}")
    }

    /// What SQS took since the last call.
    pub fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Endpoints {
    fn drop(&mut self) {
        self.serving.iter().for_each(JoinHandle::abort);
    }
}

async fn sqs(State(messages): State<Messages>, headers: HeaderMap, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let take = |entry: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (url, body) = (text(&request["QueueUrl"]), text(&entry["MessageBody"]));
        let digest = HEXLOWER.encode(&Md5::digest(&body));
        let queue = url.rsplit('/').next().unwrap_or_default().to_owned();
        let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.push(Message { queue, body });
        json!({ "Id": entry["Id"], "MessageId": format!("message-{}", messages.len()), "MD5OfMessageBody": digest })
    };
    match (operation(&headers), request["Entries"].as_array().map(Vec::as_slice)) {
        ("SendMessage", _) => answer(StatusCode::OK, &take(&request)),
        ("SendMessageBatch", None | Some([])) => refusal("EmptyBatchRequest"),
        ("SendMessageBatch", Some(entries)) => {
            let taken: Vec<Value> = entries.iter().map(take).collect();
            answer(StatusCode::OK, &json!({ "Successful": taken, "Failed": [] }))
        }
        _ => refusal("InvalidAction"),
    }
}

async fn secrets(State(value): State<Arc<str>>, body: Bytes) -> Response {
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

/// Takes every write and knows no item.
async fn table() -> Response {
    answer(StatusCode::OK, &json!({ "Items": [], "Count": 0, "ScannedCount": 0 }))
}

/// Takes every object and has none.
async fn bucket(method: Method) -> Response {
    match method {
        Method::PUT => [("etag", "\"d41d8cd98f00b204e9800998ecf8427e\"")].into_response(),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.rsplit('.').next()).unwrap_or_default()
}

fn refusal(code: &str) -> Response {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": code });
    let query = [("x-amzn-query-error", format!("AWS.SimpleQueueService.{code};Sender"))];
    (query, answer(StatusCode::BAD_REQUEST, &body)).into_response()
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", JSON)], body.to_string()).into_response()
}
