use reqwest::redirect::Policy;
use reqwest::{Client, Method, Response};
use serde_json::Value;
use simulator::{Settings, Simulator};
use x509_parser::certificate::X509Certificate;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

pub(crate) async fn start(settings: Settings) -> Simulator {
    Simulator::start("127.0.0.1:0".parse().unwrap(), settings).await.unwrap()
}

pub(crate) fn client() -> Client {
    // A second call fails because the first one has set the provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

pub(crate) async fn get(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

pub(crate) async fn json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert!(header(&response, "content-type").starts_with("application/json"));
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

/// Sends a request. Returns the status and the body, which is null if there is none.
pub(crate) async fn send(
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let mut request = client().request(method, url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    (status, body)
}

/// Sends a request to a control path.
pub(crate) async fn control(
    simulator: &Simulator,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    send(method, &format!("http://{}/_simulator/{path}", simulator.address()), &[], body).await
}

pub(crate) async fn get_json(url: &str) -> (u16, Value) {
    json(get(url).await).await
}

pub(crate) fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The DER of each certificate. Panics if the text is not PEM.
pub(crate) fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let blocks = Pem::iter_from_buffer(pem.as_bytes()).map(Result::unwrap);
    blocks.filter(|block| block.label == "CERTIFICATE").map(|block| block.contents).collect()
}

pub(crate) fn parse(der: &[u8]) -> X509Certificate<'_> {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    certificate
}

pub(crate) fn is_signed_by(certificate: &[u8], issuer: &[u8]) -> bool {
    let (certificate, issuer) = (parse(certificate), parse(issuer));
    certificate.issuer() == issuer.subject()
        && certificate.verify_signature(Some(issuer.public_key())).is_ok()
}
