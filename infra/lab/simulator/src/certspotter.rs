//! Cert Spotter's search of issuances, and the authorization of keys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::api_key::{bearer, is_expected};
use crate::fault::Fault;
use crate::provider::Settings;
use crate::responses::{self, bad_request, server_error, with_retry_after};
use crate::server::Simulator;

pub(crate) const BASE: &str = "/certspotter/v1";

/// The number of issuances on a page.
const PAGE: usize = 10;
/// The number of issuances that are kept.
const CAPACITY: usize = 20_000;
/// The id of the first issuance. The next ones count on.
const FIRST_ID: u64 = 8_000_000_000;

/// The newest issuances that the logs show, in the order in which they were found.
#[derive(Default)]
pub(crate) struct CertspotterState(Mutex<Issuances>);

#[derive(Default)]
struct Issuances {
    newest: VecDeque<Value>,
    /// The number of those that are not kept any more.
    dropped: u64,
}

pub(crate) fn routes(state: Arc<CertspotterState>) -> Router {
    Router::new()
        .route("/certspotter/v1/issuances", get(list))
        .route("/certspotter/v1/monitoring/known_keys", post(authorize))
        .route("/_simulator/certspotter/issuances", post(control))
        .with_state(state)
}

/// The key is a bearer token, and the user name of Basic authentication where keys are authorized.
pub(crate) fn key_refusal(settings: &Settings, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let basic = headers.get("authorization").and_then(|value| value.to_str().ok());
    let basic = basic.and_then(|value| value.strip_prefix("Basic "));
    let basic = basic.and_then(|value| BASE64.decode(value.as_bytes()).ok());
    let basic = basic.and_then(|value| String::from_utf8(value).ok());
    let key = bearer(headers).or(basic.as_deref().and_then(|value| value.strip_suffix(':')));
    (!is_expected(&settings.certspotter_api_key, key)).then(unauthorized)
}

pub(crate) fn error_response(fault: &Fault) -> Option<Response> {
    match fault {
        Fault::RateLimited { retry_after, status } => {
            let status = status.and_then(|status| StatusCode::from_u16(status).ok());
            let body = error("rate_limited", "You have exceeded the hourly rate limit.");
            let response = responses::json(status.unwrap_or(StatusCode::TOO_MANY_REQUESTS), body);
            Some(with_retry_after(response, *retry_after))
        }
        Fault::ServerError { status } => {
            Some(server_error(*status, error("internal_error", "An internal error occurred.")))
        }
        Fault::KeyRefused | Fault::MissingPermission => Some(unauthorized()),
        _ => None,
    }
}

pub(crate) fn unknown_route() -> Response {
    responses::json(StatusCode::NOT_FOUND, error("not_found", "No such endpoint."))
}

fn unauthorized() -> Response {
    responses::json(StatusCode::UNAUTHORIZED, error("unauthorized", "The API key is not valid."))
}

fn error(code: &str, message: &str) -> Value {
    json!({"code": code, "message": message})
}

async fn list(
    State(state): State<Arc<CertspotterState>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let one = |name: &str| query.iter().find(|(named, _)| named == name).map(|(_, value)| value);
    let Some(domain) = one("domain") else {
        let body = error("missing_parameter", "The domain parameter is required.");
        return responses::json(StatusCode::BAD_REQUEST, body);
    };
    let below = format!(".{domain}");
    let is_of = |issuance: &Value| {
        let names = issuance["dns_names"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).any(|name| name == domain || name.ends_with(&below))
    };
    let after: u64 = one("after").and_then(|id| id.parse().ok()).unwrap_or_default();
    let all = state.issuances();
    let read = after.saturating_add(1).saturating_sub(FIRST_ID + all.dropped);
    let unread = all.newest.iter().skip(usize::try_from(read).unwrap_or(usize::MAX));
    let page = unread.filter(|issuance| is_of(issuance)).take(PAGE);
    let expanded = ["dns_names", "issuer", "problem_reporting", "cert_der"];
    let is_asked_for =
        |member: &str| query.iter().any(|(named, value)| named == "expand" && value == member);
    let page = page.map(|issuance| {
        let mut members = responses::members(issuance.clone());
        members.retain(|name, _| !expanded.contains(&name.as_str()) || is_asked_for(name));
        if let Some(Value::Object(issuer)) = members.get_mut("issuer")
            && !is_asked_for("issuer.caa_domains")
        {
            issuer.remove("caa_domains");
        }
        Value::Object(members)
    });
    Json(Value::Array(page.collect())).into_response()
}

async fn authorize(body: Bytes) -> Response {
    let document: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_whole = document["pubkey_sha256"].as_str().is_some_and(|hash| hash.len() == 64)
        && document["dns_names"].as_array().is_some_and(|names| !names.is_empty());
    if is_whole {
        return responses::json(StatusCode::OK, json!({}));
    }
    let body = error("invalid_request", "The body must hold pubkey_sha256 and dns_names.");
    responses::json(StatusCode::BAD_REQUEST, body)
}

/// The control path: a certificate in PEM, which the logs show from now on.
async fn control(State(state): State<Arc<CertspotterState>>, body: String) -> Response {
    match state.log(&body) {
        Ok(issuance) => Json(issuance).into_response(),
        Err(error) => bad_request(format!("issuances: {error:#}")),
    }
}

impl CertspotterState {
    fn issuances(&self) -> std::sync::MutexGuard<'_, Issuances> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, pem: &str) -> Result<Value> {
        let known = certificate::in_advance(pem)?;
        let block = pem.split("-----").nth(2).context("no certificate in PEM")?;
        let mut issuances = self.issuances();
        let id = (FIRST_ID + issuances.dropped + issuances.newest.len() as u64).to_string();
        let issuance = json!({
            "id": id,
            "tbs_sha256": known.tbs_sha256,
            "pubkey_sha256": known.spki_sha256,
            "dns_names": known.names.unwrap_or_default().dns,
            "issuer": {"name": known.issuer, "caa_domains": ["ca.example"]},
            "problem_reporting": "Send an e-mail to problems@ca.example.",
            "not_before": known.not_before,
            "not_after": known.not_after,
            "cert_der": block.split_whitespace().collect::<String>(),
        });
        if issuances.newest.len() == CAPACITY {
            issuances.newest.pop_front();
            issuances.dropped += 1;
        }
        issuances.newest.push_back(issuance.clone());
        Ok(issuance)
    }
}

impl Simulator {
    /// `http://127.0.0.1:PORT/certspotter/v1`
    pub fn certspotter_base(&self) -> String {
        self.base(BASE)
    }

    /// Has the logs show a certificate in PEM, and returns its issuance as Cert Spotter describes it.
    ///
    /// # Errors
    /// It is no certificate.
    pub fn log_certificate(&self, pem: &str) -> Result<Value> {
        self.state.certspotter.log(pem)
    }
}
