use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What can go wrong with an answer. Where a fault has no meaning (a spoilt chain in an answer
/// that has none, `retired` at CertCentral) the answer is the usual one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// 429 and the provider's error body; Graph: code 4 with 403, or with `status`.
    /// `retry_after` in seconds.
    RateLimited { retry_after: Option<u64>, status: Option<u16> },
    /// 500 to 599; 503 where it is not given. The provider's JSON with 500, otherwise the HTML
    /// of a gateway.
    ServerError { status: Option<u16> },
    /// The usual answer after so many milliseconds.
    Slow { millis: u64 },
    /// No answer until the client hangs up.
    Hang,
    /// The connection is reset without an answer.
    Reset,
    /// `Content-Length` of the whole answer, half of it, and then the connection is dropped.
    CutOff,
    /// 200, `text/html`.
    Html,
    /// 200, no body.
    Empty,
    /// 302 to `location`.
    Redirect { location: String },
    /// The API key is refused.
    KeyRefused,
    /// The API key is good but may not do this.
    MissingPermission,
    /// CertCentral: 404, there is nothing at this address.
    NoRoute,
    /// CertCentral: 400, the certificate is not issued yet. Cloudflare: 200, still
    /// `pending_validation`. Graph: 200, nothing found.
    NotReady,
    /// Graph: 400, code 100, subcode 33.
    Retired,
    /// The leaf under an intermediate and a root that did not sign it.
    WrongChain,
    /// Root, leaf, intermediate, with text before, between and after.
    Shuffled,
    /// Every certificate twice.
    Duplicate,
    /// A private key (PKCS #8) after the certificates.
    PrivateKey,
    /// A whole answer whose last certificate stops in the middle of its armour.
    TruncatedPem,
    /// Armour around bytes that are no certificate.
    GarbageArmour,
    /// 1000 certificates, all different, the usual ones first.
    Many,
}

/// A fault for the requests whose path begins with `path`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Rule {
    pub path: String,
    #[serde(flatten)]
    pub fault: Fault,
    /// How many requests it is still for; `None`: until it is removed.
    pub times: Option<u32>,
}

impl Rule {
    /// Until it is removed.
    pub fn new(path: impl Into<String>, fault: Fault) -> Self {
        Self { path: path.into(), fault, times: None }
    }

    /// For so many requests only.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// By hand, since serde cannot refuse unknown members beside a flattened one, and a misspelt
/// `times` would otherwise mean "for ever".
impl TryFrom<Map<String, Value>> for Rule {
    type Error = String;

    fn try_from(mut document: Map<String, Value>) -> Result<Self, String> {
        let path = path(document.remove("path"))?;
        let times = times(document.remove("times"))?;
        let fault: Fault = serde_json::from_value(Value::Object(document.clone()))
            .map_err(|error| format!("the rule for {path}: {error}"))?;
        let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        if let Some(member) = document.keys().find(|member| known.get(member.as_str()).is_none()) {
            return Err(format!("the rule for {path}: this fault takes no `{member}`"));
        }
        if let Fault::ServerError { status: Some(status) } = fault
            && !(500..=599).contains(&status)
        {
            return Err(format!("the rule for {path}: `status` {status} is not from 500 to 599"));
        }
        Ok(Self { path, fault, times })
    }
}

fn path(value: Option<Value>) -> Result<String, String> {
    match value {
        Some(Value::String(path)) if path.starts_with('/') => Ok(path),
        _ => Err("`path` must be a string that begins with /".to_owned()),
    }
}

fn times(value: Option<Value>) -> Result<Option<u32>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().and_then(|times| u32::try_from(times).ok()) {
            Some(times) if times > 0 => Ok(Some(times)),
            _ => Err(format!("`times` must be a number from 1, not {value}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Rule};

    fn read(json: &str) -> Result<Rule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_read_as_they_are_written() {
        let rules = [
            Rule::new("/a", Fault::RateLimited { retry_after: Some(2), status: None }).times(3),
            Rule::new("/b", Fault::Hang),
            Rule::new("/c", Fault::Redirect { location: "http://127.0.0.1:1/".to_owned() }),
            Rule::new("/", Fault::GarbageArmour).times(1),
        ];
        for rule in rules {
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(read(&text), Ok(rule), "{text}");
        }
        let short = read(r#"{"path":"/x","fault":"rate_limited","retry_after":2,"times":3}"#);
        let fault = Fault::RateLimited { retry_after: Some(2), status: None };
        assert_eq!(short, Ok(Rule::new("/x", fault).times(3)));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_member_at_fault() {
        for (json, member) in [
            (r#"{"fault":"hang"}"#, "`path`"),
            (r#"{"path":"x","fault":"hang"}"#, "`path`"),
            (r#"{"path":"/","fault":"hang","times":0}"#, "`times`"),
            (r#"{"path":"/","fault":"hang","tmies":3}"#, "`tmies`"),
            (r#"{"path":"/","fault":"slow"}"#, "`millis`"),
            (r#"{"path":"/","fault":"slow","millis":1,"status":500}"#, "`status`"),
            (r#"{"path":"/","fault":"server_error","status":200}"#, "`status`"),
            (r#"{"path":"/","fault":"on_fire"}"#, "`on_fire`"),
            (r#"{"path":"/"}"#, "`fault`"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(member), "{json}: {error}");
        }
    }
}
