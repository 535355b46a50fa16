use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;

use super::order;
use super::replies::{not_found, unknown_format};
use super::state::DigicertState;
use super::status_changes::TimeFrame;
use crate::authority::{Authority, Curve, Issued};
use crate::chain::{self, Extent, LineEnding};
use crate::fault::InjectedFault;
use crate::responses::{self, HandlerResult};

pub(super) async fn download(
    State(state): State<Arc<DigicertState>>,
    Extension(InjectedFault(fault)): Extension<InjectedFault>,
    Path((id, format)): Path<(String, String)>,
) -> HandlerResult {
    let Some(id) = number(&id) else {
        return Ok(not_found("certificate"));
    };
    if format != "pem_all" {
        return Ok(unknown_format(&format));
    }
    // Recordings have either line ending; here the id decides which one.
    let ending = if id.is_multiple_of(2) { LineEnding::Lf } else { LineEnding::CrLf };
    let authority = &state.shared.authority;
    let issued = issue(authority, id)?;
    let text = chain::text(authority, &issued, Extent::Whole, ending, fault.as_ref())?;
    Ok(([(CONTENT_TYPE, "application/x-pem-file")], text).into_response())
}

pub(super) async fn order_info(
    State(state): State<Arc<DigicertState>>,
    Path(order_id): Path<String>,
) -> HandlerResult {
    let Some(order_id) = number(&order_id) else {
        return Ok(not_found("order"));
    };
    let certificate_id = order::certificate_id(order_id);
    let issued = issue(&state.shared.authority, certificate_id)?;
    let issuer = state.shared.authority.hierarchy(issued.curve).intermediate_name();
    // Without a change it is what a revocation asks after: the events that worker tests send come from no
    // order of this account, and none of them should contradict it.
    let status = state.account().changes.status(order_id).unwrap_or("revoked");
    let info = order::info(order_id, certificate_id, &issued, issuer, status)?;
    Ok(responses::json(StatusCode::OK, info))
}

pub(super) async fn status_changes(
    State(state): State<Arc<DigicertState>>,
    uri: Uri,
) -> HandlerResult {
    let (from, to) = TimeFrame::of(&uri, state.shared.clock.now())?;
    Ok(responses::json(StatusCode::OK, state.account().changes.between(from, to)))
}

/// The certificate with this id.
pub(super) fn issue(authority: &Authority, id: u64) -> anyhow::Result<Arc<Issued>> {
    let name = format!("www-{id}.example.com");
    let names = vec![name.clone(), format!("*.{name}")];
    authority.issue(&format!("digicert/{id}"), names, Curve::of(id))
}

/// Any number but 0 is the id of a certificate and of an order.
fn number(id: &str) -> Option<u64> {
    id.parse().ok().filter(|id| *id > 0)
}
