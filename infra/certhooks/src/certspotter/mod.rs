//! Cert Spotter's part of the command: `certhooks certspotter …`, and the checks of `certhooks doctor`.

mod args;

use std::io;

use boot::Environment;
use clap::Args;
use envelope::Provider;
use providers::certspotter::{
    DOMAINS_VARIABLE, ListedIssuance, SSLMATE_API_BASE, SSLMATE_API_BASE_VARIABLE, authorize_key,
    basic_key, classify_authorized, classify_issuances, domains, issuances,
};
use serde_json::{Value, json};

use self::args::{Access, Authorize, Certspotter, Command, Issuances};
use crate::client::Client;
use crate::credentials;
use crate::display::clean;
use crate::doctor::{Context, Finding, Report};
use crate::error::{CommandError, CommandResult};
use crate::expect::named;
use crate::output::Output;
use crate::rows::{CommandRow, Row, parsed};

const PROVIDER: Provider = Provider::CERTSPOTTER;

pub(crate) static ROW: Row = Row {
    provider: PROVIDER,
    commands: &[CommandRow {
        name: "certspotter",
        define: Certspotter::augment_args,
        run: |matches| Box::pin(run(parsed(matches))),
    }],
    rotate: None,
    doctor_options: |command| command,
    doctor: |context, report| Box::pin(check(context, report)),
};

async fn run(Certspotter { command, access }: Certspotter) -> CommandResult<()> {
    match &command {
        Command::Authorize(arguments) => authorize(&access, arguments).await,
        Command::Issuances(arguments) => list(&access, arguments).await,
    }
}

async fn authorize(access: &Access, arguments: &Authorize) -> CommandResult<()> {
    let certificate = named(Some(&arguments.file), &arguments.name)?;
    let names = certificate.names.unwrap_or_default().dns;
    let key = certificate.spki_sha256.unwrap_or_default();
    let environment = Environment::of_process();
    let stored = api_key(access, &environment).await?;
    let (name, base) = match (&access.base, environment.optional(SSLMATE_API_BASE_VARIABLE)) {
        (Some(base), _) => ("--base", base.as_str()),
        (None, variable) => (SSLMATE_API_BASE_VARIABLE, variable.unwrap_or(SSLMATE_API_BASE)),
    };
    let basic = basic_key(&stored).ok_or_else(|| CommandError::usage("the API key is empty"))?;
    let client = Client::at(processing::api_base(name, base)?, basic)?;
    client.call(&authorize_key(&key, &names), classify_authorized).await?;
    let output = Output { json: access.common.json };
    output.say(
        &clean(&format!("{key}  authorized for {}", names.join(", "))),
        &json!({ "pubkey_sha256": key, "dns_names": names }),
    );
    Ok(())
}

async fn list(access: &Access, arguments: &Issuances) -> CommandResult<()> {
    let environment = Environment::of_process();
    let client = client(access, &environment).await?;
    let output = Output { json: access.common.json };
    let mut after = arguments.after.clone();
    let mut count = 0_usize;
    loop {
        let request = issuances(&arguments.domain, after.as_deref());
        let page = client.call(&request, classify_issuances).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        count += page.len();
        for issuance in &page {
            output.say(&line(issuance), &object(issuance));
        }
    }
    if count == 0 {
        return Err(CommandError::not_found("the logs show nothing new for this domain"));
    }
    Ok(())
}

fn line(issuance: &ListedIssuance) -> String {
    let ListedIssuance { id, dns_names, not_after, issuer, .. } = issuance;
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let (not_after, issuer) = (text(not_after), text(issuer));
    clean(&format!("{id}  until {not_after}  {issuer}  {}", dns_names.join(", ")))
}

fn object(issuance: &ListedIssuance) -> Value {
    let ListedIssuance { id, tbs_sha256, dns_names, not_after, issuer, .. } = issuance;
    json!({
        "id": id,
        "tbs_sha256": tbs_sha256,
        "dns_names": dns_names,
        "not_after": not_after,
        "issuer": issuer,
    })
}

/// Checks the API key, and whether the list of the first domain can be read.
async fn check(context: &Context, report: &mut Report) -> io::Result<Option<String>> {
    let environment = Environment::of_process();
    let scope = PROVIDER.as_str();
    let Some(text) = environment.optional(DOMAINS_VARIABLE) else {
        if context.is_named(PROVIDER) {
            let detail = "no domains are named, so that a webhook that is lost stays lost";
            let fix = "set CERTSPOTTER_DOMAINS to the monitored domains, and CERTSPOTTER_API_KEY";
            report.add(scope, "domains", Finding::warning(detail, fix))?;
        }
        return Ok(None);
    };
    let listed = match domains(text) {
        Ok(listed) => listed,
        Err(problem) => {
            let fix = "name registered domains, comma-separated";
            report.add(
                scope,
                "domains",
                Finding::error(format!("{DOMAINS_VARIABLE}: {problem}"), fix),
            )?;
            return Ok(None);
        }
    };
    report.add(scope, "domains", Finding::ok(listed.join(", ")))?;
    let common = context.common().clone();
    let access = Access { api_key_file: None, base: None, common };
    let first = listed.first().map(String::as_str).unwrap_or_default();
    let asked = async {
        let client = client(&access, &environment).await?;
        Ok::<_, CommandError>(client.call(&issuances(first, None), classify_issuances).await?)
    };
    let finding = match asked.await {
        Ok(_) => Finding::ok("the API key can list certificates"),
        Err(error) => Finding::error(error.message(), "set CERTSPOTTER_API_KEY to a valid key"),
    };
    report.add(scope, "api-key", finding)?;
    // Its configuration cannot be read, so neither can the address that it sends to.
    Ok(None)
}

async fn client(access: &Access, environment: &Environment) -> CommandResult<Client> {
    let stored = api_key(access, environment).await?;
    Client::new(PROVIDER, access.base.as_deref(), &stored, environment)
}

async fn api_key(
    access: &Access,
    environment: &Environment,
) -> CommandResult<secrecy::SecretString> {
    let option = ("--api-key-file", access.api_key_file.as_deref());
    credentials::api_key(PROVIDER, option, &access.common.state, environment).await
}
