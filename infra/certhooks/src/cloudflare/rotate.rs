use std::time::Duration;

use envelope::{Provider, rfc3339};
use providers::cloudflare::alerting::{Auth, Destination, NewDestination, Policy, Refusal};
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::client::{Trouble, same_address};
use crate::cloudflare::account::{self, Account, at, untested};
use crate::cloudflare::args::Rotate;
use crate::cloudflare::session::Session;
use crate::credentials;
use crate::doctor::probe::{Prober, Taken};
use crate::fault::{Fault, Outcome};
use crate::installation_secret::Store;
use crate::output::Output;

/// A door that met a secret it does not know looks at its own again after 5 s.
const REFRESH: Duration = Duration::from_secs(6);
/// How often the door is asked until it answers as it shall, once per [`REFRESH`].
const LOOKS: u32 = 3;
/// No event is in it.
const TEST: &str = r#"{"text":"Test message of certhooks cloudflare rotate"}"#;
const AGAIN: &str =
    "the door takes both secrets: run `rotate` again to finish, or with --roll-back";

/// The way of a rotation. Cloudflare never shows a secret, so after a stop nobody can tell which
/// destination has which. That does not matter: whatever is there, one more destination with the
/// wanted secret is made, the policies are moved to it, and the others with this address are removed.
struct Way<'a> {
    account: &'a Account,
    output: Output,
    store: Store,
    endpoint: String,
    compromised: bool,
}

pub(crate) async fn run(session: &Session, words: &Rotate) -> Outcome<()> {
    let store = Store::open(&session.secrets, &words.here, Provider::Cloudflare).await?;
    // Before anything is stored, so that a wrong token or address leaves nothing half done.
    let endpoint = endpoint(session, words).await?;
    let (account, output) = (&session.account, session.output);
    let way = Way { account, output, store, endpoint, compromised: words.compromised };
    if words.roll_back { way.roll_back().await } else { way.rotate().await }
}

impl Way<'_> {
    async fn rotate(&self) -> Outcome<()> {
        let stages = self.store.stages().await?;
        if let Some(pending) = stages.pending {
            self.output.step("secret", "pending", "from a rotation that was stopped");
            self.finish(&pending, false).await?;
            if !self.compromised {
                return Ok(());
            }
            // It may have been taken along with the current one, so another one follows.
        }
        let next = self.store.random()?;
        self.store.begin(&next).await?;
        self.output.step("secret", "pending", "a new one is stored; the door takes both");
        self.finish(&next, true).await?;
        match usable(&stages.current) {
            Ok(old) if self.compromised => self.ended(&old).await,
            // One that was never filled in cannot have been sent either.
            _ => Ok(()),
        }
    }

    /// `is_new`: nobody but the door has it, so that it can be forgotten.
    async fn finish(&self, next: &SecretString, is_new: bool) -> Outcome<()> {
        let id = match self.created(&usable(next)?).await {
            Ok(id) => id,
            Err(trouble) if is_new && trouble.is_definite() => {
                self.store.abandon().await?;
                return Err(untested(trouble).then("rolled back: nothing was changed"));
            }
            Err(trouble) => return Err(untested(trouble).then(AGAIN)),
        };
        self.moved_to(&id).await.map_err(|fault| fault.then(AGAIN))?;
        self.store.promote(!self.compromised).await.map_err(|fault| fault.then(AGAIN))?;
        let old =
            if self.compromised { "the old one is gone" } else { "the old one counts for 24 h" };
        self.output.step("secret", "current", old);
        Ok(())
    }

    async fn roll_back(&self) -> Outcome<()> {
        let stages = self.store.stages().await?;
        if stages.pending.is_none() {
            return Err(Fault::nothing("no rotation was stopped: there is nothing to undo"));
        }
        let again = "the door takes both secrets: run this again";
        let id = self.created(&usable(&stages.current)?).await;
        let id = id.map_err(|trouble| untested(trouble).then(again))?;
        self.moved_to(&id).await.map_err(|fault| fault.then(again))?;
        self.store.abandon().await?;
        self.output.step("secret", "kept", "the pending one is forgotten");
        Ok(())
    }

    /// A new destination, which Cloudflare makes only if the door takes its test.
    async fn created(&self, auth: &Auth) -> Result<String, Trouble<Refusal>> {
        let destinations = self.account.destinations().await?;
        let old = at(&destinations, &self.endpoint);
        let name = old.first().map_or("certhooks", |old| &old.name);
        let name = dated(name, OffsetDateTime::now_utc());
        let new = NewDestination { name: &name, url: &self.endpoint, auth };
        let mut looks = 1;
        let id = loop {
            tokio::time::sleep(REFRESH).await;
            match self.account.create_destination(&new).await {
                Err(Trouble::Refused(Refusal::Other { .. })) if looks < LOOKS => looks += 1,
                created => break created?,
            }
        };
        let detail = format!("{id}, and the door took Cloudflare's test");
        self.output.step("destination", "created", &detail);
        Ok(id)
    }

    /// Lets this destination be the only one with its address.
    async fn moved_to(&self, id: &str) -> Outcome<()> {
        let destinations = self.account.destinations().await?;
        let mut old = at(&destinations, &self.endpoint);
        old.retain(|destination| destination.id != id);
        for policy in self.account.policies().await? {
            if let Some(moved) = moved(&policy, &old, id) {
                let update = self.account.update_policy(&policy.id, &moved).await;
                update.map_err(|fault| fault.during("policy"))?;
                self.output.step("policy", "moved", &policy.id);
            }
        }
        for destination in old {
            let deleted = self.account.delete_destination(&destination.id).await;
            deleted.map_err(|fault| fault.during("old destination"))?;
            self.output.step("destination", "removed", &destination.id);
        }
        Ok(())
    }

    /// Sees that the door refuses the old secret. One that it does not know makes it look at its
    /// secret.
    async fn ended(&self, old: &Auth) -> Outcome<()> {
        let prober = Prober::new().map_err(|error| Fault::failed(error.to_string()))?;
        let url = credentials::address("the endpoint", &self.endpoint)?;
        let unknown = usable(&self.store.random()?)?;
        let ask = async |secret: &Auth| {
            let request = prober.post(&url, TEST).header("cf-webhook-auth", secret.expose());
            Taken::of(request).await
        };
        for _ in 0..LOOKS {
            tokio::time::sleep(REFRESH).await;
            let _made_to_look = ask(&unknown).await;
            if matches!(ask(old).await, Taken::Answered { status: 401, .. }) {
                let note = "the door refuses it (further copies of a function: after \
                            SECRET_CACHE_SECONDS at the latest)";
                self.output.step("old secret", "ended", note);
                return Ok(());
            }
        }
        self.output.warn(
            "that the door refuses the old secret was not seen from here; it ends after \
             SECRET_CACHE_SECONDS",
        );
        Ok(())
    }
}

fn usable(secret: &SecretString) -> Outcome<Auth> {
    Auth::of(secret).map_err(|fault| Fault::usage(format!("the webhook secret: {fault}")))
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
