use envelope::rfc3339;
use providers::cloudflare::admin::{Destination, NewDestination, delete_destination};
use providers::cloudflare::is_id;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::client::about_endpoint;
use crate::cloudflare::args::{CreateDestination, Test};
use crate::cloudflare::session::{PROVIDER, Session, advise_on_test, endpoint};
use crate::display::clean;
use crate::error::{CommandError, CommandResult};

pub(crate) async fn list(session: &Session) -> CommandResult<()> {
    let destinations = session.destinations().await?;
    for destination in &destinations {
        session.output.say(&line(destination), &object(destination));
    }
    if destinations.is_empty() {
        return Err(CommandError::not_found(
            "the account has no webhook destination; create one with `certhooks cloudflare subscribe`",
        ));
    }
    Ok(())
}

pub(crate) async fn create(session: &Session, arguments: &CreateDestination) -> CommandResult<()> {
    let endpoint = endpoint(&arguments.endpoint)?;
    let auth = session.auth(&arguments.secret).await?;
    let new = NewDestination { name: &arguments.name, url: endpoint.as_str(), auth: &auth };
    let id = session.create_destination(&new).await;
    let id = id.map_err(|error| about_endpoint(advise_on_test(error), PROVIDER, new.url))?;
    let text = format!("{id}  created; it accepted Cloudflare's test");
    session
        .output
        .say(&text, &json!({ "id": id, "name": arguments.name, "url": endpoint.as_str() }));
    Ok(())
}

pub(crate) async fn test(session: &Session, arguments: &Test) -> CommandResult<()> {
    let destination = only_destination(session, arguments.id.as_deref()).await?;
    let auth = session.auth(&arguments.secret).await?;
    let same = NewDestination { name: &destination.name, url: &destination.url, auth: &auth };
    let tested = session.save_destination(&destination.id, &same).await;
    tested.map_err(advise_on_test)?;
    let text = format!("{}  accepted Cloudflare's test: {}", destination.id, destination.url);
    session.output.say(&clean(&text), &json!({ "id": destination.id, "tested": true }));
    Ok(())
}

pub(crate) async fn delete(session: &Session, id: &str) -> CommandResult<()> {
    check_id(id)?;
    let policies = session.policies().await?;
    if let Some(policy) = policies.iter().find(|policy| policy.sends_to(id)) {
        return Err(CommandError::failed(format!(
            "the policy {} sends to this destination; delete the policy first, or replace the \
             destination with `certhooks cloudflare rotate`",
            policy.id
        )));
    }
    session.act(&delete_destination(&session.account, id)).await?;
    session.output.say(&format!("{id}  deleted"), &json!({ "id": id, "deleted": true }));
    Ok(())
}

pub(crate) fn check_id(id: &str) -> CommandResult<()> {
    if is_id(id) {
        Ok(())
    } else {
        Err(CommandError::usage(format!("`{}` is not an id", clean(id))))
    }
}

async fn only_destination(session: &Session, id: Option<&str>) -> CommandResult<Destination> {
    id.map(check_id).transpose()?;
    let mut destinations = session.destinations().await?;
    destinations.retain(|destination| id.is_none_or(|id| id == destination.id));
    match (destinations.pop(), destinations.is_empty()) {
        (Some(destination), true) => Ok(destination),
        (Some(_), false) => Err(CommandError::usage(
            "the account has several destinations; name one by its id, which `certhooks cloudflare \
             destination list` shows",
        )),
        (None, _) => Err(CommandError::not_found(
            "the account has no such destination; find its id with `certhooks cloudflare destination list`",
        )),
    }
}

fn line(destination: &Destination) -> String {
    let Destination { id, name, url, last_success, last_failure, .. } = destination;
    let text = |time: &Option<OffsetDateTime>| time.map_or_else(|| "never".to_owned(), rfc3339);
    let (success, failure) = (text(last_success), text(last_failure));
    clean(&format!("{id}  {name}  {url}  last success {success}  last failure {failure}"))
}

fn object(destination: &Destination) -> Value {
    let Destination { id, name, url, created, last_success, last_failure } = destination;
    json!({
        "id": id,
        "name": name,
        "url": url,
        "created": created.map(rfc3339),
        "last_success": last_success.map(rfc3339),
        "last_failure": last_failure.map(rfc3339),
    })
}
