use envelope::rfc3339;
use providers::cloudflare::alerting::{Destination, NewDestination};
use providers::cloudflare::is_id;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::cloudflare::account;
use crate::cloudflare::session::Session;
use crate::cloudflare::words::{CreateDestination, Test};
use crate::fault::{Fault, Outcome};
use crate::line::clean;

pub(crate) async fn list(session: &Session) -> Outcome<()> {
    let destinations = session.account.destinations().await?;
    for destination in &destinations {
        session.output.say(&line(destination), &object(destination));
    }
    if destinations.is_empty() {
        return Err(Fault::nothing(
            "the account has no webhook destination: make one with `certhooks cloudflare subscribe`",
        ));
    }
    Ok(())
}

pub(crate) async fn create(session: &Session, words: &CreateDestination) -> Outcome<()> {
    let endpoint = account::endpoint(&words.endpoint)?;
    let auth = session.auth(&words.secret).await?;
    let new = NewDestination { name: &words.name, url: endpoint.as_str(), auth: &auth };
    let id = session.account.create_destination(&new).await.map_err(account::untested)?;
    let text = format!("{id}  created, and took Cloudflare's test");
    session.output.say(&text, &json!({ "id": id, "name": words.name, "url": endpoint.as_str() }));
    Ok(())
}

pub(crate) async fn test(session: &Session, words: &Test) -> Outcome<()> {
    let destination = the_one(session, words.id.as_deref()).await?;
    let auth = session.auth(&words.secret).await?;
    let same = NewDestination { name: &destination.name, url: &destination.url, auth: &auth };
    let tested = session.account.save_destination(&destination.id, &same).await;
    tested.map_err(account::untested)?;
    let text = format!("{}  took Cloudflare's test: {}", destination.id, destination.url);
    session.output.say(&clean(&text), &json!({ "id": destination.id, "tested": true }));
    Ok(())
}

pub(crate) async fn delete(session: &Session, id: &str) -> Outcome<()> {
    checked(id)?;
    let policies = session.account.policies().await?;
    if let Some(policy) = policies.iter().find(|policy| policy.sends_to(id)) {
        return Err(Fault::failed(format!(
            "the policy {} sends to it: delete that first, or move it with `certhooks cloudflare \
             rotate`",
            policy.id
        )));
    }
    session.account.delete_destination(id).await?;
    session.output.say(&format!("{id}  deleted"), &json!({ "id": id, "deleted": true }));
    Ok(())
}

pub(crate) fn checked(id: &str) -> Outcome<()> {
    if is_id(id) { Ok(()) } else { Err(Fault::usage(format!("`{}` is no id", clean(id)))) }
}

async fn the_one(session: &Session, id: Option<&str>) -> Outcome<Destination> {
    id.map(checked).transpose()?;
    let mut destinations = session.account.destinations().await?;
    destinations.retain(|destination| id.is_none_or(|id| id == destination.id));
    match (destinations.pop(), destinations.is_empty()) {
        (Some(destination), true) => Ok(destination),
        (Some(_), false) => Err(Fault::usage(
            "the account has several destinations: name one by its id (`certhooks cloudflare \
             destination list`)",
        )),
        (None, _) => Err(Fault::nothing("there is no such destination in the account")),
    }
}

fn line(destination: &Destination) -> String {
    let Destination { id, name, url, last_success, last_failure, .. } = destination;
    let at = |moment: &Option<OffsetDateTime>| moment.map_or_else(|| "never".to_owned(), rfc3339);
    let (good, bad) = (at(last_success), at(last_failure));
    clean(&format!("{id}  {name}  {url}  last success {good}  last failure {bad}"))
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
