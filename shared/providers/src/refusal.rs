use std::fmt;

use crate::api::{Answer, suffix, without_quotes_of};

/// What a provider documents about the refusals of its management API.
#[derive(Debug, Eq, PartialEq)]
pub struct ManagementApi {
    /// The provider's name, for people.
    pub name: &'static str,
    /// What sets the base URL, for people.
    pub base: &'static str,
    /// Documented refusals. The first one that fits decides.
    pub known: &'static [Known],
    /// The kind of an error of the API whose code is not known, by status.
    pub by_status: &'static [(u16, Kind)],
}

/// A documented refusal.
#[derive(Debug, Eq, PartialEq)]
pub struct Known {
    pub kind: Kind,
    /// The provider's codes for it.
    pub codes: &'static [&'static str],
    pub problem: &'static str,
    /// What the operator can do.
    pub advice: &'static str,
}

/// What every caller can tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// The API key is wrong.
    KeyRefused,
    /// The API key has no right to this call.
    Forbidden,
    NotFound,
    RateLimited,
    /// Another documented refusal, which its code tells apart.
    Documented,
    /// Refused by the provider, for a reason that is not documented.
    Other,
    Unavailable,
    Redirect,
    Html,
    Unreadable,
}

/// Why an operator's call was refused, as one sentence that says what to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    api: &'static ManagementApi,
    known: Option<&'static Known>,
    pub kind: Kind,
    /// 0 for a refusal that needs no answer.
    pub status: u16,
    /// The provider's own code. `None` where it sent none.
    pub code: Option<String>,
    message: Option<String>,
}

/// An error in a provider's answer.
pub(crate) struct ApiError {
    /// May be several codes joined by pipes; empty where there is none.
    pub(crate) code: String,
    pub(crate) message: Option<String>,
}

impl ApiError {
    /// Whether `wanted` is the code, or a part of it between pipes.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.code == wanted || self.code.split('|').any(|part| part == wanted)
    }
}

impl ManagementApi {
    /// The meaning of an answer other than a success. Codes take precedence over the status.
    pub(crate) fn refusal(&'static self, answer: &Answer<'_>, errors: &[ApiError]) -> Refusal {
        let fits = |known: &&Known| {
            known.codes.iter().any(|code| errors.iter().any(|error| error.has(code)))
        };
        let known = self.known.iter().find(fits);
        let status = answer.status;
        let by_status = self.by_status.iter().find(|(decisive, _)| *decisive == status);
        let kind = match (known, by_status) {
            (Some(known), _) => known.kind,
            (None, by_status) => match status {
                429 => Kind::RateLimited,
                500.. => Kind::Unavailable,
                300..=399 => Kind::Redirect,
                // A firewall or proxy says nothing about what was asked for, whatever its status is.
                _ if errors.iter().all(|error| error.code.is_empty()) => {
                    return self.unreadable(answer);
                }
                403 if by_status.is_none() => Kind::Forbidden,
                _ => by_status.map_or(Kind::Other, |(_, kind)| *kind),
            },
        };
        let first = errors.first();
        Refusal {
            code: first.map(|error| error.code.clone()).filter(|code| !code.is_empty()),
            message: errors.iter().find_map(|error| error.message.clone()),
            ..self.of_kind(kind, known, status)
        }
    }

    /// The meaning of an answer that is not from the API.
    pub(crate) fn unreadable(&'static self, answer: &Answer<'_>) -> Refusal {
        let kind = if answer.is_html() { Kind::Html } else { Kind::Unreadable };
        self.of_kind(kind, None, answer.status)
    }

    /// A documented refusal that the caller concludes itself.
    pub(crate) fn documented(&'static self, code: &str) -> Refusal {
        let known = self.known.iter().find(|known| known.codes.contains(&code));
        let refusal = self.of_kind(known.map_or(Kind::Other, |known| known.kind), known, 0);
        Refusal { code: Some(code.to_owned()), ..refusal }
    }

    fn of_kind(&'static self, kind: Kind, known: Option<&'static Known>, status: u16) -> Refusal {
        let of_kind = || self.known.iter().find(|known| known.kind == kind);
        let known = known.or_else(|| of_kind().filter(|_| kind != Kind::Documented));
        Refusal { api: self, known, kind, status, code: None, message: None }
    }
}

impl Refusal {
    /// Whether it is the documented refusal with this code.
    pub fn is(&self, code: &str) -> bool {
        self.known.is_some_and(|known| known.codes.contains(&code))
    }

    /// Whether the provider itself refused the call. Any other failure may come from a proxy, and
    /// the provider may still have done what was asked.
    pub fn is_definite(&self) -> bool {
        !matches!(self.kind, Kind::Unavailable | Kind::Redirect | Kind::Html | Kind::Unreadable)
    }

    /// The refusal without texts that quote one of `secrets`, since a provider's message may repeat
    /// what was sent.
    #[must_use]
    pub fn without_secrets(self, secrets: &[String]) -> Self {
        Self {
            code: without_quotes_of(self.code, secrets),
            message: without_quotes_of(self.message, secrets),
            ..self
        }
    }

    /// What is known of the answer: `status 400, code x`.
    fn details(&self) -> String {
        let status = (self.status != 0).then(|| format!("status {}", self.status));
        let code = self.code.as_ref().map(|code| format!("code {code}"));
        status.into_iter().chain(code).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (details, ManagementApi { name, base, .. }) = (self.details(), self.api);
        if let Some(Known { problem, advice, .. }) = self.known {
            return write!(f, "{problem} ({details}): {advice}");
        }
        let status = self.status;
        match self.kind {
            Kind::Unavailable => write!(f, "{name} failed (status {status}): try again later"),
            Kind::Redirect => write!(
                f,
                "the answer is a redirect (status {status}), which is not followed: check that \
                 {base} is right"
            ),
            Kind::Html => write!(
                f,
                "the answer is an HTML page (status {status}) and not from the API: check that \
                 {base} is right, and that no proxy or portal is in between"
            ),
            Kind::Unreadable => write!(
                f,
                "the answer (status {status}) cannot be parsed: check that {base} is right"
            ),
            _ => write!(f, "{name} refused the request ({details}){}", suffix(&self.message)),
        }
    }
}
