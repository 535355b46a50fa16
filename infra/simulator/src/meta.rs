//! The Graph API as far as certificate transparency goes. The product is retired; what it answered
//! is kept as public clients parse it, and [`Settings::retired`](crate::Settings) is today's answer.

mod certificate;
mod paging;
mod replies;

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::{Value, json};

pub(crate) use self::certificate::Observed;
use self::paging::Page;
use self::replies::{bad_parameter, found, token_refused};
pub(crate) use self::replies::{failure, unknown_object};
use crate::answers::Handled;
use crate::fault::Fault;
use crate::gate::Spoil;
use crate::provider::{bearer, is_expected};
use crate::world::World;

pub(crate) const BASE: &str = "/graph";

type Parameters = HashMap<String, String>;

/// One route for all: the version may stand first or not at all.
pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new().route("/graph/{*path}", get(graph))
}

async fn graph(
    State(world): State<Arc<World>>,
    Extension(Spoil(fault)): Extension<Spoil>,
    Path(path): Path<String>,
    parameters: Query<Parameters>,
    uri: Uri,
) -> Handled {
    if world.settings.retired {
        return Ok(unknown_object(&path));
    }
    let mut segments: Vec<_> = path.split('/').collect();
    if segments.first().is_some_and(|first| is_version(first)) {
        segments.remove(0);
    }
    let asked = Asked { world: &world, parameters: &parameters, uri: &uri, fault: fault.as_ref() };
    match segments.as_slice() {
        ["certificates"] => asked.certificates(),
        [id] => asked.certificate(id),
        [app, "subscribed_domains"] if app.parse::<u64>().is_ok() => asked.subscribed_domains(),
        _ => Ok(unknown_object(&path)),
    }
}

struct Asked<'a> {
    world: &'a World,
    parameters: &'a Parameters,
    uri: &'a Uri,
    fault: Option<&'a Fault>,
}

impl Asked<'_> {
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

    fn subscribed_domains(&self) -> Handled {
        let page = match Page::read(self.parameters) {
            Ok(page) => page,
            Err(message) => return Ok(bad_parameter(message)),
        };
        let domains = &self.world.settings.subscribed_domains;
        let total = u32::try_from(domains.len())?;
        let entry = |domain: &String| {
            let id = certificate::id_of(&format!("domain/{domain}")).to_string();
            json!({"domain": domain, "id": id})
        };
        let range = page.numbers(total);
        let chosen = domains.iter().skip(range.start as usize).take(range.len());
        let entries = chosen.map(entry).collect();
        Ok(found(page.body(entries, total, self.world.address, self.uri)))
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
