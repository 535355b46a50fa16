use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A fault of a response. Where a fault has no meaning (a faulty chain in a response without one), the
/// response is the usual one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// The provider's status, mostly 429, or `status`, with the provider's error body. `retry_after` is in
    /// seconds.
    RateLimited { retry_after: Option<u64>, status: Option<u16> },
    /// A status from 500 to 599, or 503 if `None`. The body is the provider's JSON with 500, and the HTML of
    /// a gateway with any other.
    ServerError { status: Option<u16> },
    /// The usual response, `millis` milliseconds later.
    Slow { millis: u64 },
    /// No response until the client closes the connection.
    Hang,
    /// The connection is reset without a response.
    Reset,
    /// The `Content-Length` of the whole body and half of it, after which the connection ends.
    CutOff,
    /// 200 with `text/html`.
    Html,
    /// 200 without a body.
    Empty,
    /// 302 to `location`.
    Redirect { location: String },
    /// The API key is refused.
    KeyRefused,
    /// The API key is valid but lacks the permission.
    MissingPermission,
    /// The route does not exist.
    NoRoute,
    /// The certificate is not issued yet, or nothing is found, in the words of the provider.
    NotReady,
    /// The leaf with an intermediate and a root that did not sign it.
    WrongChain,
    /// Root, leaf, intermediate, with text before, between and after.
    Shuffled,
    /// Every certificate twice.
    Duplicate,
    /// A private key (PKCS #8) after the certificates.
    PrivateKey,
    /// A whole response whose last certificate ends in the middle of its armour.
    TruncatedPem,
    /// Armour around bytes that are not a certificate.
    GarbageArmour,
    /// 1000 different certificates, the usual ones first.
    Many,
}

/// The fault of a request, for its handler to apply to the response where it can.
#[derive(Clone, Default)]
pub(crate) struct InjectedFault(pub(crate) Option<Fault>);

/// A fault for the requests whose path begins with `path`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "Document")]
pub struct Rule {
    pub path: String,
    #[serde(flatten)]
    pub fault: Fault,
    /// The number of requests that the rule still applies to; `None` until it is removed.
    pub times: Option<u32>,
}

impl Rule {
    /// A rule that applies until it is removed.
    pub fn new(path: impl Into<String>, fault: Fault) -> Self {
        Self { path: path.into(), fault, times: None }
    }

    /// Limits the rule to this number of requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// A rule as JSON has it. Serde cannot refuse unknown members beside a flattened one, and a misspelt `times`
/// would otherwise mean "until it is removed".
#[derive(Deserialize)]
struct Document {
    path: String,
    times: Option<u32>,
    #[serde(flatten)]
    fault: Map<String, Value>,
}

impl TryFrom<Document> for Rule {
    type Error = String;

    fn try_from(Document { path, times, fault: members }: Document) -> Result<Self, String> {
        let wrong = |problem: String| Err(format!("the rule for {path}: {problem}"));
        let fault: Fault = match serde_json::from_value(Value::Object(members.clone())) {
            Ok(fault) => fault,
            Err(error) => return wrong(error.to_string()),
        };
        let known = serde_json::to_value(&fault).map_err(|error| error.to_string())?;
        if let Some(member) = members.keys().find(|member| known.get(member.as_str()).is_none()) {
            return wrong(format!("this fault takes no `{member}`"));
        }
        if !path.starts_with('/') {
            return wrong("`path` must begin with /".to_owned());
        }
        if times == Some(0) {
            return wrong("`times` must be a number from 1".to_owned());
        }
        match fault {
            Fault::ServerError { status: Some(status) } if !(500..=599).contains(&status) => {
                wrong(format!("`status` {status} is not from 500 to 599"))
            }
            _ => Ok(Self { path, fault, times }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Rule};

    fn parse(json: &str) -> Result<Rule, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn rules_are_parsed_as_they_are_written() {
        let rules = [
            Rule::new("/a", Fault::RateLimited { retry_after: Some(2), status: None }).times(3),
            Rule::new("/b", Fault::Hang),
            Rule::new("/c", Fault::Redirect { location: "http://127.0.0.1:1/".to_owned() }),
            Rule::new("/", Fault::GarbageArmour).times(1),
        ];
        for rule in rules {
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(parse(&text), Ok(rule), "{text}");
        }
        let short = parse(r#"{"path":"/x","fault":"rate_limited","retry_after":2,"times":3}"#);
        let fault = Fault::RateLimited { retry_after: Some(2), status: None };
        assert_eq!(short, Ok(Rule::new("/x", fault).times(3)));
    }

    #[test]
    fn invalid_rules_are_refused_with_the_name_of_the_member() {
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
            let error = parse(json).unwrap_err();
            assert!(error.contains(member), "{json}: {error}");
        }
    }
}
