//! The Graph API as far as certificate transparency goes: certificates, and what an app hears of. The product is retired; what it answered
//! is kept as public clients parse it, and [`Settings::retired`](crate::Settings) is today's answer.

mod app;
mod certificate;
mod domains;
mod paging;
mod parameters;
mod replies;
mod subscriptions;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Method, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::Value;

pub(crate) use self::app::App;
pub(crate) use self::certificate::Observed;
use self::domains::Alerts;
use self::paging::Page;
use self::parameters::Parameters;
use self::replies::{bad_parameter, found, token_refused, unsupported};
pub(crate) use self::replies::{failure, unknown_object};
use crate::answers::Handled;
use crate::fault::Fault;
use crate::gate::Spoil;
use crate::provider::{bearer, is_expected};
use crate::world::World;

pub(crate) const BASE: &str = "/graph";

/// One route for all: the version may stand first or not at all.
pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/graph/{*path}", get(graph).post(graph).delete(graph))
}

async fn graph(
    State(world): State<Arc<World>>,
    Extension(Spoil(fault)): Extension<Spoil>,
    Path(path): Path<String>,
    Query(mut parameters): Query<Parameters>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Handled {
    parameters.extend(parameters::of_body(&body));
    let asked = Asked {
        world: &world,
        method: &method,
        version: path.split('/').next().filter(|first| is_version(first)),
        parameters: &parameters,
        uri: &uri,
        fault: fault.as_ref(),
    };
    if world.settings.retired {
        return Ok(asked.unsupported(&path));
    }
    let mut segments: Vec<_> = path.split('/').collect();
    segments.drain(..usize::from(asked.version.is_some()));
    match segments.as_slice() {
        [app, edge] if app.parse::<u64>().is_ok() => asked.of_app(edge, &path).await,
        _ if is_write(&method) => Ok(asked.unsupported(&path)),
        ["certificates"] => asked.certificates(),
        [id] => asked.certificate(id),
        _ => Ok(asked.unsupported(&path)),
    }
}

fn is_write(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::DELETE)
}

struct Asked<'a> {
    world: &'a World,
    method: &'a Method,
    /// Of the path, such as `v19.0`.
    version: Option<&'a str>,
    /// Of query and body.
    parameters: &'a Parameters,
    uri: &'a Uri,
    fault: Option<&'a Fault>,
}

impl Asked<'_> {
    async fn of_app(&self, edge: &str, path: &str) -> Handled {
        match (self.method, edge) {
            (&Method::POST, "subscriptions") => self.subscribe().await,
            (&Method::DELETE, "subscriptions") => Ok(self.unsubscribe()),
            (_, "subscriptions") => Ok(self.subscriptions()),
            (&Method::POST, "subscribed_domains") => self.subscribe_domains(Alerts::Certificate),
            (&Method::POST, "subscribed_domains_phishing") => {
                self.subscribe_domains(Alerts::Phishing)
            }
            (&Method::DELETE, _) => Ok(self.unsupported(path)),
            (_, "subscribed_domains") => self.subscribed_domains(Alerts::Certificate),
            (_, "subscribed_domains_phishing") => self.subscribed_domains(Alerts::Phishing),
            _ => Ok(self.unsupported(path)),
        }
    }

    fn unsupported(&self, path: &str) -> Response {
        match *self.method {
            Method::POST => unsupported("post", path),
            Method::DELETE => unsupported("delete", path),
            _ => unknown_object(path),
        }
    }

    fn certificates(&self) -> Handled {
        let (domain, page, fields) = match self.search() {
            Ok(search) => search,
            Err(message) => return Ok(bad_parameter(&message)),
        };
        let total = match self.fault {
            Some(Fault::NotReady) => 0,
            _ => self.world.settings.certificates_per_domain,
        };
        let entry = |number| {
            let observed = Observed { domain: domain.clone(), number };
            let id = observed.id();
            observed.remember(self.world, id);
            observed.node(self.world, id, &fields, self.fault)
        };
        let entries = page.numbers(total).map(entry).collect::<anyhow::Result<Vec<Value>>>()?;
        Ok(found(page.body(entries, total, self.world.address, self.uri)))
    }

    /// What is looked for; an error is the text for code 100.
    fn search(&self) -> Result<(String, Page, Vec<&str>), String> {
        let domain = self.parameters.get("query").filter(|query| certificate::is_domain(query));
        let domain = domain.ok_or("Param query must be a valid domain")?.to_ascii_lowercase();
        Ok((domain, Page::read(self.parameters)?, certificate::fields(self.parameters)?))
    }

    /// A number that `/certificates` never gave out is a certificate of the first subscribed
    /// domain, so that events with any id find one.
    fn certificate(&self, id: &str) -> Handled {
        let Some(number) = id.parse().ok().filter(|number| *number > 0) else {
            return Ok(unknown_object(id));
        };
        let fields = match certificate::fields(self.parameters) {
            Ok(fields) => fields,
            Err(message) => return Ok(bad_parameter(&message)),
        };
        if self.fault == Some(&Fault::NotReady) {
            return Ok(unknown_object(id));
        }
        let observed = Observed::find(self.world, number);
        Ok(found(observed.node(self.world, number, &fields, self.fault)?))
    }
}

fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

pub(crate) fn refusal(world: &World, request: &Request) -> Option<Response> {
    let query = Query::<Parameters>::try_from_uri(request.uri()).ok();
    let token = query.as_ref().and_then(|query| query.get("access_token"));
    let given = token.map(String::as_str).or_else(|| bearer(request.headers()));
    // The live API refused what is retired without a look at the token.
    let retired = world.settings.retired;
    (!retired && !is_expected(&world.settings.meta_access_token, given)).then(token_refused)
}
