use envelope::Provider;
use providers::meta::ACCESS_TOKEN;
use providers::meta::subscription::{Alerts, Refusal, Subscription};

use crate::args::ProviderArgs;
use crate::client::CallError;
use crate::doctor::context::Context;
use crate::doctor::report::Finding;
use crate::doctor::{ProviderReport, compare_endpoint};
use crate::error::CommandError;
use crate::meta::{Access, App};

const PROVIDER: Provider = Provider::META;

/// Checks the subscription and the domains of the Meta app.
pub(crate) async fn check(context: &Context) -> ProviderReport {
    let app = context.arguments.app.clone();
    let common = ProviderArgs { state: context.state.clone(), json: context.arguments.json };
    let access = Access { app, access_token_file: None, base: None, common };
    let app = match App::open(&access, &context.environment, &context.secrets).await {
        Ok(app) => app,
        Err(_) if !is_wanted(context) => {
            let detail = "not configured, which is right: Meta has retired the product";
            return ProviderReport {
                findings: vec![Finding::ok("product", detail)],
                endpoint: None,
            };
        }
        Err(error) => {
            let fix = "set META_ACCESS_TOKEN and META_APP_ID (or --app)";
            let findings = vec![Finding::warning("access-token", error.message(), fix)];
            return ProviderReport { findings, endpoint: None };
        }
    };
    match app.subscription().await {
        Err(error) => ProviderReport { findings: vec![refused(error)], endpoint: None },
        Ok(None) => {
            let subscribe = format!("{} --domain NAME", context.subscribe_command(PROVIDER, None));
            let none = Finding::error("subscription", "the app has none", subscribe);
            ProviderReport { findings: vec![none], endpoint: None }
        }
        Ok(Some(subscription)) => compare(context, &app, subscription).await,
    }
}

/// Whether the operator asks for this retired product, by an option or a variable.
fn is_wanted(context: &Context) -> bool {
    let variables = [ACCESS_TOKEN.variable, "META_APP_ID"];
    !context.arguments.provider.is_empty()
        || context.arguments.app.is_some()
        || variables.iter().any(|name| context.environment.optional(name).is_some())
}

fn refused(error: CallError<Refusal>) -> Finding {
    let (check, fix) = match &error {
        CallError::Refused(refusal @ Refusal::Retired) => {
            let fix = "switch the provider off (EnableMeta=false)";
            return Finding::warning("product", refusal.to_string(), fix);
        }
        CallError::Refused(Refusal::TokenRefused { .. } | Refusal::Forbidden { .. }) => {
            ("access-token", "set META_ACCESS_TOKEN to APPID|APPSECRET")
        }
        CallError::Refused(_) => ("api", "correct what the message names, or try again later"),
        CallError::Unanswered(_) => ("api", "check META_API_BASE, HTTPS_PROXY and the network"),
    };
    Finding::error(check, CommandError::from(error).message(), fix)
}

async fn compare(context: &Context, app: &App, subscription: Subscription) -> ProviderReport {
    let subscribe = format!(
        "{} --domain NAME",
        context.subscribe_command(PROVIDER, Some(&subscription.callback))
    );
    let missing = subscription.missing();
    let fields = if !subscription.is_active {
        Finding::error("subscription", "not active", subscribe.clone())
    } else if missing.is_empty() {
        Finding::ok("subscription", "certificate and phishing")
    } else {
        let detail = format!("is without the fields {}", missing.join(", "));
        Finding::error("subscription", detail, subscribe.clone())
    };
    let mut findings = vec![fields, compare_endpoint(context, PROVIDER, &subscription.callback)];
    for alerts in Alerts::ALL {
        findings.push(domains(app, alerts, &subscribe).await);
    }
    ProviderReport { findings, endpoint: Some(subscription.callback) }
}

async fn domains(app: &App, alerts: Alerts, subscribe: &str) -> Finding {
    let check = match alerts {
        Alerts::Certificate => "domains",
        Alerts::Phishing => "phishing-domains",
    };
    match app.domains(alerts).await {
        Ok(domains) if domains.is_empty() => {
            let detail = "no domain is subscribed, so Meta sends nothing";
            Finding::error(check, detail, subscribe)
        }
        Ok(domains) => Finding::ok(check, format!("{} subscribed", domains.len())),
        Err(error) => refused(error),
    }
}
