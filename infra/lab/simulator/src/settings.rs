use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;

/// How the simulated providers behave; [`Settings::default`] takes any key and is not retired.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Expected in `X-DC-DEVKEY`. `None`: any key, or none, is taken; likewise below.
    pub digicert_api_key: Option<SecretString>,
    /// A second key that may read and not write, as one with the role View Only.
    pub digicert_view_only_key: Option<SecretString>,
    /// Whether the probe of a created or updated endpoint carries the webhook's secret; the
    /// provider does not say. A test event that is asked for carries what the request gives.
    pub digicert_probe_with_key: bool,
    /// Entries of a page of the event log at most, whatever is asked for.
    pub digicert_log_page: usize,
    /// Which end of the event log comes first; the provider does not say.
    pub digicert_log_newest_first: bool,
    /// Expected as bearer token.
    pub cloudflare_api_token: Option<SecretString>,
    /// Expected in the query's `access_token`, or as bearer token.
    pub meta_access_token: Option<SecretString>,
    /// Every Graph answer is 400 with code 100, subcode 33, as seen live since 2026-02.
    pub retired: bool,
    /// What `/{app-id}/subscribed_domains` lists at first.
    pub subscribed_domains: Vec<String>,
    /// How many certificates `/certificates` knows for each domain asked for.
    pub certificates_per_domain: u32,
    /// Cloudflare: custom hostname id to hostname. Others get a name made from the id.
    pub hostnames: BTreeMap<String, String>,
    /// Before each provider answer.
    pub delay: Duration,
    /// How long an endpoint has to answer what is sent to it: CertCentral gives 10 s.
    pub delivery_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            digicert_api_key: None,
            digicert_view_only_key: None,
            digicert_probe_with_key: false,
            digicert_log_page: 1000,
            digicert_log_newest_first: false,
            cloudflare_api_token: None,
            meta_access_token: None,
            retired: false,
            subscribed_domains: vec!["example.com".to_owned()],
            certificates_per_domain: 3,
            hostnames: BTreeMap::new(),
            delay: Duration::ZERO,
            delivery_timeout: Duration::from_secs(10),
        }
    }
}
