use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Value, json};

use super::replies::{found, not_routed, refused};
use super::state::{Alerting, CloudflareState};
use crate::responses::HandlerResult;

/// A setting of notifications, which belongs to an account: a destination or a policy.
pub(super) trait Resource: Sized {
    fn all(alerting: &mut Alerting) -> &mut Vec<Self>;

    fn account(&self) -> &str;

    fn id(&self) -> &str;

    /// As responses show it.
    fn document(&self) -> anyhow::Result<Value>;

    /// Why it cannot be deleted.
    fn use_of(_alerting: &mut Alerting, _account: &str, _id: &str) -> Option<String> {
        None
    }
}

impl Alerting {
    pub(super) fn find<R: Resource>(&mut self, account: &str, id: &str) -> Option<&mut R> {
        R::all(self).iter_mut().find(|one| one.account() == account && one.id() == id)
    }
}

pub(super) async fn list<R: Resource>(
    State(state): State<Arc<CloudflareState>>,
    Path(account): Path<String>,
) -> HandlerResult {
    let mut alerting = state.alerting();
    let own = R::all(&mut alerting).iter().filter(|one| one.account() == account);
    let documents = own.map(R::document).collect::<Result<Vec<_>, _>>()?;
    Ok(found(json!(documents)))
}

pub(super) async fn show<R: Resource>(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> HandlerResult {
    let mut alerting = state.alerting();
    let one = alerting.find::<R>(&account, &id).ok_or_else(|| not_routed(uri.path()))?;
    Ok(found(one.document()?))
}

pub(super) async fn delete<R: Resource>(
    State(state): State<Arc<CloudflareState>>,
    Path((account, id)): Path<(String, String)>,
    uri: Uri,
) -> HandlerResult {
    let mut alerting = state.alerting();
    alerting.find::<R>(&account, &id).ok_or_else(|| not_routed(uri.path()))?;
    if let Some(user) = R::use_of(&mut alerting, &account, &id) {
        return Err(refused(&user).into());
    }
    R::all(&mut alerting).retain(|one| one.id() != id);
    Ok(found(Value::Null))
}
