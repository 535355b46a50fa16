use envelope::{Certificate, Reason};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::document::ct_certificate::CtCertificate;
use super::profile::ACCESS_TOKEN;
use crate::api::{Answer, Call, Classification, Key};
use crate::json::{self, Members};
use crate::secret::Stored;

/// The fields that public clients of `/certificates` request ("Certificate Transparency API").
const FIELDS: &str = "id,cert_hash_sha256,domains,issuer_name,subject_name,certificate_pem,\
                      not_valid_before,not_valid_after";
/// Number of items on one page. Public clients ask for 500 to 20000.
const PAGE: &str = "500";

/// A certificate that Meta found.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FoundCertificate {
    pub id: Option<String>,
    /// Lower-case hex. The id stands in its place where Meta gives no hash.
    pub sha256: String,
    pub pem: Option<String>,
    /// What Meta says about it next to the PEM.
    pub certificate: Certificate,
}

/// One page of a search.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub certificates: Vec<FoundCertificate>,
    /// Cursor of the next page. `None` on the last page.
    pub after: Option<String>,
}

/// One page of the domains that an app subscribed to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SubscribedDomains {
    pub domains: Vec<String>,
    /// Cursor of the next page. `None` on the last page.
    pub after: Option<String>,
}

/// The access token as a query parameter ("Access tokens"). `None` when the stored secret was never
/// filled in.
pub fn key(stored: &SecretString) -> Option<Key> {
    let stored = Stored::read(stored);
    Some(Key::Query {
        name: "access_token",
        value: stored.first(ACCESS_TOKEN.stored_as).ok()?.into(),
    })
}

/// Asks for the certificates of a domain, from the page after the cursor `after` ("Certificate
/// Transparency API", `/certificates`).
pub fn certificates(domain: &str, after: Option<&str>) -> Call {
    let query = vec![("query", domain.to_owned()), ("fields", FIELDS.to_owned())];
    paged(vec!["certificates".to_owned()], query, after)
}

/// Classifies the answer to [`certificates`].
pub fn classify_certificates(answer: &Answer<'_>) -> Classification<Page> {
    classify(answer, retired_or_refused)
        .and_then(|body| page(&body, answer, found))
        .and_then(|(certificates, after)| Classification::Good(Page { certificates, after }))
}

/// Asks for one certificate by its id, a node of the Graph API.
pub fn certificate(id: &str) -> Call {
    let query = vec![("fields", FIELDS.to_owned())];
    Call { segments: vec![id.to_owned()], query, accept: "application/json" }
}

/// Classifies the answer to [`certificate`]. Code 100 is an unknown id, or an object that is no
/// certificate.
pub fn classify_certificate(answer: &Answer<'_>) -> Classification<FoundCertificate> {
    classify(answer, |error| match error.code {
        100 => Classification::Failed { reason: Reason::NotFound },
        _ => Classification::Failed { reason: Reason::Refused },
    })
    .and_then(|body| {
        // Every object of the Graph API has an id; what has none is not from it.
        if Members::of(&body).and_then(|body| body.get("id")).is_none() {
            return answer.retry(Reason::Unreadable);
        }
        let is_certificate = |found: &FoundCertificate| {
            found.pem.is_some() || Some(&found.sha256) != found.id.as_ref()
        };
        let found = found(&body).filter(is_certificate);
        found.map_or(Classification::Failed { reason: Reason::NotFound }, Classification::Good)
    })
}

/// Asks for the domains that an app subscribed to for certificate alerts ("Certificate Transparency
/// API", `/{app-id}/subscribed_domains`).
pub fn subscribed_domains(app_id: &str, after: Option<&str>) -> Call {
    paged(vec![app_id.to_owned(), "subscribed_domains".to_owned()], Vec::new(), after)
}

