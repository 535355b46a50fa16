use std::error::Error;
use std::fmt;
use std::time::Duration;

use boot::Environment;
use envelope::Provider;
use processing::http::{self, is_loopback};
use providers::api::{Answer, Key, Request};
use providers::profile;
use providers::receiver::SecretFault;
use providers::refusal::Refusal;
use providers::secret::Stored;
use reqwest::Url;
use secrecy::SecretString;

use crate::display::clean;
use crate::error::{CommandError, CommandResult};

/// Maximum size of an answer, in bytes. The largest known, a page of an event log, is below 1 MB.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;
/// Longer than any call takes, each of which has a time limit of its own.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client of a provider's API, for the operator's commands.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Key,
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum CallError {
    Refused(Refusal),
    /// No complete answer arrived, so it is unknown whether the provider did what was asked.
    Unanswered(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unanswered(reason) => f.write_str(reason),
        }
    }
}

impl From<CallError> for CommandError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(refusal) => refusal.into(),
            CallError::Unanswered(reason) => Self::failed(reason),
        }
    }
}

impl CallError {
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Unanswered(_) => None,
        }
    }

    /// Whether it is certain that the provider did nothing.
    pub(crate) fn is_definite(&self) -> bool {
        self.refusal().is_some_and(Refusal::is_definite)
    }

    /// Whether it is the documented refusal with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.is(code))
    }
}

impl Client {
    /// A client with a stored API key. The base URL is that of `--base`, else of the provider's variable,
    /// else the provider's own.
    ///
    /// # Errors
    /// The base URL or the key cannot be used.
    pub(crate) fn new(
        provider: Provider,
        base: Option<&str>,
        stored_key: &SecretString,
        environment: &Environment,
    ) -> CommandResult<Self> {
        let api = &profile::of(provider).api;
        let base = base_url(provider, base, environment)?;
        let unusable = |reason: &dyn fmt::Display| {
            let (called, variable) = (api.key_name, api.secret.variable);
            format!(
                "the {called} ({variable}, or where it was taken from) cannot be used: {reason}"
            )
        };
        // No error of the key quotes it.
        if let Err(fault) = Stored::read(stored_key).first(api.secret.stored_as) {
            return Err(match fault {
                SecretFault::ControlCharacter => CommandError::failed(unusable(&fault)),
                _ => CommandError::usage(unusable(&fault)),
            });
        }
        let key = (api.key)(stored_key);
        let key = key.ok_or_else(|| CommandError::usage(unusable(&"create another one")))?;
        Self::at(base, key)
    }

    /// A client of the API at this base.
    ///
    /// # Errors
    /// Only when the TLS back end does not start.
    pub(crate) fn at(base: Url, key: Key) -> CommandResult<Self> {
        Ok(Self { http: http::client(TIMEOUT, &base)?, base, key })
    }

    /// Makes one call, without a retry. `classify` says what the answer means.
    pub(crate) async fn call<T>(
        &self,
        request: &Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        let unanswered = |reason: &str| CallError::Unanswered(format!("{}: {reason}", self.base));
        let built = http::management_call(&self.http, &self.base, request, &self.key);
        let built = built.ok_or_else(|| {
            unanswered("the API key contains a character that a header cannot carry")
        })?;
        let answered = async {
            let response = built.timeout(request.timeout).send().await?;
            let (status, is_encoded) = (response.status().as_u16(), http::is_encoded(&response));
            Ok((status, is_encoded, http::body(response, ANSWER_LIMIT).await?))
        };
        let (status, is_encoded, body) =
            answered.await.map_err(|error| unanswered(&cause(&error)))?;
        let body = body.ok_or_else(|| {
            unanswered("the answer is larger than 16 MiB; check that the base URL is right")
        })?;
        if is_encoded {
            return Err(unanswered(
                "the answer is compressed, which was not asked for; check that no proxy is in between",
            ));
        }
        classify(&Answer { status, retry_after: None, body: &body }).map_err(|refusal| {
            CallError::Refused(refusal.without_secrets(&request.secrets(&self.key)))
        })
    }
}

