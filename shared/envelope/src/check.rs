use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Code;
use crate::words::string_enum;

/// What one check says about the certificates.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Check {
    pub result: CheckResult,
    #[cfg_attr(feature = "schema", schemars(with = "Code"))]
    pub code: Cow<'static, str>,
    /// A sentence for people. Its wording may change at any time.
    pub detail: String,
}

string_enum! {
    /// The result of a check.
    closed CheckResult {
        /// The check does not concern these certificates. It counts for nothing.
        NotApplicable = "not_applicable",
        /// There is nothing to object to.
        Ok = "ok",
        /// The question could not be decided either way.
        Unknown = "unknown",
        /// There is something to object to.
        Failed = "failed",
    }
}

string_enum! {
    /// The one word to branch on: the worst result of the checks.
    closed Verdict {
        /// Every check that applies is `ok`; `path` and `trust` are.
        Ok = "ok",
        /// At least one check failed. The event is delivered all the same.
        Failed = "failed",
        /// No check failed, and at least one could not be decided.
        Unknown = "unknown",
        /// No certificate came as PEM, so there was nothing to check.
        Unchecked = "unchecked",
    }
}

#[expect(clippy::derivable_impls, reason = "the macro has no place for `#[default]`")]
impl Default for Verdict {
    fn default() -> Self {
        Self::Unchecked
    }
}

impl Check {
    pub fn ok(detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Ok, Code::Ok, detail)
    }

    pub fn failed(code: Code, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Failed, code, detail)
    }

    pub fn unknown(code: Code, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Unknown, code, detail)
    }

    pub fn not_applicable(code: Code, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::NotApplicable, code, detail)
    }

    /// A check that put something right, which is worth a code of its own and no failure.
    pub fn ok_with(code: Code, detail: impl Into<String>) -> Self {
        Self::new(CheckResult::Ok, code, detail)
    }

    fn new(result: CheckResult, code: Code, detail: impl Into<String>) -> Self {
        Self { result, code: Cow::Borrowed(code.as_str()), detail: detail.into() }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])+ $name:ident: [$($code:ident),+],)+) => {
        /// The checks of the certificates that came as PEM. Each member is one check. A later one may come within this
        /// version.
        #[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct Checks {
            $($(#[$doc])+ pub $name: Check,)+
        }

        impl Checks {
            /// The name of each check and its codes, beside those that every check has.
            pub const CODES: &'static [(&'static str, &'static [Code])] =
                &[$((stringify!($name), &[$(Code::$code),+]),)+];

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
    /// Whether the path from the leaf to an anchor is valid by RFC 5280, 6.1, for its purpose, at the time of the check:
    /// CA flags, key usage, path length, name constraints, extended key usage, critical extensions. Of several paths,
    /// one that is valid and ends at a trusted anchor is taken, and all other checks speak of that one.
    path: [
        AlgorithmMismatch, AnchorKeyIdentifier, BadSignature, BudgetExhausted, Disputed, EmptyName, Expired,
        IssuerMissing, Malformed, MalformedExtension, MalformedName, MisplacedExtension, NameExcluded,
        NameNotPermitted, NoCertSign, NoCommonPolicy, NotACa, NotYetValid, PathTooLong, PolicyMappings,
        Precertificate, UnknownCriticalExtension, UnsupportedAlgorithm, UnsupportedConstraint, WrongKeyUsage,
        WrongPurpose
    ],
    /// Whether the path ends at a trust anchor: one of Mozilla's, or one that the operator configured.
    trust: [BudgetExhausted, IssuerMissing, NoAnchorsForPurpose, UntrustedRoot],
    /// Whether the leaf covers the names of the order or hostname, where the answer to the call-back has them.
    names_match: [InternationalisedName, NameMismatch, NoNames],
    /// Whether the provider's API gives this very leaf for the id in the event.
    confirmed: [Differs, NoLeaf, NotAnswered, NotAsked, NotCompared, NotFound],
    /// Whether the leaf is valid for no longer than the CA/Browser Forum allowed on its day of issuance: 398 days, 200
    /// since 2026-03-15, 100 since 2027-03-15, 47 since 2029-03-15.
    lifetime: [BeforeLimits, NotPublic, TooLong],
    /// Whether the leaf holds signed certificate timestamps (SCTs, RFC 6962) of as many known logs as browsers ask for: two,
    /// or three where it is valid for more than 180 days. Their signatures are not verified.
    ct: [MalformedExtension, NoScts, NotPublic, Precertificate, TooFewScts, UnknownLog],
    /// What was put right in the order of the certificates. Never failed.
    order: [ExtraCertificates, Reordered, UnreadableBlocks],
    /// Whether each certificate of the path is signed by the next one.
    signatures: [BadSignature, IssuerMissing, UnsupportedAlgorithm],
    /// Whether every certificate of the path is valid at the time of the check.
    validity: [Expired, NotYetValid],
    /// Whether every key of the path has 112 bits of security (NIST SP 800-57): RSA 2048 bits, elliptic curves 256.
    key_strength: [UnknownStrength, WeakKey],
    /// Whether the leaf is no CA certificate.
    leaf_not_ca: [IsCa, MalformedExtension],
    /// Whether the leaf has the alternative names that its purpose asks for: a DNS name or an IP address for a TLS
    /// server, an e-mail address for e-mail.
    names_present: [NoEmailAddress, NoHostName, NotAskedFor],
    /// Whether each certificate came once. Never failed.
    duplicates: [Repeated],
    /// Whether no private key came along, with the event or with the download. One that did was removed.
    private_key: [PrivateKey],
    /// Whether every algorithm of the path still counts and is supported.
    algorithm: [ObsoleteAlgorithm, UnsupportedAlgorithm],
}

impl Checks {
    /// The codes that every check has.
    pub const COMMON_CODES: &'static [Code] = &[Code::NoCertificate, Code::Ok];

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
            Code::NoCertificate,
            "no certificate came as PEM, so there is nothing to check",
        ))
    }
}
