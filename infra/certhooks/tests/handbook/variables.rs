use std::collections::BTreeMap;

use boot::Environment;
use providers::profile::{self, Profile, ReceiverVisitor};
use providers::receiver::WebhookReceiver;

use crate::pages::root;

/// A row of the table.
pub(crate) struct Variable {
    pub(crate) name: &'static str,
    pub(crate) default: String,
    pub(crate) readers: &'static str,
    pub(crate) what: String,
}

const REQUIRED: &str = "required";
const NONE: &str = "none";
/// The functions that process events, and what does so elsewhere.
pub(crate) const PROCESSING: &str = "worker, local, command";
pub(crate) const RECONCILING: &str = "worker, reconciler, local, command";

/// Every variable but for the secrets: what it is for, who reads it, and its default, which the code itself tells.
pub(crate) fn all() -> Vec<Variable> {
    let mut all = of_endpoints();
    all.extend(of_processing());
    all.extend(profile::ALL.into_iter().flat_map(of_api));
    all.extend(of_providers());
    all.extend(of_aws());
    all
}

fn row(
    name: &'static str,
    default: impl Into<String>,
    readers: &'static str,
    what: impl Into<String>,
) -> Variable {
    Variable { name, default: default.into(), readers, what: what.into() }
}

fn code(text: impl ToString) -> String {
    format!("`{}`", text.to_string())
}

fn of_endpoints() -> Vec<Variable> {
    let settings = intake::Settings::from_environment(&nothing()).unwrap();
    assert!(settings.allowlist.is_empty() && settings.max_body.is_none());
    vec![
        row(
            "EVENTS_QUEUE_URL",
            REQUIRED,
            "webhooks, worker, reconciler",
            "URL of the events queue. The stack sets it",
        ),
        row(
            "WEBHOOK_SECRET_ID",
            REQUIRED,
            "webhooks",
            "Name or ARN of the webhook secret. Not required with `ALLOW_UNAUTHENTICATED`",
        ),
        row(
            "SOURCE_IP_ALLOWLIST",
            "any address",
            "webhooks, local, command",
            format!("Addresses and CIDRs that may send, comma-separated; {}", ranges()),
        ),
        row(
            "ALLOW_UNAUTHENTICATED",
            code(settings.allow_unauthenticated),
            "webhooks, local",
            "Start without a webhook secret; needs `SOURCE_IP_ALLOWLIST`, which is then the only check",
        ),
        row(
            "MAX_BODY_BYTES",
            body_limits(),
            "webhooks, local",
            "Largest body of a request, in bytes",
        ),
        row(
            "SECRET_CACHE_SECONDS",
            code(settings.secret_cache.as_secs()),
            "webhooks, local",
            "How long a webhook secret is kept before it is read again, in seconds",
        ),
        row(
            "SECRET_OVERLAP_HOURS",
            code(settings.secret_overlap.as_secs() / 3600),
            "webhooks, local",
            "How long the previous webhook secret is accepted after a rotation, in hours",
        ),
    ]
}

fn of_processing() -> Vec<Variable> {
    let settings = processing::Settings::from_environment(&nothing()).unwrap();
    let mozilla = Environment::from_iter([("TRUST_ANCHORS", "mozilla")]);
    let mozilla = processing::Settings::from_environment(&mozilla).unwrap();
    assert_eq!(settings.trust_anchors.len(), mozilla.trust_anchors.len());
    let overlap =
        reconciliation::Settings::from_environment(&nothing(), envelope::Provider::DIGICERT)
            .unwrap()
            .unwrap();
    vec![
        row(
            "DELIVERIES_QUEUE_URL",
            REQUIRED,
            "worker",
            "URL of the deliveries queue, unless `DELIVERIES_TOPIC_ARN` is set. The stack sets it",
        ),
        row(
            "DELIVERIES_TOPIC_ARN",
            NONE,
            "worker",
            "ARN of the topic that takes the deliveries in place of the queue ([Fan-out](consumer.md#fan-out)). The stack sets it",
        ),
        row(
            "KEEP_DELIVERIES",
            code("14d"),
            "local",
            "How long deliveries are kept, whether a consumer took them or not (`--keep-deliveries`); `1h` or more",
        ),
        row(
            "CERTHOOKS_STATE",
            code(".certhooks"),
            "local, command",
            "State folder of every command (`--state`)",
        ),
        row(
            "CERTHOOKS_LISTEN",
            code("127.0.0.1:3000"),
            "local",
            "Address and port of the webhook endpoints (`--listen`)",
        ),
        row(
            "CERTHOOKS_ADMIN",
            code("127.0.0.1:3001"),
            "local",
            "Address and port of `/healthz`, `/readyz` and `/metrics` (`--admin`)",
        ),
        row(
            "KEEP_ARCHIVE",
            code("365d"),
            "local",
            "How long events are archived as they came (`--keep-archive`); `1h` or more",
        ),
        row(
            "KEEP_DEAD_LETTERS",
            code("14d"),
            "local",
            "How long dead letters are kept (`--keep-dead-letters`); `1h` or more",
        ),
        row(
            "CERTHOOKS_FORWARD_SECRET",
            "made, in `secrets.json`",
            "command",
            "Secret by which `certhooks forward --to` signs, `whsec_…`; two, separated by a blank, during a rotation",
        ),
        row(
            "LEDGER_TABLE",
            REQUIRED,
            "worker, reconciler",
            "Name of the ledger table. The stack sets it",
        ),
        row("ARCHIVE_BUCKET", REQUIRED, "worker", "Name of the archive bucket. The stack sets it"),
        row(
            "CALLBACK_TIMEOUT_SECONDS",
            code(settings.callback_timeout.as_secs()),
            PROCESSING,
            "Timeout of a call to a provider's API, in seconds; 1 or more",
        ),
        row(
            "WORKER_CONCURRENCY",
            code(settings.concurrency),
            PROCESSING,
            "Number of workers that share the budgets; 1 or more",
        ),
        row(
            "TRUST_ANCHORS",
            code("mozilla"),
            PROCESSING,
            "Roots that a chain may end at: `mozilla`, a PEM file, or both, comma-separated ([path validation](path-validation.md))",
        ),
        row(
            "CT_GRACE_MINUTES",
            code(settings.ct_grace.whole_minutes()),
            PROCESSING,
            "How long a certificate that the logs show waits for its issuance before it is unexpected, in minutes; longer than the interval of reconciliation, 0 to 10080 ([what the logs show](certificate-transparency.md))",
        ),
        row(
            "DELIVER_CANARY",
            code(settings.deliver_canary),
            PROCESSING,
            "Deliver the daily synthetic event to consumers too, as `certhooks.canary`",
        ),
        row(
            "RECONCILE_WINDOW_MINUTES",
            code(overlap.overlap_minutes),
            "reconciler, local, command",
            "How much of the time before its last complete run a reconciliation looks at again, in minutes; 1 to 10080",
        ),
    ]
}

