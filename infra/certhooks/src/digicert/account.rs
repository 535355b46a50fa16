use std::error::Error;
use std::time::Duration;

use providers::api::{Answer, Key};
use providers::digicert::webhook::{self, Refusal, Request, Webhook};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use secrecy::ExposeSecret;

use super::fault::{Fault, Outcome};

/// A page of the event log has less than 1 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
const CONNECT: Duration = Duration::from_secs(5);

/// One CertCentral account, by the API key.
pub(crate) struct Account {
    client: Client,
    base: Url,
    key: Key,
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(crate) enum Trouble {
    Refused(Refusal),
    /// No whole answer: whether it was done cannot be told.
    Unanswered(String),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::Unanswered(why) => Self::failed(why),
        }
    }
}

impl Trouble {
    pub(crate) fn is(&self, wanted: &Refusal) -> bool {
        matches!(self, Self::Refused(refusal) if refusal == wanted)
    }
}

impl Account {
    pub(crate) fn new(base: Url, key: Key) -> Outcome<Self> {
        let client = Client::builder()
            .user_agent(concat!("certhooks/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .build()
            .map_err(|error| Fault::failed(format!("the HTTP client: {}", cause(&error))))?;
        Ok(Self { client, base, key })
    }

    /// One call, once: `judge` says what its answer means.
    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        judge: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Trouble> {
        let unanswered = |why: &str| Trouble::Unanswered(format!("{}: {why}", self.base));
        let built = self
            .build(request)
            .ok_or_else(|| unanswered("the API key holds a character that no header can carry"))?;
        let (status, body) = match built.send().await {
            Ok(response) => (response.status().as_u16(), read(response).await),
            Err(error) => return Err(unanswered(&cause(&error))),
        };
        let body = body.map_err(|why| unanswered(&why))?;
        judge(&Answer { status, retry_after: None, body: &body })
            .map_err(|refusal| Trouble::Refused(self.without_secrets(refusal, request)))
    }

    /// The account's webhook, or that with the id.
    pub(crate) async fn webhook(&self, id: Option<u64>) -> Outcome<Webhook> {
        let found = self.find(id).await?;
        found.ok_or_else(|| match id {
            Some(_) => Fault::nothing(Refusal::NoSuchWebhook.to_string()),
            None => Refusal::NoWebhookInAccount.into(),
        })
    }

    pub(crate) async fn find(&self, id: Option<u64>) -> Result<Option<Webhook>, Trouble> {
        let webhooks = self.call(&webhook::list(), webhook::judge_list).await?;
        Ok(webhooks.into_iter().find(|webhook| id.is_none_or(|id| id == webhook.id)))
    }

    /// The id given, or that of the account's webhook.
    pub(crate) async fn id(&self, id: Option<u64>) -> Outcome<u64> {
        match id {
            Some(id) => Ok(id),
            None => Ok(self.webhook(None).await?.id),
        }
    }

    pub(crate) async fn act(&self, request: &Request) -> Result<(), Trouble> {
        self.call(request, webhook::judge_done).await
    }

    fn build(&self, request: &Request) -> Option<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(&request.segments);
        let mut builder = self
            .client
            .request(request.method.clone(), url)
            .timeout(request.patience)
            .header(ACCEPT, "application/json")
            .query(&request.query);
        builder = match &self.key {
            Key::Header { name, value } => {
                let mut value = HeaderValue::from_str(value.expose_secret()).ok()?;
                value.set_sensitive(true);
                builder.header(*name, value)
            }
            Key::Query { name, value } => builder.query(&[(name, value.expose_secret())]),
        };
        // The pages send the content type with every call, also with those without a body.
        let body = request.body.as_ref().map(|body| body.expose_secret().to_owned());
        Some(builder.header(CONTENT_TYPE, "application/json").body(body.unwrap_or_default()))
    }

    /// A message of CertCentral's may quote what was sent.
    fn without_secrets(&self, refusal: Refusal, request: &Request) -> Refusal {
        let (Key::Header { value, .. } | Key::Query { value, .. }) = &self.key;
        let mut secrets = request.secrets();
        secrets.push(value.expose_secret().to_owned());
        refusal.hiding(&secrets)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| cause(&error))? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            return Err("the answer is larger than any of CertCentral's".to_owned());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The innermost cause on one line: the outer ones repeat the address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time: see that this machine reaches it, and try again".to_owned();
    }
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let innermost = innermost.to_string().replace(['\n', '\r'], " ");
    if error.is_connect() {
        return format!("no connection ({innermost}): see that this machine reaches it");
    }
    format!("no whole answer ({innermost}): try again")
}
