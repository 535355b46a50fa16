use providers::cloudflare::admin::{Policy, delete_policy, new_policy};
use serde_json::{Value, json};

use crate::cloudflare::args::CreatePolicy;
use crate::cloudflare::destination::check_id;
use crate::cloudflare::session::Session;
use crate::display::clean;
use crate::error::{CommandError, CommandResult};

pub(crate) async fn list(session: &Session, all: bool) -> CommandResult<()> {
    let mut policies = session.policies().await?;
    policies.retain(|policy| all || !policy.destinations.is_empty());
    for policy in &policies {
        session.output.say(&line(policy), &object(policy));
    }
    if policies.is_empty() {
        return Err(CommandError::not_found(
            "the account has no policy that sends to a webhook; create one with `certhooks \
             cloudflare subscribe`",
        ));
    }
    Ok(())
}

pub(crate) async fn create(session: &Session, arguments: &CreatePolicy) -> CommandResult<()> {
    arguments.destination.iter().try_for_each(|id| check_id(id))?;
    let destinations: Vec<&str> = arguments.destination.iter().map(String::as_str).collect();
    let policy = new_policy(&arguments.name, &arguments.alert_type, &destinations);
    let id = session.create_policy(&policy).await?;
    session.output.say(
        &format!("{id}  created"),
        &json!({ "id": id, "name": arguments.name, "alert_type": arguments.alert_type }),
    );
    Ok(())
}

pub(crate) async fn delete(session: &Session, id: &str) -> CommandResult<()> {
    check_id(id)?;
    session.act(&delete_policy(&session.account, id)).await?;
    session.output.say(&format!("{id}  deleted"), &json!({ "id": id, "deleted": true }));
    Ok(())
}

fn line(policy: &Policy) -> String {
    let Policy { id, name, alert_type, is_enabled, destinations, .. } = policy;
    let enabled = if *is_enabled { "on " } else { "off" };
    clean(&format!("{id}  {enabled}  {name}  {alert_type} -> {}", destinations.join(", ")))
}

fn object(policy: &Policy) -> Value {
    let Policy { id, name, alert_type, is_enabled, destinations, .. } = policy;
    json!({
        "id": id,
        "name": name,
        "alert_type": alert_type,
        "enabled": is_enabled,
        "destinations": destinations,
    })
}