/// The variables of a provider's API, by its row.
fn of_api(profile: &'static Profile) -> Vec<Variable> {
    let api = &profile.api;
    let readers = if has_records(profile) { RECONCILING } else { PROCESSING };
    let functions = if has_records(profile) { "worker, reconciler" } else { "worker" };
    vec![
        row(
            api.base_variable,
            code(api.base),
            readers,
            "Base of the API with its path: https, or http on a loopback address",
        ),
        row(
            api.budget_variable,
            code(api.budget),
            readers,
            "Calls per rolling window, such as `100/5s,1000/3m`; `none` for a base on a loopback address only",
        ),
        row(
            api.secret_id_variable,
            NONE,
            functions,
            format!(
                "Name or ARN of the secret with the {}; {}",
                api.key_name,
                without_key(profile)
            ),
        ),
    ]
}

fn of_providers() -> Vec<Variable> {
    vec![
        row(
            "DIGICERT_CONFIRM",
            digicert_flag("DIGICERT_CONFIRM"),
            PROCESSING,
            "Compare a chain that came with an event with CertCentral's own download; `false` saves the call",
        ),
        row(
            "DIGICERT_AUTO_VERIFY",
            digicert_flag("DIGICERT_AUTO_VERIFY"),
            PROCESSING,
            "Complete the challenges of the account's own webhook; the API key then needs webhook rights",
        ),
        row(
            "DIGICERT_APPROVAL_EMAILS",
            digicert_flag("DIGICERT_APPROVAL_EMAILS"),
            PROCESSING,
            "Keep the addresses of people that an order approval event names, in the archive and in deliveries",
        ),
        row(
            "CLOUDFLARE_ACCOUNT_ID",
            NONE,
            RECONCILING,
            "The account whose history of notifications is compared; also where an API token that belongs to the account is verified",
        ),
        row(
            "CERTSPOTTER_DOMAINS",
            NONE,
            RECONCILING,
            "Domains whose certificates in the logs are listed at Cert Spotter and compared, comma-separated; what Cloudflare issues by itself for their zones is read too",
        ),
        row(
            "SSLMATE_API_BASE",
            code(providers::certspotter::SSLMATE_API_BASE),
            "command",
            "Base of the API by which `certhooks certspotter authorize` authorizes keys",
        ),
        row(
            "META_DOMAINS",
            NONE,
            PROCESSING,
            "Domains whose certificates are looked up, comma-separated; not together with `META_APP_ID`",
        ),
        row("META_APP_ID", NONE, PROCESSING, "The Meta app whose subscribed domains are looked up"),
    ]
}

