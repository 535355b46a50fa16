//! Prints the request by which a provider sends a body, as `certhooks send` makes it, so that the tests of the stack need
//! not know how each provider authenticates. Reads JSON from standard input: `provider` is the name in its row, `secret`
//! the webhook secret as it is stored, and `body` text.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use providers::profile::{self, SampleRequest};
use serde_json::{Value, json};
use time::OffsetDateTime;

fn main() -> Result<()> {
    let input: Value = serde_json::from_reader(std::io::stdin())?;
    let text = |member: &str| input[member].as_str().with_context(|| format!("no {member}"));
    let name = text("provider")?;
    let row = profile::ALL.iter().find(|row| row.name == name);
    let row = row.with_context(|| format!("no provider has the name {name}"))?;
    let (secret, body) = (text("secret")?.into(), text("body")?.into());
    let request = (row.samples.request)(&secret, body, OffsetDateTime::now_utc())?;
    let SampleRequest { method, query, headers, body } = request;
    let headers: BTreeMap<_, _> = headers.into_iter().collect();
    let (method, body) = (method.as_str(), String::from_utf8(body)?);
    println!("{}", json!({"method": method, "query": query, "headers": headers, "body": body}));
    Ok(())
}