/// The base URL of a provider's API: that of `--base`, else of the variable, else the provider's own.
///
/// # Errors
/// The URL is invalid; the error names the option or variable.
pub(crate) fn base_url(
    provider: Provider,
    option: Option<&str>,
    environment: &Environment,
) -> CommandResult<Url> {
    let profile::Api { base, base_variable, .. } = profile::of(provider).api;
    let (name, base) = match (option, environment.optional(base_variable)) {
        (Some(base), _) => ("--base", base),
        (None, variable) => (base_variable, variable.unwrap_or(base)),
    };
    Ok(processing::api_base(name, base)?)
}

/// The URL of a webhook endpoint: https, or http on a loopback address, since only a simulated provider
/// sends there.
///
/// # Errors
/// The URL is invalid. The error quotes it only where it cannot contain a password.
pub(crate) fn endpoint_url(option: &str, text: &str) -> CommandResult<Url> {
    let url = Url::parse(text).map_err(|_| {
        CommandError::usage(format!(
            "{option}: not a valid URL; it must look like https://hooks.example.com"
        ))
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(CommandError::usage(format!(
            "{option}: must not contain a user name or password"
        )));
    }
    let error = |problem: &str| CommandError::usage(format!("{option} {}: {problem}", clean(text)));
    if url.fragment().is_some() {
        return Err(error("must not contain a fragment (#)"));
    }
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err(error("must begin with https:// (http:// is allowed on a loopback address only)")),
    }
}

/// Whether a URL ends with the route of the provider's webhook endpoint.
pub(crate) fn has_route(provider: Provider, endpoint: &str) -> bool {
    let path = Url::parse(endpoint).map(|url| url.path().trim_end_matches('/').to_owned());
    path.is_ok_and(|path| path.ends_with(profile::of(provider).route))
}

/// The error of a provider that could not reach an endpoint, with what may be wrong with its address.
pub(crate) fn about_endpoint(
    error: CommandError,
    provider: Provider,
    endpoint: &str,
) -> CommandError {
    let route = profile::of(provider).route;
    match has_route(provider, endpoint) {
        true => error,
        false => error.followed_by(&format!("{endpoint}: is the path {route} missing?")),
    }
}

/// Whether two addresses are the same URL, as `https://a.example` and `https://A.example/` are.
pub(crate) fn same_address(one: &str, other: &str) -> bool {
    one == other
        || matches!((Url::parse(one), Url::parse(other)), (Ok(one), Ok(other)) if one == other)
}

/// The innermost cause on one line. The outer ones repeat the URL, which may contain a key.
pub(crate) fn innermost(error: &reqwest::Error) -> Option<String> {
    let mut innermost = error.source()?;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    Some(innermost.to_string().replace(['\n', '\r'], " "))
}

fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within the time limit; check that this machine can reach it, and try again".to_owned();
    }
    let Some(innermost) = innermost(error) else {
        return "the request cannot be sent; check that the base URL is right".to_owned();
    };
    if error.is_connect() {
        return format!("no connection ({innermost}); check that this machine can reach it");
    }
    format!("no complete answer ({innermost}); try again")
}

#[cfg(test)]
mod tests {
    use super::endpoint_url;

    #[test]
    fn endpoints_are_https_or_on_this_machine() {
        for (text, fault) in [
            ("https://webhook.example.com/endpoint", None),
            ("https://hooks.example.com:8443/a/b?c=d", None),
            ("http://127.0.0.1:3000/webhooks/digicert", None),
            ("http://localhost:3000/", None),
            ("http://[::1]:3000/x", None),
            ("http://hooks.example.com/", Some("must begin with https://")),
            ("http://127.0.0.1.example.com/", Some("must begin with https://")),
            ("http://10.0.0.1/", Some("must begin with https://")),
            ("ftp://hooks.example.com/", Some("must begin with https://")),
            ("https://me:pass@hooks.example.com/", Some("user name or password")),
            ("https://hooks.example.com/#x", Some("fragment (#)")),
            ("hooks.example.com/webhook", Some("not a valid URL")),
            ("hooks.example.com", Some("not a valid URL")),
            ("/webhooks/digicert", Some("not a valid URL")),
            ("https://", Some("not a valid URL")),
            ("https://hooks example.com/", Some("not a valid URL")),
            ("", Some("not a valid URL")),
        ] {
            match (endpoint_url("--endpoint", text), fault) {
                (Ok(url), None) => assert_eq!(url.as_str(), text),
                (Err(error), Some(fault)) => assert!(error.message().contains(fault), "{text}"),
                (outcome, _) => panic!("{text}: {outcome:?}"),
            }
        }
    }
}
