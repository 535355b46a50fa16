use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::certspotter::CertspotterState;
use crate::cloudflare::CloudflareState;
use crate::digicert::DigicertState;
use crate::fault::Fault;
use crate::meta::MetaState;
use crate::shared::Shared;
use crate::{certspotter, cloudflare, digicert, meta};

/// A simulated provider.
pub(crate) struct Provider {
    /// As in `source`.
    pub(crate) name: &'static str,
    /// Path of its API's base.
    pub(crate) base: &'static str,
    /// The routes of its API, and below the control paths those of the operator's side.
    pub(crate) routes: fn(&AppState) -> Router,
    /// The API key that is expected. `None` accepts any key and requests without one.
    pub(crate) key: fn(&mut Settings) -> &mut Option<SecretString>,
    /// The response to a request whose API key is not the expected one.
    pub(crate) key_refusal: fn(&Settings, &Request) -> Option<Response>,
    /// The provider's own error response for a fault that has one.
    pub(crate) error_response: fn(&Fault) -> Option<Response>,
    /// The response to a path that it does not have.
    pub(crate) unknown_route: fn(&str) -> Response,
}

/// Every simulated provider: one row each.
pub(crate) static ALL: [Provider; 4] = [
    Provider {
        name: "certspotter",
        base: certspotter::BASE,
        routes: |state| certspotter::routes(Arc::clone(&state.certspotter)),
        key: |settings| &mut settings.certspotter_api_key,
        key_refusal: certspotter::key_refusal,
        error_response: certspotter::error_response,
        unknown_route: |_| certspotter::unknown_route(),
    },
    Provider {
        name: "digicert",
        base: digicert::BASE,
        routes: |state| digicert::routes(Arc::clone(&state.digicert)),
        key: |settings| &mut settings.digicert_api_key,
        key_refusal: digicert::key_refusal,
        error_response: digicert::error_response,
        unknown_route: |_| digicert::unknown_route(),
    },
    Provider {
        name: "cloudflare",
        base: cloudflare::BASE,
        routes: |state| cloudflare::routes(Arc::clone(&state.cloudflare)),
        key: |settings| &mut settings.cloudflare_api_token,
        key_refusal: cloudflare::key_refusal,
        error_response: cloudflare::error_response,
        unknown_route: cloudflare::unknown_route,
    },
    Provider {
        name: "meta",
        base: meta::BASE,
        routes: |state| meta::routes(Arc::new(MetaState::new(Arc::clone(&state.shared)))),
        key: |settings| &mut settings.meta_access_token,
        key_refusal: meta::key_refusal,
        error_response: meta::error_response,
        unknown_route: |path| meta::unknown_object(path.trim_start_matches(meta::BASE)),
    },
];

impl Provider {
    /// The provider of this path; `None` for the control paths and unknown ones.
    pub(crate) fn of(path: &str) -> Option<&'static Self> {
        let is_below = |provider: &&Self| {
            path.strip_prefix(provider.base).is_some_and(|rest| rest.starts_with('/'))
        };
        ALL.iter().find(is_below)
    }
}

/// How the simulated providers behave. [`Settings::default`] accepts any key, and Graph is not retired.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The key expected in `X-DC-DEVKEY`. `None` accepts any key and requests without one; likewise below.
    pub digicert_api_key: Option<SecretString>,
    /// A second key that may only read, like one with the role View Only.
    pub digicert_view_only_key: Option<SecretString>,
    /// The maximum number of entries of a page of the event log, whatever the request asks for.
    pub digicert_log_page: usize,
    /// Whether the newest entry of the event log comes first, which is not documented.
    pub digicert_log_newest_first: bool,
    /// The expected bearer token.
    pub certspotter_api_key: Option<SecretString>,
    /// The expected bearer token.
    pub cloudflare_api_token: Option<SecretString>,
    /// The token expected in the query's `access_token` or as bearer token.
    pub meta_access_token: Option<SecretString>,
    /// Whether every response of Graph is 400 with code 100, subcode 33, as recorded live since 2026-02.
    pub retired: bool,
    /// What `/{app-id}/subscribed_domains` lists.
    pub subscribed_domains: Vec<String>,
    /// The number of certificates that `/certificates` finds for each domain.
    pub certificates_per_domain: u32,
    /// Whether the control paths are served. Any user of the machine may use them.
    pub has_control: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            digicert_api_key: None,
            digicert_view_only_key: None,
            digicert_log_page: 1000,
            digicert_log_newest_first: false,
            certspotter_api_key: None,
            cloudflare_api_token: None,
            meta_access_token: None,
            retired: false,
            subscribed_domains: vec!["example.com".to_owned()],
            certificates_per_domain: 3,
            has_control: true,
        }
    }
}

impl Settings {
    /// Sets the API key that the provider with this name expects.
    pub fn expect_key(&mut self, provider: &str, key: SecretString) {
        if let Some(row) = ALL.iter().find(|row| row.name == provider) {
            *(row.key)(self) = Some(key);
        }
    }
}

/// What the providers share, and the states of those whose events a test can send. Clones refer to the same
/// states.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) shared: Arc<Shared>,
    pub(crate) digicert: Arc<DigicertState>,
    pub(crate) cloudflare: Arc<CloudflareState>,
    pub(crate) certspotter: Arc<CertspotterState>,
}

impl AppState {
    /// `running` changes when the simulator stops.
    pub(crate) fn new(
        address: SocketAddr,
        settings: Settings,
        clock: Arc<dyn ports::Clock>,
        running: watch::Receiver<()>,
    ) -> Result<Self> {
        let shared = Shared::new(address, settings, clock, running)?;
        Ok(Self {
            digicert: Arc::new(DigicertState::new(Arc::clone(&shared))),
            cloudflare: Arc::new(CloudflareState::new(Arc::clone(&shared))),
            certspotter: Arc::default(),
            shared,
        })
    }
}
