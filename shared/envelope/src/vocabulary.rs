use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::words::string_enum;

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

    /// The provider's own spelling of its name, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::CERTSPOTTER => "Cert Spotter",
            Self::CLOUDFLARE => "Cloudflare",
            Self::DIGICERT => "DigiCert",
            Self::META => "Meta",
            other => other.0,
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Provider {
    fn schema_name() -> Cow<'static, str> {
        "Provider".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(|one| (one.as_str(), one.title())).collect();
        crate::schema::words("The provider that sent the event.", &names, true)
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
    /// What happened: one vocabulary for all providers.
    open EventType {
        /// A synthetic event, by which the operator checks the whole way. It is delivered only where the operator asks
        /// for that (`DELIVER_CANARY`).
        Canary = "certhooks.canary",
        /// A certificate was deleted at the provider.
        CertificateDeleted = "certhooks.certificate.deleted",
        /// The deletion of a certificate failed.
        CertificateDeletionFailed = "certhooks.certificate.deletion_failed",
        /// A certificate is live at the provider's edge.
        CertificateDeployed = "certhooks.certificate.deployed",
        /// A certificate could not be made live at the provider's edge.
        CertificateDeploymentFailed = "certhooks.certificate.deployment_failed",
        /// A certificate expires soon.
        CertificateExpiring = "certhooks.certificate.expiring",
        /// A certificate could not be issued, or its order was rejected.
        CertificateIssuanceFailed = "certhooks.certificate.issuance_failed",
        /// A certificate was issued.
        CertificateIssued = "certhooks.certificate.issued",
        /// A certificate could not be renewed.
        CertificateRenewalFailed = "certhooks.certificate.renewal_failed",
        /// A certificate was renewed. The new one is not live yet: `certhooks.certificate.deployed` says so.
        CertificateRenewed = "certhooks.certificate.renewed",
        /// A certificate was revoked.
        CertificateRevoked = "certhooks.certificate.revoked",
        /// A certificate that the logs show is one whose issuance is known.
        CtCertificateExpected = "certhooks.ct.certificate_expected",
        /// A certificate was issued more than a day ago, holds no two SCTs of known logs, and is in no log.
        CtCertificateMissing = "certhooks.ct.certificate_missing",
        /// A Certificate Transparency log shows a certificate for a monitored domain.
        CtCertificateObserved = "certhooks.ct.certificate_observed",
        /// A certificate that was unexpected or missing is so no longer.
        CtCertificateResolved = "certhooks.ct.certificate_resolved",
        /// The logs show a certificate for a monitored domain of which no issuance is known.
        CtCertificateUnexpected = "certhooks.ct.certificate_unexpected",
        /// Names in a Certificate Transparency log look like those of a monitored domain.
        CtPhishingSuspected = "certhooks.ct.phishing_suspected",
        /// The validation of a domain is to be renewed soon.
        DomainRevalidationDue = "certhooks.domain.revalidation_due",
        /// A domain was validated.
        DomainValidated = "certhooks.domain.validated",
        /// The validation of a domain has expired.
        DomainValidationExpired = "certhooks.domain.validation_expired",
        /// A domain could not be validated. `data.dcv` and `data.problems` say what is missing.
        DomainValidationFailed = "certhooks.domain.validation_failed",
        /// An order waits for an approval, or got it.
        OrderApproval = "certhooks.order.approval",
        /// The validation of an organization is to be renewed soon.
        OrganizationRevalidationDue = "certhooks.organization.revalidation_due",
        /// An organization was validated.
        OrganizationValidated = "certhooks.organization.validated",
        /// The validation of an organization has expired.
        OrganizationValidationExpired = "certhooks.organization.validation_expired",
        /// An event of the provider's that has no place in this vocabulary. `data.event` is its name, and `data.payload`
        /// holds all of it.
        Unrecognised = "certhooks.unrecognised",
    }
}

string_enum! {
    /// What came of the call-back, which is a request of Certhooks to the provider's API about the event.
    closed Outcome {
        /// There was no call-back, because no API key is configured for the provider.
        Disabled = "disabled",
        /// The delivered chain was downloaded from the provider, also where another one came with the event.
        Downloaded = "downloaded",
        /// The call-back failed, for the `reason` given.
        Failed = "failed",
        /// The provider says that what the event is about no longer exists, or that the API no longer does (`retired`).
        Gone = "gone",
        /// The delivered chain came with the event itself. A `reason` says why the provider could not be asked about it.
        Included = "included",
        /// Events of this type have no call-back.
        NotNeeded = "not_needed",
        /// The provider answered with details of the order, the hostname or the certificate.
        Queried = "queried",
    }
}

string_enum! {
    /// Why the call-back did not succeed.
    open Reason {
        /// Three answers held no certificate that can be read.
        BadCertificate = "bad_certificate",
        /// Ten days of retries have passed.
        Expired = "expired",
        /// The API key may not do this.
        Forbidden = "forbidden",
        /// The provider does not know the id.
        NotFound = "not_found",
        /// The certificate was not issued yet.
        NotReady = "not_ready",
        /// There were too many calls.
        RateLimited = "rate_limited",
        /// The provider refuses the request itself, with a 4xx that no retry changes.
        Refused = "refused",
        /// The provider withdrew the API.
        Retired = "retired",
        /// There was no answer in time.
        Timeout = "timeout",
        /// The provider refuses the API key.
        Unauthorized = "unauthorized",
        /// The provider has a failure of its own.
        Unavailable = "unavailable",
        /// There was no connection to the provider.
        Unreachable = "unreachable",
        /// The connection broke, or the answer was cut off, cannot be parsed, or is not the provider's own (a page of a
        /// firewall or proxy).
        Unreadable = "unreadable",
        /// The event has no id that can be used in a call.
        UnusableId = "unusable_id",
    }
}
