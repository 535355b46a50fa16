use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Provider;
use crate::words::string_enum;

/// Why a certificate of the Certificate Transparency logs is expected, unexpected, missing or resolved: what it was
/// compared with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Correlation {
    /// The rule by which the certificate and its issuance belong together.
    ///
    /// Null: no issuance is known, or the certificate is in no log.
    pub rule: Option<Rule>,
    /// The issuance that is known of the certificate.
    ///
    /// Null: none is known.
    pub issuance: Option<Issuance>,
    /// Id of the event that showed the certificate in the logs.
    ///
    /// Null: it is in no log.
    pub observation: Option<String>,
    /// The issuer's domains in CAA records (RFC 8659): the names whose CAA records should name none of them, where this
    /// issuer is not wanted.
    ///
    /// Empty: none is known.
    pub caa_domains: Vec<String>,
    /// How to report the certificate to its issuer, in the issuer's words.
    ///
    /// Null: it is not known.
    pub problem_reporting: Option<String>,
    /// A sentence for people. Its wording may change at any time.
    pub detail: String,
}

/// What announced that a certificate was issued, or is to be.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Issuance {
    /// Id of the event, or of the operator's announcement (`certhooks expect`).
    pub id: String,
    /// Provider of the event.
    ///
    /// Null: it was the operator.
    pub provider: Option<Provider>,
}

string_enum! {
    /// By which rule a certificate and an issuance belong together. Fingerprints and serial numbers alone never decide,
    /// since a precertificate has others than its certificate.
    open Rule {
        /// The operator expects certificates of this issuer for these names.
        Issuer = "issuer",
        /// The provider gives neither certificate nor key: issuer, serial number, names and end are the same. Of what it
        /// gives no serial number either, `detail` says so: then issuer and end are the same, and exactly the names.
        ProviderRecord = "provider_record",
        /// The key is the same, and all names are among those for which the key was announced.
        SpkiSha256 = "spki_sha256",
        /// The TBSCertificate is the same.
        TbsSha256 = "tbs_sha256",
    }
}
