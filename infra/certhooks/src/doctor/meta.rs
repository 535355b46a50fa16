use envelope::Provider;
use providers::meta::ACCESS_TOKEN;
use providers::meta::subscription::{Alerts, Refusal, Subscription};

use crate::client::Trouble;
use crate::doctor::look::Look;
use crate::doctor::report::Finding;
use crate::doctor::{Side, endpoint};
use crate::fault::Fault;
use crate::meta::{Access, App};
use crate::options::AtProvider;

const PROVIDER: Provider = Provider::Meta;

/// Meta's side.
pub(crate) async fn look(look: &Look) -> Side {
    let app = look.arguments.app.clone();
    let common = AtProvider { state: look.state.clone(), json: look.arguments.json };
    let access = Access { app, access_token_file: None, base: None, common };
    let app = match App::open(&access, &look.environment, &look.secrets).await {
        Ok(app) => app,
        Err(_) if !is_asked_for(look) => {
            let detail = "not set up here, and nothing to set up: Meta has retired it";
            return Side { findings: vec![Finding::ok("product", detail)], endpoint: None };
        }
        Err(fault) => {
            let mend = "set META_ACCESS_TOKEN and META_APP_ID (or --app)";
            let findings = vec![Finding::warning("access-token", fault.text(), mend)];
            return Side { findings, endpoint: None };
        }
    };
    match app.subscription().await {
        Err(trouble) => Side { findings: vec![refused(trouble)], endpoint: None },
        Ok(None) => {
            let subscribe = format!("{} --domain NAME", look.subscribe(PROVIDER, None));
            let none = Finding::wrong("subscription", "the app has none", subscribe);
            Side { findings: vec![none], endpoint: None }
        }
        Ok(Some(there)) => compare(look, &app, there).await,
    }
}

/// Whether somebody wants to know of a retired product.
fn is_asked_for(look: &Look) -> bool {
    let variables = [ACCESS_TOKEN.variable, "META_APP_ID"];
    !look.arguments.provider.is_empty()
        || look.arguments.app.is_some()
        || variables.iter().any(|name| look.environment.optional(name).is_some())
}

fn refused(trouble: Trouble<Refusal>) -> Finding {
    let (check, mend) = match &trouble {
        Trouble::Refused(refusal @ Refusal::Retired) => {
            let mend = "nothing: switch the provider off (EnableMeta=false)";
            return Finding::warning("product", refusal.to_string(), mend);
        }
        Trouble::Refused(Refusal::TokenRefused { .. } | Refusal::Forbidden { .. }) => {
            ("access-token", "set META_ACCESS_TOKEN to APPID|APPSECRET")
        }
        Trouble::Refused(_) => ("api", "correct what it names, or try again later"),
        Trouble::Unanswered(_) => ("api", "see META_API_BASE, HTTPS_PROXY and the network"),
    };
    Finding::wrong(check, Fault::from(trouble).text(), mend)
}

async fn compare(look: &Look, app: &App, there: Subscription) -> Side {
    let subscribe = format!("{} --domain NAME", look.subscribe(PROVIDER, Some(&there.callback)));
    let missing = there.missing();
    let subscription = if !there.is_active {
        Finding::wrong("subscription", "not active", subscribe.clone())
    } else if missing.is_empty() {
        Finding::ok("subscription", "certificate and phishing")
    } else {
        let detail = format!("does not announce {}", missing.join(", "));
        Finding::wrong("subscription", detail, subscribe.clone())
    };
    let mut findings = vec![subscription, endpoint(look, PROVIDER, &there.callback)];
    for alerts in Alerts::ALL {
        findings.push(domains(app, alerts, &subscribe).await);
    }
    Side { findings, endpoint: Some(there.callback) }
}

async fn domains(app: &App, alerts: Alerts, subscribe: &str) -> Finding {
    let check = match alerts {
        Alerts::Certificate => "domains",
        Alerts::Phishing => "phishing-domains",
    };
    match app.domains(alerts).await {
        Ok(domains) if domains.is_empty() => {
            let detail = "none is subscribed, so nothing is announced";
            Finding::wrong(check, detail, subscribe)
        }
        Ok(domains) => Finding::ok(check, format!("{} subscribed", domains.len())),
        Err(trouble) => refused(trouble),
    }
}
