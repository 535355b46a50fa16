use processing::http;
use providers::cloudflare::CloudflareReceiver;
use providers::cloudflare::admin::{Destination, NewDestination, Policy, delete_destination};
use providers::refusal::Kind;
use providers::sent_secret::SentSecret;
use secrecy::SecretString;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::archive::list_suspects;
use crate::args::RotationArgs;
use crate::client::{CallError, endpoint_url, same_address};
use crate::cloudflare::args::Rotate;
use crate::cloudflare::session::{PROVIDER, Session, advise_on_test, destinations_at, endpoint};
use crate::credentials::usable;
use crate::display::whole_seconds;
use crate::doctor::{self, ProbeResult};
use crate::error::{CommandError, CommandResult};
use crate::installation::Rotation;
use crate::installation::rotation::{ROLLED_BACK, TEST_INTERVAL, TESTS, confirm_refused};
use crate::output::Output;

/// The secret that is rotated, for people.
const SECRET: &str = "the webhook secret";
const RUN_AGAIN: &str = "the webhook endpoint accepts both secrets; run `certhooks cloudflare rotate` \
                         again to finish, or with --roll-back to undo it";

/// The steps of a rotation. Cloudflare never shows a secret, so after a rotation was stopped nobody can
/// tell which destination has which secret. That does not matter: each run creates one more destination
/// with the secret that is to be current, moves the policies to it, and removes the other destinations
/// with this address.
struct RotationPlan<'a> {
    session: &'a Session,
    output: Output,
    secret: Box<dyn Rotation + 'a>,
    endpoint: String,
    compromised: bool,
}

pub(crate) async fn run(session: &Session, arguments: &Rotate) -> CommandResult<()> {
    let RotationArgs { compromised, list, since, roll_back, stack } = &arguments.rotation;
    let installation = session.installation(stack).await?;
    if *list {
        return list_suspects(&*installation, PROVIDER, *since, session.output).await;
    }
    let secret = installation.rotation(PROVIDER)?;
    // The address is found before anything is stored, so that a wrong token or address changes nothing.
    let endpoint = served_endpoint(session, arguments).await?;
    let output = session.output;
    let plan = RotationPlan { session, output, secret, endpoint, compromised: *compromised };
    if *roll_back {
        return plan.roll_back().await;
    }
    plan.rotate().await?;
    list_suspects(&*installation, PROVIDER, *since, output).await
}

