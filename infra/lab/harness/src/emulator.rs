use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::process::Process;

const REGION: &str = "eu-central-1";

/// Where `make tools` installs the emulator.
const MINISTACK: &str = "../../../.tools/venv/bin/ministack";

/// Maximum time for the start of the emulator, on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A ministack process, started for one test and ended with it.
pub struct Emulator {
    http: Client,
    endpoint: String,
    process: Process,
}

impl Emulator {
    /// # Errors
    /// `make tools` has not installed ministack, or it does not start.
    pub async fn start() -> Result<Self> {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(MINISTACK);
        ensure!(program.exists(), "ministack is not installed: run `make tools`");
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let process = Process::start(
            Command::new(program)
                .env("BIND_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", port.to_string())
                .env("IOT_MTLS_ENABLED", "0")
                .env("SFTP_ENABLED", "0")
                .env("MINISTACK_HOST", "localhost")
                .envs(credentials())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        let mut emulator = Self { http: client()?, endpoint, process };
        emulator.wait_until_ready().await?;
        Ok(emulator)
    }

    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Environment variables that make a function use the emulator for all services.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut variables: Vec<_> =
            credentials().map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        variables.push(("AWS_ENDPOINT_URL".to_owned(), self.endpoint.clone()));
        variables
    }

    /// Creates a standard queue and returns its URL.
    pub async fn create_queue(&self, name: &str) -> Result<String> {
        let created =
            self.call("sqs", "AmazonSQS.CreateQueue", json!({ "QueueName": name })).await?;
        Ok(created["QueueUrl"].as_str().context("CreateQueue answered no QueueUrl")?.to_owned())
    }

    /// Receives all messages of a queue with their attributes.
    pub async fn receive_all(&self, queue_url: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            let request = json!({
                "QueueUrl": queue_url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 600,
                "MessageAttributeNames": ["All"], "AttributeNames": ["All"],
            });
            let mut received = self.call("sqs", "AmazonSQS.ReceiveMessage", request).await?;
            match received["Messages"].take() {
                Value::Array(messages) if !messages.is_empty() => all.extend(messages),
                _ => return Ok(all),
            }
        }
    }

    /// Creates a secret.
    pub async fn create_secret(&self, name: &str, value: &str) -> Result<()> {
        let request = json!({ "Name": name, "SecretString": value, "ClientRequestToken": request_token(name) });
        self.call("secretsmanager", "secretsmanager.CreateSecret", request).await.map(drop)
    }

    /// Creates a table with the keys of the ledger's table in the template.
    pub async fn create_table(&self, name: &str) -> Result<()> {
        let request = json!({
            "TableName": name,
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
            "BillingMode": "PAY_PER_REQUEST",
        });
        self.call("dynamodb", "DynamoDB_20120810.CreateTable", request).await.map(drop)
    }

    /// Creates a bucket.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        let configuration = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        );
        let put = self.bucket(Method::PUT, name).body(configuration).send().await?;
        put.error_for_status().with_context(|| format!("CreateBucket {name}")).map(drop)
    }

    /// The content of an object as text.
    pub async fn object(&self, bucket: &str, key: &str) -> Result<String> {
        let get = self.bucket(Method::GET, &format!("{bucket}/{key}")).send().await?;
        Ok(get.error_for_status()?.text().await?)
    }

    fn bucket(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}/{path}", self.endpoint));
        request.header("authorization", authorization("s3"))
    }

    /// The keys of all objects of a bucket.
    pub async fn keys(&self, bucket: &str) -> Result<Vec<String>> {
        let mut keys: Vec<String> = Vec::new();
        loop {
            let after = keys.last().cloned().unwrap_or_default();
            let list = [("list-type", "2"), ("start-after", &after)];
            let list = self.bucket(Method::GET, bucket).query(&list).send().await?;
            let text = list.error_for_status()?.text().await?;
            let found = text.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next());
            let before = keys.len();
            keys.extend(found.map(str::to_owned));
            if keys.len() == before {
                return Ok(keys);
            }
        }
    }

    /// Calls any operation of a service with a JSON protocol.
    pub async fn call(&self, service: &str, operation: &str, request: Value) -> Result<Value> {
        let version = if service == "dynamodb" || service == "sqs" { "1.0" } else { "1.1" };
        let answer = self
            .http
            .post(&self.endpoint)
            .header("authorization", authorization(service))
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", operation)
            .body(request.to_string())
            .send()
            .await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{operation}: {status}: {text}");
        }
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let ready = async {
            while self.call("sqs", "AmazonSQS.ListQueues", json!({})).await.is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(START_TIMEOUT, ready)
            .await
            .context("ministack did not start within a minute")?;
        // If the process has ended, another program took the port first and sent the answer.
        let ended = self.process.child().try_wait()?;
        ended.map_or(Ok(()), |status| bail!("ministack ended with {status}"))
    }
}

fn credentials() -> [(&'static str, &'static str); 3] {
    [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", REGION)]
}

/// The emulator reads only the service from this header.
fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

/// A `ClientRequestToken`, which must have at least 32 characters.
fn request_token(name: &str) -> String {
    format!("{name:-<40}")
}

fn client() -> Result<Client> {
    // The provider may be installed already, which is no error.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().no_proxy().build()?)
}
