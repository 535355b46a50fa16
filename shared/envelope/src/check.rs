use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What one check says about a chain.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Check {
    pub result: CheckResult,
    /// A fixed word for programs; new ones may come within a version of the contract.
    pub code: Cow<'static, str>,
    /// A sentence for people; its wording may change.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// The check does not concern this chain.
    NotApplicable,
    Ok,
    /// The question could not be decided either way.
    Unknown,
    Failed,
}

/// The one word to branch on: the worst of the checks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Ok,
    Failed,
    Unknown,
    /// No certificate came as PEM, so there was nothing to check.
    #[default]
    Unchecked,
}

impl Check {
    pub fn ok(detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Ok, "ok", detail)
    }

    pub fn failed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Failed, code, detail)
    }

    pub fn unknown(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Unknown, code, detail)
    }

    pub fn not_applicable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::NotApplicable, code, detail)
    }

    /// A check that put something right, which is worth a code of its own and no failure.
    pub fn ok_with(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Ok, code, detail)
    }

    fn new(result: CheckResult, code: &'static str, detail: impl Into<String>) -> Self {
        Self { result, code: Cow::Borrowed(code), detail: detail.into() }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// Every check of a chain.
        #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
        pub struct Checks {
            $($(#[$doc])+ pub $name: Check,)+
        }

        impl Checks {
            /// The checks with their names, in the order of the contract.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Check)> {
                [$((stringify!($name), &self.$name),)+].into_iter()
            }

            /// All of them with one and the same answer.
            pub fn all(check: &Check) -> Self {
                Self { $($name: check.clone(),)+ }
            }
        }
    };
}

checks! {
    /// RFC 5280, 6.1: the path from the leaf to an anchor, for its purpose, at the time of the check.
    path,
    /// The anchor is Mozilla's or configured.
    trust,
    /// The leaf covers the names that were ordered.
    names_match,
    /// The provider's API gives this very leaf.
    confirmed,
    /// The leaf is not valid for longer than the CA/Browser Forum allows.
    lifetime,
    /// The order in which the certificates came; never failed.
    order,
    /// Each certificate of the path is signed by the next one.
    signatures,
    /// Every certificate of the path is valid at the time of the check.
    validity,
    /// Every key is long enough (NIST SP 800-57: 112 bits of security).
    key_strength,
    /// The leaf is no CA certificate.
    leaf_not_ca,
    /// The leaf names what its purpose asks for (DNS or IP for TLS, e-mail for S/MIME).
    names_present,
    /// Certificates that came more than once; never failed.
    duplicates,
    /// No private key came along.
    private_key,
    /// Every algorithm is one that still counts and that can be verified.
    algorithm,
}

impl Checks {
    /// The worst of the checks; `not_applicable` counts for nothing. Without a path there was no
    /// certificate to check.
    pub fn verdict(&self) -> Verdict {
        if self.path.result == CheckResult::NotApplicable {
            return Verdict::Unchecked;
        }
        match self.iter().map(|(_, check)| check.result).max() {
            Some(CheckResult::Failed) => Verdict::Failed,
            Some(CheckResult::Unknown) => Verdict::Unknown,
            _ => Verdict::Ok,
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self::all(&Check::not_applicable(
            "no_certificate",
            "no certificate came as PEM, so there is nothing to check",
        ))
    }
}