impl RotationPlan<'_> {
    async fn rotate(&self) -> CommandResult<()> {
        let stages = self.secret.stages().await?;
        if let Some(pending) = stages.pending {
            self.output.step("secret", "pending", "it was stored by a rotation that was stopped");
            self.finish(&pending, false).await?;
            if !self.compromised {
                return Ok(());
            }
            // The pending secret may be compromised like the current one, so it is replaced too.
        }
        let next = self.secret.begin_random().await?;
        self.output.step(
            "secret",
            "pending",
            "a new one is stored; the webhook endpoint accepts both",
        );
        self.finish(&next, true).await?;
        match usable::<CloudflareReceiver>(SECRET, &stages.current) {
            Ok(old) if self.compromised => self.confirm_refused(&old).await,
            // A secret that was never filled in cannot have been sent.
            _ => Ok(()),
        }
    }

    /// Makes `next` the current secret. Where it `is_new`, only the installation has it, so it can be
    /// forgotten after a refusal.
    async fn finish(&self, next: &SecretString, is_new: bool) -> CommandResult<()> {
        let id = match self.create_destination(&usable::<CloudflareReceiver>(SECRET, next)?).await {
            Ok(id) => id,
            Err(error) if is_new && error.is_definite() => {
                self.secret.abandon().await?;
                return Err(advise_on_test(error).followed_by(ROLLED_BACK));
            }
            Err(error) => return Err(advise_on_test(error).followed_by(RUN_AGAIN)),
        };
        self.replace_destinations(&id).await.map_err(|error| error.followed_by(RUN_AGAIN))?;
        let promoted = self.secret.promote(!self.compromised).await;
        promoted.map_err(|error| CommandError::from(error).followed_by(RUN_AGAIN))?;
        let old = if self.compromised {
            "the old one ended"
        } else {
            "the old one is valid for another 24 hours"
        };
        self.output.step("secret", "current", old);
        Ok(())
    }

    async fn roll_back(&self) -> CommandResult<()> {
        let stages = self.secret.stopped().await?;
        let again = "the webhook endpoint accepts both secrets; run this command again";
        let id =
            self.create_destination(&usable::<CloudflareReceiver>(SECRET, &stages.current)?).await;
        let id = id.map_err(|error| advise_on_test(error).followed_by(again))?;
        self.replace_destinations(&id).await.map_err(|error| error.followed_by(again))?;
        self.secret.abandon().await?;
        self.output.step("secret", "kept", "the pending one was forgotten");
        Ok(())
    }

    /// Creates a destination, which Cloudflare does only if the webhook endpoint accepts its test, and
    /// returns its id.
    async fn create_destination(&self, auth: &SentSecret) -> Result<String, CallError> {
        let destinations = self.session.destinations().await?;
        let old = destinations_at(&destinations, &self.endpoint);
        let name = old.first().map_or("certhooks", |old| &old.name);
        let name = dated(name, OffsetDateTime::now_utc());
        let new = NewDestination { name: &name, url: &self.endpoint, auth };
        let mut tests = 1;
        let id = loop {
            tokio::time::sleep(TEST_INTERVAL).await;
            match self.session.create_destination(&new).await {
                Err(CallError::Refused(refusal))
                    if refusal.kind == Kind::Other && tests < TESTS =>
                {
                    tests += 1;
                }
                created => break created?,
            }
        };
        let detail = format!("{id}; the endpoint accepted Cloudflare's test");
        self.output.step("destination", "created", &detail);
        Ok(id)
    }

    /// Moves the policies to this destination, and deletes the others with its address.
    async fn replace_destinations(&self, id: &str) -> CommandResult<()> {
        let destinations = self.session.destinations().await?;
        let mut old = destinations_at(&destinations, &self.endpoint);
        old.retain(|destination| destination.id != id);
        for policy in self.session.policies().await? {
            if let Some(moved) = moved(&policy, &old, id) {
                let update = self.session.update_policy(&policy.id, &moved).await;
                update.map_err(|error| error.during("policy"))?;
                self.output.step("policy", "moved", &policy.id);
            }
        }
        for destination in old {
            let deleted =
                self.session.act(&delete_destination(&self.session.account, &destination.id)).await;
            deleted.map_err(|error| error.during("old destination"))?;
            self.output.step("destination", "removed", &destination.id);
        }
        Ok(())
    }

    async fn confirm_refused(&self, old: &SentSecret) -> CommandResult<()> {
        let url = endpoint_url("the endpoint", &self.endpoint)?;
        let unknown = usable::<CloudflareReceiver>(SECRET, &embedded::random_secret()?)?;
        let client = http::client(doctor::LIMIT, &url)?;
        let is_refused = async |secret: &SentSecret| {
            let stored = SecretString::from(secret.expose());
            let sent = doctor::probe(&client, PROVIDER, &url, Some(&stored)).await;
            matches!(sent, Ok(ProbeResult::Answered { status: 401, .. }))
        };
        confirm_refused(self.output, "old secret", async || {
            let _makes_it_read = is_refused(&unknown).await;
            is_refused(old).await
        })
        .await;
        Ok(())
    }
}

/// The policy with the new destination instead of all the old ones; `None` when it has none of them.
fn moved(policy: &Policy, old: &[&Destination], new: &str) -> Option<Map<String, Value>> {
    let old: Vec<&str> = old.iter().map(|destination| destination.id.as_str()).collect();
    old.iter().any(|id| policy.sends_to(id)).then(|| policy.moved(&old, new))
}

/// `NAME (2026-11-22T10:15:00Z)`, so that two destinations can be distinguished in a list.
fn dated(name: &str, now: OffsetDateTime) -> String {
    let undated = match name.rsplit_once(" (20") {
        Some((name, date)) if date.ends_with("Z)") => name,
        _ => name,
    };
    format!("{undated} ({})", whole_seconds(now))
}

/// The address that is given, else the only one that policies for custom hostnames send to.
async fn served_endpoint(session: &Session, arguments: &Rotate) -> CommandResult<String> {
    let destinations = session.destinations().await?;
    let policies = session.policies().await?;
    let mut served: Vec<&str> = destinations
        .iter()
        .filter(|destination| policies.iter().any(|policy| policy.serves(&destination.id)))
        .map(|destination| destination.url.as_str())
        .collect();
    if let Some(named) = &arguments.endpoint {
        let endpoint = endpoint(named)?;
        served.retain(|url| same_address(url, endpoint.as_str()));
    }
    served.dedup_by(|one, other| same_address(one, other));
    match served.as_slice() {
        [url] => Ok((*url).to_owned()),
        [] => Err(CommandError::not_found(
            "no policy for custom hostnames sends to this endpoint; run `certhooks cloudflare subscribe` first",
        )),
        _ => {
            Err(CommandError::usage("policies send to several addresses; name one with --endpoint"))
        }
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