fn of_aws() -> Vec<Variable> {
    let functions = "webhooks, worker, reconciler";
    let all = "webhooks, worker, reconciler, command";
    vec![
        row(
            "METRICS_NAMESPACE",
            code(constant("shared/boot/src/emf.rs", "NAMESPACE")),
            functions,
            "CloudWatch namespace of the metrics. The stack sets it, so that each stack has its own",
        ),
        row(
            "RUST_LOG",
            code("info"),
            "webhooks, worker, reconciler, local",
            "Level of the log, as `info` or `worker=warn,info`; what it does not name keeps the default; releases have no lines below `info`. Libraries that could log secrets stay at `warn`. On AWS the default is the function's own level",
        ),
        row("AWS_REGION", REQUIRED, all, "Set by Lambda"),
        row("AWS_DEFAULT_REGION", NONE, all, "Where `AWS_REGION` is not set"),
        row(
            "AWS_ACCESS_KEY_ID",
            REQUIRED,
            all,
            "Set by Lambda; the command also takes profiles and roles, as the AWS CLI does",
        ),
        row("AWS_SECRET_ACCESS_KEY", REQUIRED, all, "As above"),
        row("AWS_SESSION_TOKEN", NONE, all, "As above"),
        row(
            "AWS_ENDPOINT_URL",
            NONE,
            all,
            "Endpoint of all AWS services, for an emulator; `AWS_ENDPOINT_URL_SQS` and the like for one",
        ),
        row(
            "AWS_ENDPOINT_URL_S3",
            NONE,
            "worker, command",
            "Endpoint of S3; buckets are then in the path",
        ),
        row("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", code("false"), all, "Ignore the two above"),
        row("AWS_USE_FIPS_ENDPOINT", code("false"), all, "Use the FIPS endpoints of AWS"),
        row(
            "AWS_USE_DUALSTACK_ENDPOINT",
            code("false"),
            all,
            "Use the endpoints of AWS that have IPv6",
        ),
        row(
            "AWS_CA_BUNDLE",
            "Mozilla's roots; the command asks the system",
            all,
            "PEM file with the roots that AWS's certificates may end at. One root that cannot be read stops the start: \
             the others would be trusted without it, and nobody would know",
        ),
        row(
            "SSL_CERT_FILE",
            "the system's roots",
            "webhooks, worker, reconciler, local, command",
            "PEM file with the roots that the providers' certificates may end at, and AWS's where `AWS_CA_BUNDLE` is not set",
        ),
        row(
            "SSL_CERT_DIR",
            NONE,
            "worker, reconciler, local, command",
            "Folders of such files, separated by colons, for the providers' certificates. With either of the two set, \
             the system's roots are not read",
        ),
        row(
            "HTTPS_PROXY",
            NONE,
            "webhooks, worker, reconciler, local, command",
            "Proxy for calls to AWS and to the providers",
        ),
        row(
            "NO_PROXY",
            NONE,
            "webhooks, worker, reconciler, local, command",
            "Hosts that are called without the proxy",
        ),
    ]
}

fn nothing() -> Environment {
    Environment::from_iter::<[(&str, &str); 0]>([])
}

/// The address ranges of the providers that publish one.
fn ranges() -> String {
    let range = |row: &&Profile| match row.sources {
        profile::Sources::Range { range, .. } => {
            Some(format!("`{}` sends from `{range}`", row.name))
        }
        _ => None,
    };
    profile::ALL.iter().filter_map(range).collect::<Vec<_>>().join(", ")
}

fn body_limits() -> String {
    struct Limits(BTreeMap<usize, Vec<&'static str>>);
    impl ReceiverVisitor for Limits {
        fn visit<R: WebhookReceiver>(&mut self) {
            self.0.entry(R::BODY_LIMIT).or_default().push(profile::of(R::PROVIDER).name);
        }
    }
    let mut limits = Limits(BTreeMap::new());
    profile::visit_receivers(&mut limits);
    let text = |(limit, names): (usize, Vec<&str>)| format!("`{limit}` ({})", names.join(", "));
    limits.0.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

/// The default of a switch of CertCentral's call-backs, which nothing tells but the code itself.
fn digicert_flag(name: &str) -> String {
    const FILE: &str = "shared/providers/src/digicert/enrich.rs";
    let text = std::fs::read_to_string(root().join(FILE)).unwrap();
    let (before, _) = text
        .split_once(&format!(": &str = \"{name}\";"))
        .unwrap_or_else(|| panic!("{FILE}: no {name}"));
    let constant = before.rsplit(' ').next().unwrap();
    let (_, after) = text
        .split_once(&format!("flag(settings, {constant}, "))
        .unwrap_or_else(|| panic!("{FILE}: {constant}"));
    code(after.split(')').next().unwrap())
}

/// The text of a constant of the code.
fn constant(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let (_, after) = text
        .split_once(&format!("const {name}: &str = \""))
        .unwrap_or_else(|| panic!("{file}: no {name}"));
    after.split('"').next().unwrap().to_owned()
}

/// Whether the provider keeps records that are compared.
pub(crate) fn has_records(row: &Profile) -> bool {
    let named = Environment::from_iter([
        ("CLOUDFLARE_ACCOUNT_ID", "a1"),
        ("CERTSPOTTER_DOMAINS", "a.example"),
    ]);
    reconciliation::Settings::from_environment(&named, row.provider).unwrap().is_some()
}

/// What comes of a missing API key.
pub(crate) fn without_key(row: &Profile) -> &'static str {
    match row.has_call_backs {
        true => "without it its call-backs are `disabled`",
        false => "none of its events has a call-back, so nothing misses it",
    }
}