/// Classifies the answer to [`subscribed_domains`].
pub fn classify_subscribed_domains(answer: &Answer<'_>) -> Classification<SubscribedDomains> {
    classify(answer, retired_or_refused)
        .and_then(|body| page(&body, answer, |domain| Members::of(domain)?.text("domain")))
        .and_then(|(domains, after)| Classification::Good(SubscribedDomains { domains, after }))
}

fn paged(
    segments: Vec<String>,
    mut query: Vec<(&'static str, String)>,
    after: Option<&str>,
) -> Call {
    query.push(("limit", PAGE.to_owned()));
    query.extend(after.map(|after| ("after", after.to_owned())));
    Call { segments, query, accept: "application/json" }
}

/// `error.code` and `error.error_subcode` of an answer.
struct Error {
    code: u64,
    subcode: Option<u64>,
}

/// Since their retirement the edges answer with code 100, subcode 33 (observed on 2026-02-03).
fn retired_or_refused(error: Error) -> Classification<Box<RawValue>> {
    match error {
        Error { code: 100, subcode: Some(33) } => Classification::Gone { reason: Reason::Retired },
        _ => Classification::Failed { reason: Reason::Refused },
    }
}

/// Classifies an answer; `Good` holds its body. The status is weak evidence, since code 4 comes
/// with 403 and code 100 with 400. So `code` and `is_transient` decide ("Handling errors", "Rate
/// limits"), and `other` classifies the codes that are not known here.
fn classify(
    answer: &Answer<'_>,
    other: impl FnOnce(Error) -> Classification<Box<RawValue>>,
) -> Classification<Box<RawValue>> {
    let body = answer.object();
    let error = body.as_deref().and_then(Members::of).and_then(|body| body.object("error"));
    let Some(error) = error else {
        return match body {
            Some(body) if answer.is_success() => Classification::Good(body),
            _ => answer.transient_failure().unwrap_or_else(|| answer.retry(Reason::Unreadable)),
        };
    };
    let number = |name| error.get(name).and_then(json::unsigned);
    let is_transient = error.get("is_transient").is_some_and(|flag| flag.get() == "true");
    // Other APIs have errors with a number in `code` too. A final answer needs a member that only the
    // Graph API has.
    let has_own = |name: &&str| error.get(name).is_some();
    let is_graphs = ["type", "error_subcode", "fbtrace_id", "is_transient"].iter().any(has_own);
    match number("code") {
        Some(4 | 17 | 32 | 613) => answer.retry(Reason::RateLimited),
        Some(1 | 2) => answer.retry(Reason::Unavailable),
        _ if is_transient => answer.retry(Reason::Unavailable),
        Some(102 | 190) if is_graphs => Classification::key_refused(),
        Some(code) if is_graphs => other(Error { code, subcode: number("error_subcode") }),
        _ => answer.transient_failure().unwrap_or_else(|| answer.retry(Reason::Unreadable)),
    }
}

/// The items of a page, and the cursor of the next page. `paging.next` holds the access token and
/// is never followed; it only shows that a next page exists, which `paging.cursors.after` names
/// ("Paginated results").
fn page<T>(
    body: &RawValue,
    answer: &Answer<'_>,
    item: impl Fn(&RawValue) -> Option<T>,
) -> Classification<(Vec<T>, Option<String>)> {
    let body = Members::of(body).unwrap_or_default();
    let Some(data) = body.list("data") else { return answer.retry(Reason::Unreadable) };
    let after = body.object("paging").and_then(|paging| {
        paging.text("next")?;
        paging.object("cursors")?.text("after")
    });
    Classification::Good((data.into_iter().filter_map(item).collect(), after))
}

fn found(certificate: &RawValue) -> Option<FoundCertificate> {
    let CtCertificate { id, sha256, pem, certificate } =
        CtCertificate::of(&Members::of(certificate)?);
    let sha256 = sha256.or_else(|| id.clone())?;
    Some(FoundCertificate { id, sha256, pem, certificate })
}
