use std::time::Duration;

use embedded::Rotation;
use envelope::{Provider, rfc3339};
use providers::cloudflare::alerting::{Auth, Destination, NewDestination, Policy};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::client::same_address;
use crate::cloudflare::account::{self, at, untested};
use crate::cloudflare::session::Session;
use crate::cloudflare::words::Rotate;
use crate::doctor::probe::{Prober, Taken};
use crate::fault::{Fault, Outcome};
use crate::given;

/// A door that meets a secret it does not know reads all stages afresh, at most each 5 s.
const REFRESH: Duration = Duration::from_secs(6);

/// How often it is looked whether the old secret is refused, once per [`REFRESH`].
const LOOKS: u32 = 3;
/// No event is in it.
const TEST: &str = r#"{"text":"Test message of certhooks cloudflare rotate"}"#;

/// Cloudflare never shows a secret, so after a stop nobody can tell which destination has which. That
/// does not matter: whatever is there, one more destination with the wanted secret is made, the
/// policies are moved to it, and the others with this address are removed.
pub(crate) async fn run(session: &Session, words: &Rotate) -> Outcome<()> {
    let rotation = session.secrets.rotation(Provider::Cloudflare)?;
    let stages = rotation.stages()?;
    // Before anything is stored, so that a wrong token or address leaves nothing half done.
    let endpoint = endpoint(session, words).await?;
    let next = match (stages.pending, words.roll_back) {
        (None, true) => {
            return Err(Fault::nothing("no rotation was stopped: there is nothing to undo"));
        }
        (Some(_), true) => return roll_back(session, &rotation, &endpoint, &stages.current).await,
        (Some(pending), false) => {
            session.output.step("secret", "pending", "from a rotation that was stopped");
            if words.compromised {
                // It may have been taken along with the current one.
                finish(session, &rotation, &endpoint, &pending, true).await?;
                begin(session, &rotation)?
            } else {
                pending
            }
        }
        (None, false) => begin(session, &rotation)?,
    };
    finish(session, &rotation, &endpoint, &next, words.compromised).await?;
    if words.compromised {
        ended(session, &rotation, &endpoint, &stages.current).await?;
    }
    Ok(())
}

fn begin(session: &Session, rotation: &Rotation) -> Outcome<SecretString> {
    let next = rotation.random()?;
    rotation.begin(&next)?;
    session.output.step("secret", "pending", "a new one is stored; the door takes both");
    Ok(next)
}

async fn finish(
    session: &Session,
    rotation: &Rotation,
    endpoint: &str,
    next: &SecretString,
    compromised: bool,
) -> Outcome<()> {
    tokio::time::sleep(REFRESH).await;
    let moved = move_to(session, endpoint, &usable(next)?).await;
    let again = "run it again to finish, or with --roll-back to undo it";
    moved.map_err(|fault| fault.then(again))?;
    rotation.promote(!compromised)?;
    let old = if compromised { "the old one is gone" } else { "the old one counts for 24 h" };
    session.output.step("secret", "current", old);
    Ok(())
}

/// Sees that the door refuses the old secret. One that it does not know makes it look at its secret.
async fn ended(
    session: &Session,
    rotation: &Rotation,
    endpoint: &str,
    old: &SecretString,
) -> Outcome<()> {
    let prober = Prober::new().map_err(|error| Fault::failed(error.to_string()))?;
    let url = given::address("the endpoint", endpoint)?;
    let ask = async |secret: &SecretString| {
        let request = prober.post(&url, TEST).header("cf-webhook-auth", secret.expose_secret());
        Taken::of(request).await
    };
    let unknown = rotation.random()?;
    for _ in 0..LOOKS {
        tokio::time::sleep(REFRESH).await;
        let _made_to_look = ask(&unknown).await;
        if matches!(ask(old).await, Taken::Answered { status: 401, .. }) {
            let note = "the door refuses it (further copies of a function: after \
                        SECRET_CACHE_SECONDS at the latest)";
            session.output.step("old secret", "ended", note);
            return Ok(());
        }
    }
    let warning = "that the door refuses the old secret was not seen from here; it ends after \
                   SECRET_CACHE_SECONDS";
    session.output.warn(warning);
    Ok(())
}

