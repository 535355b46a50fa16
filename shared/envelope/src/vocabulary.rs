use std::fmt;

use serde::{Deserialize, Serialize};

/// A closed set of words: an enum whose members have one spelling each, in JSON, logs and keys.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$member_doc:meta])* $member:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[$member_doc])* #[serde(rename = $word)] $member,)+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$member,)+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$member => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    Provider {
        Cloudflare = "cloudflare",
        Digicert = "digicert",
        Meta = "meta",
    }
}

words! {
    /// Types of certificate events, the public vocabulary (design section 4).
    EventType {
        /// Synthetic: delivered where it is asked for only.
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

words! {
    Outcome {
        /// No API key is configured for this provider.
        Disabled = "disabled",
        Downloaded = "downloaded",
        Failed = "failed",
        /// The provider says that it no longer exists.
        Gone = "gone",
        /// The chain came with the event itself.
        Included = "included",
        NotNeeded = "not_needed",
        Queried = "queried",
    }
}

words! {
    Reason {
        BadCertificate = "bad_certificate",
        /// Ten days of trying.
        Expired = "expired",
        Forbidden = "forbidden",
        NotFound = "not_found",
        NotReady = "not_ready",
        RateLimited = "rate_limited",
        /// The provider refuses the request itself (a 4xx that will not change).
        Refused = "refused",
        /// The provider withdrew the API.
        Retired = "retired",
        Timeout = "timeout",
        Unauthorized = "unauthorized",
        /// The connection broke, or the answer was cut or cannot be read.
        Unreadable = "unreadable",
        Unavailable = "unavailable",
        UnusableId = "unusable_id",
    }
}
