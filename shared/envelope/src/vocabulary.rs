use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Defines a closed set of values: an enum whose variants have one spelling each, in JSON, logs and
/// keys.
macro_rules! string_enum {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The value that is spelled so.
            pub fn named(text: &str) -> Option<Self> {
                Self::ALL.iter().find(|value| value.as_str() == text).copied()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// A provider of certificate events. The name is the one in `source`, subjects, logs and keys.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Provider(&'static str);

impl Provider {
    pub const CERTSPOTTER: Self = Self::new("certspotter");
    pub const CLOUDFLARE: Self = Self::new("cloudflare");
    pub const DIGICERT: Self = Self::new("digicert");
    pub const META: Self = Self::new("meta");

    pub const ALL: &'static [Self] =
        &[Self::CERTSPOTTER, Self::CLOUDFLARE, Self::DIGICERT, Self::META];

    /// A provider by another name than these, such as one of a test.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        let found = Self::ALL.iter().find(|provider| provider.0 == name);
        found.copied().ok_or_else(|| de::Error::custom("unknown provider"))
    }
}

string_enum! {
    /// The types of certificate events, which are the public vocabulary
    /// (`infra/docs/architecture.md`, "The messages on the queues").
    EventType {
        /// A synthetic event. It is delivered only where the operator asks for it.
        Canary = "certhooks.canary",
        CertificateDeleted = "certhooks.certificate.deleted",
        CertificateDeletionFailed = "certhooks.certificate.deletion_failed",
        CertificateDeployed = "certhooks.certificate.deployed",
        CertificateDeploymentFailed = "certhooks.certificate.deployment_failed",
        CertificateExpiring = "certhooks.certificate.expiring",
        CertificateIssuanceFailed = "certhooks.certificate.issuance_failed",
        CertificateIssued = "certhooks.certificate.issued",
        CertificateRenewalFailed = "certhooks.certificate.renewal_failed",
        CertificateRenewed = "certhooks.certificate.renewed",
        CertificateRevoked = "certhooks.certificate.revoked",
        CtCertificateObserved = "certhooks.ct.certificate_observed",
        CtPhishingSuspected = "certhooks.ct.phishing_suspected",
        DomainRevalidationDue = "certhooks.domain.revalidation_due",
        DomainValidated = "certhooks.domain.validated",
        DomainValidationExpired = "certhooks.domain.validation_expired",
        DomainValidationFailed = "certhooks.domain.validation_failed",
        OrderApproval = "certhooks.order.approval",
        OrganizationRevalidationDue = "certhooks.organization.revalidation_due",
        OrganizationValidated = "certhooks.organization.validated",
        OrganizationValidationExpired = "certhooks.organization.validation_expired",
        Unrecognised = "certhooks.unrecognised",
    }
}

string_enum! {
    /// What came of the call-back for an event (`infra/docs/architecture.md`, "Call-backs and their
    /// results").
    Outcome {
        /// No API key is configured for this provider.
        Disabled = "disabled",
        /// The chain was downloaded.
        Downloaded = "downloaded",
        /// The call-back failed for the [`Reason`] given.
        Failed = "failed",
        /// The provider says that it no longer exists.
        Gone = "gone",
        /// The chain came with the event itself.
        Included = "included",
        /// Events of this type have no call-back.
        NotNeeded = "not_needed",
        /// The provider answered with details of the order, the hostname or the certificate.
        Queried = "queried",
    }
}

string_enum! {
    /// Why a call-back did not succeed.
    Reason {
        /// The answer holds no certificate that can be read.
        BadCertificate = "bad_certificate",
        /// Ten days of retries have passed.
        Expired = "expired",
        /// The API key may not do this.
        Forbidden = "forbidden",
        /// The provider does not know the id.
        NotFound = "not_found",
        /// The certificate is not issued yet.
        NotReady = "not_ready",
        /// Too many calls.
        RateLimited = "rate_limited",
        /// The provider refuses the request itself, with a 4xx that no retry changes.
        Refused = "refused",
        /// The provider withdrew the API.
        Retired = "retired",
        /// No answer in time.
        Timeout = "timeout",
        /// The provider refuses the API key.
        Unauthorized = "unauthorized",
        /// The provider has a failure of its own.
        Unavailable = "unavailable",
        /// No connection to the provider.
        Unreachable = "unreachable",
        /// The connection broke, or the answer was cut off, cannot be parsed, or is not the provider's
        /// own (a page of a firewall or proxy).
        Unreadable = "unreadable",
        /// The event has no id that can be used in a call.
        UnusableId = "unusable_id",
    }
}