async fn roll_back(
    session: &Session,
    rotation: &Rotation,
    endpoint: &str,
    current: &SecretString,
) -> Outcome<()> {
    let moved = move_to(session, endpoint, &usable(current)?).await;
    moved.map_err(|fault| fault.then("run it again"))?;
    rotation.abandon()?;
    session.output.step("secret", "kept", "the pending one is forgotten");
    Ok(())
}

fn usable(secret: &SecretString) -> Outcome<Auth> {
    Auth::of(secret).map_err(|fault| Fault::usage(format!("the webhook secret: {fault}")))
}

/// Lets one destination with this secret be the only one with this address.
async fn move_to(session: &Session, endpoint: &str, auth: &Auth) -> Outcome<()> {
    let account = &session.account;
    let destinations = account.destinations().await?;
    let old = at(&destinations, endpoint);
    let name = old.first().map_or("certhooks", |old| &old.name);
    let name = dated(name, OffsetDateTime::now_utc());
    let new = NewDestination { name: &name, url: endpoint, auth };
    let id = account.create_destination(&new).await;
    let id = id.map_err(|trouble| untested(trouble).during("new destination"))?;
    session.output.step("destination", "created", &format!("{id}, and it took Cloudflare's test"));
    for policy in account.policies().await? {
        if let Some(moved) = moved(&policy, &old, &id) {
            let update = account.update_policy(&policy.id, &moved).await;
            update.map_err(|fault| fault.during("policy"))?;
            session.output.step("policy", "moved", &policy.id);
        }
    }
    for destination in old {
        let deleted = account.delete_destination(&destination.id).await;
        deleted.map_err(|fault| fault.during("old destination"))?;
        session.output.step("destination", "removed", &destination.id);
    }
    Ok(())
}

/// The policy with the new destination in place of all the old ones; `None` when it has none of them.
fn moved(policy: &Policy, old: &[&Destination], new: &str) -> Option<Map<String, Value>> {
    let old: Vec<&str> = old.iter().map(|destination| destination.id.as_str()).collect();
    old.iter().any(|id| policy.sends_to(id)).then(|| policy.moved(&old, new))
}

/// `NAME (2026-11-22T10:15:00Z)`, so that two of them can be told apart in a list.
fn dated(name: &str, now: OffsetDateTime) -> String {
    let undated = match name.rsplit_once(" (20") {
        Some((name, date)) if date.ends_with("Z)") => name,
        _ => name,
    };
    format!("{undated} ({})", rfc3339(now.replace_nanosecond(0).unwrap_or(now)))
}

/// The address given, else the only one that policies for custom hostnames send to.
async fn endpoint(session: &Session, words: &Rotate) -> Outcome<String> {
    let destinations = session.account.destinations().await?;
    let policies = session.account.policies().await?;
    let mut served: Vec<&str> = destinations
        .iter()
        .filter(|destination| policies.iter().any(|policy| policy.serves(&destination.id)))
        .map(|destination| destination.url.as_str())
        .collect();
    if let Some(endpoint) = &words.endpoint {
        let endpoint = account::endpoint(endpoint)?;
        served.retain(|url| same_address(url, endpoint.as_str()));
    }
    served.dedup_by(|one, other| same_address(one, other));
    match served.as_slice() {
        [url] => Ok((*url).to_owned()),
        [] => Err(Fault::nothing(
            "no policy for custom hostnames sends to it: `certhooks cloudflare subscribe` first",
        )),
        _ => Err(Fault::usage("policies send to several addresses: name one with --endpoint")),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::dated;

    #[test]
    fn a_name_has_one_date() {
        let now = datetime!(2026-11-22 10:15:00.5 UTC);
        for name in ["certhooks", "certhooks (2025-01-01T00:00:00Z)"] {
            assert_eq!(dated(name, now), "certhooks (2026-11-22T10:15:00Z)");
        }
        assert_eq!(dated("a (b)", now), "a (b) (2026-11-22T10:15:00Z)");
    }
}
