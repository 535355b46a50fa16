use providers::cloudflare::CUSTOM_HOSTNAMES_ALERT;
use providers::cloudflare::admin::{Destination, NewDestination, Policy, new_policy};

use crate::client::about_endpoint;
use crate::cloudflare::args::Subscribe;
use crate::cloudflare::session::{
    PROVIDER, Session, advise_on_test, current_auth, destinations_at, endpoint,
};
use crate::error::CommandResult;

pub(crate) async fn run(session: &Session, arguments: &Subscribe) -> CommandResult<()> {
    let named = arguments.endpoint.endpoint.as_deref();
    named.map(endpoint).transpose()?;
    let installation = session.installation(&arguments.endpoint.stack).await?;
    let endpoint = endpoint(&installation.endpoint_or(named, PROVIDER)?)?;
    let auth = current_auth(&*installation).await?;
    let destinations = session.destinations().await?;
    let policies = session.policies().await?;
    let candidates = destinations_at(&destinations, endpoint.as_str());
    let id = match preferred(&candidates, &policies) {
        Some(destination) => {
            let new =
                NewDestination { name: &destination.name, url: &destination.url, auth: &auth };
            session.output.step("destination", "already", &destination.id);
            let tested = session.save_destination(&destination.id, &new).await;
            tested.map_err(|error| advise_on_test(error).during("test"))?;
            destination.id.clone()
        }
        None => {
            let new = NewDestination { name: &arguments.name, url: endpoint.as_str(), auth: &auth };
            let id = session.create_destination(&new).await;
            let id = id.map_err(|error| {
                let error = advise_on_test(error).during("destination");
                about_endpoint(error, PROVIDER, endpoint.as_str())
            })?;
            session.output.step("destination", "created", &id);
            id
        }
    };
    session.output.step("test", "done", "the endpoint accepted Cloudflare's live test");
    ensure_policy(session, &arguments.name, &id, &policies)
        .await
        .map_err(|error| error.during("policy"))
}

/// Of several destinations with the same address, one that a policy sends to.
fn preferred<'a>(candidates: &[&'a Destination], policies: &[Policy]) -> Option<&'a Destination> {
    let is_served =
        |destination: &&&Destination| policies.iter().any(|policy| policy.serves(&destination.id));
    candidates.iter().find(is_served).or(candidates.first()).copied()
}

async fn ensure_policy(
    session: &Session,
    name: &str,
    id: &str,
    policies: &[Policy],
) -> CommandResult<()> {
    let is_ours = |policy: &&Policy| policy.is_about_custom_hostnames() && policy.sends_to(id);
    let mut ours: Vec<&Policy> = policies.iter().filter(is_ours).collect();
    ours.sort_by_key(|policy| !policy.is_enabled);
    match ours.first() {
        Some(policy) if policy.is_enabled => session.output.step("policy", "already", &policy.id),
        Some(policy) => {
            session.update_policy(&policy.id, &policy.enabled()).await?;
            session.output.step("policy", "enabled", &policy.id);
        }
        None => {
            let policy = new_policy(name, CUSTOM_HOSTNAMES_ALERT, &[id]);
            let id = session.create_policy(&policy).await?;
            session.output.step("policy", "created", &id);
        }
    }
    Ok(())
}
