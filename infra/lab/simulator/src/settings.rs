use std::time::Duration;

use secrecy::SecretString;

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
    pub cloudflare_api_token: Option<SecretString>,
    /// The token expected in the query's `access_token` or as bearer token.
    pub meta_access_token: Option<SecretString>,
    /// Whether every response of Graph is 400 with code 100, subcode 33, as recorded live since 2026-02.
    pub retired: bool,
    /// What `/{app-id}/subscribed_domains` lists.
    pub subscribed_domains: Vec<String>,
    /// The number of certificates that `/certificates` finds for each domain.
    pub certificates_per_domain: u32,
    /// How long an endpoint may take to respond to an event. CertCentral allows 10 s.
    pub delivery_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            digicert_api_key: None,
            digicert_view_only_key: None,
            digicert_log_page: 1000,
            digicert_log_newest_first: false,
            cloudflare_api_token: None,
            meta_access_token: None,
            retired: false,
            subscribed_domains: vec!["example.com".to_owned()],
            certificates_per_domain: 3,
            delivery_timeout: Duration::from_secs(10),
        }
    }
}
