use axum::http::{Method, Uri};
use axum::response::Response;

use super::parameters::Parameters;
use super::replies::{unknown_object, unsupported};
use super::state::MetaState;
use crate::fault::Fault;

/// A request to the Graph API.
pub(super) struct GraphRequest<'a> {
    pub(super) state: &'a MetaState,
    pub(super) method: &'a Method,
    /// The version in the path, such as `v19.0`.
    pub(super) version: Option<&'a str>,
    /// The parameters of query and body.
    pub(super) parameters: &'a Parameters,
    pub(super) uri: &'a Uri,
    pub(super) fault: Option<&'a Fault>,
}

impl GraphRequest<'_> {
    /// The response where the path does not support the method.
    pub(super) fn unsupported(&self, path: &str) -> Response {
        match *self.method {
            Method::POST => unsupported("post", path),
            Method::DELETE => unsupported("delete", path),
            _ => unknown_object(path),
        }
    }
}
