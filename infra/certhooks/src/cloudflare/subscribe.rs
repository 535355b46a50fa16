use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use providers::cloudflare::alerting::{Destination, NewDestination, Policy, new_policy};

use crate::cloudflare::account::{self, at};
use crate::cloudflare::session::Session;
use crate::cloudflare::words::Subscribe;
use crate::fault::{Fault, Outcome};

pub(crate) async fn run(session: &Session, words: &Subscribe) -> Outcome<()> {
    let named = words.endpoint.as_deref().map(account::endpoint).transpose()?;
    let (auth, told) = session.door(&words.here).await?;
    let endpoint = match (named, told) {
        (Some(endpoint), _) => endpoint,
        (None, Some(url)) => account::endpoint(&url)?,
        (None, None) => return Err(Fault::usage("--endpoint: is needed without --stack")),
    };
    let destinations = session.account.destinations().await?;
    let policies = session.account.policies().await?;
    let here = at(&destinations, endpoint.as_str());
    let id = match served(&here, &policies) {
        Some(destination) => {
            let new =
                NewDestination { name: &destination.name, url: &destination.url, auth: &auth };
            session.output.step("destination", "already", &destination.id);
            let tested = session.account.save_destination(&destination.id, &new).await;
            tested.map_err(|trouble| account::untested(trouble).during("test"))?;
            destination.id.clone()
        }
        None => {
            let new = NewDestination { name: &words.name, url: endpoint.as_str(), auth: &auth };
            let id = session.account.create_destination(&new).await;
            let id = id.map_err(|trouble| account::untested(trouble).during("destination"))?;
            session.output.step("destination", "created", &id);
            id
        }
    };
    session.output.step("test", "done", "the door took Cloudflare's live test");
    policy(session, &words.name, &id, &policies).await.map_err(|fault| fault.during("policy"))
}

/// Of several with the same address the one that a policy sends to.
fn served<'a>(here: &[&'a Destination], policies: &[Policy]) -> Option<&'a Destination> {
    let is_served =
        |destination: &&&Destination| policies.iter().any(|policy| policy.serves(&destination.id));
    here.iter().find(is_served).or(here.first()).copied()
}

async fn policy(session: &Session, name: &str, id: &str, policies: &[Policy]) -> Outcome<()> {
    let about = |policy: &&Policy| policy.is_about_custom_hostnames() && policy.sends_to(id);
    let mut ours: Vec<&Policy> = policies.iter().filter(about).collect();
    ours.sort_by_key(|policy| !policy.is_enabled);
    match ours.first() {
        Some(policy) if policy.is_enabled => session.output.step("policy", "already", &policy.id),
        Some(policy) => {
            session.account.update_policy(&policy.id, &policy.enabled()).await?;
            session.output.step("policy", "enabled", &policy.id);
        }
        None => {
            let policy = new_policy(name, CUSTOM_HOSTNAMES_ALERT, &[id]);
            let id = session.account.create_policy(&policy).await?;
            session.output.step("policy", "created", &id);
        }
    }
    Ok(())
}
