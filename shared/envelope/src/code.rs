use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::string_enum;

string_enum! {
    /// Why a check has its result: a fixed word for programs. Of several findings it is the first of the worst.
    open Code {
        /// A certificate names one signature algorithm inside its signed part and another one outside.
        AlgorithmMismatch = "algorithm_mismatch",
        /// The authority key identifier of the anchor does not fit the anchor.
        AnchorKeyIdentifier = "anchor_key_identifier",
        /// A certificate is not signed by its issuer.
        BadSignature = "bad_signature",
        /// The leaf was issued before the first of the limits (2020-09-01).
        BeforeLimits = "before_limits",
        /// Not everything was looked at: the certificates offer more paths or more names than the check allows itself.
        BudgetExhausted = "budget_exhausted",
        /// The event came with another certificate than the provider's API gives for the id. The provider's is the one
        /// that is delivered.
        Differs = "differs",
        /// The path is valid as RFC 5280 is read here, and a second validator (rustls-webpki) refuses it.
        Disputed = "disputed",
        /// A certificate names no issuer, or a CA certificate names no subject.
        EmptyName = "empty_name",
        /// A certificate has expired.
        Expired = "expired",
        /// Certificates came that are no part of the path. They are left out.
        ExtraCertificates = "extra_certificates",
        /// A name is in letters beyond ASCII, and can only be compared in its ASCII form (xn--…).
        InternationalisedName = "internationalised_name",
        /// The leaf is a CA certificate.
        IsCa = "is_ca",
        /// The issuer is neither among the certificates nor among the anchors.
        IssuerMissing = "issuer_missing",
        /// A certificate breaks the form that RFC 5280 gives it.
        Malformed = "malformed",
        /// An extension cannot be read.
        MalformedExtension = "malformed_extension",
        /// A name, or a name constraint for it, cannot be read.
        MalformedName = "malformed_name",
        /// A certificate that is not a CA's has an extension that only CA certificates have.
        MisplacedExtension = "misplaced_extension",
        /// A name is excluded by the name constraints of a CA above it.
        NameExcluded = "name_excluded",
        /// The leaf does not cover each of the names.
        NameMismatch = "name_mismatch",
        /// A name is not among those that the name constraints of a CA above it permit.
        NameNotPermitted = "name_not_permitted",
        /// The certificate is not for TLS servers, Mozilla's anchors are for nothing else, and no configured anchor fits.
        NoAnchorsForPurpose = "no_anchors_for_purpose",
        /// The key usage of a CA does not allow it to sign certificates.
        NoCertSign = "no_cert_sign",
        /// No certificate came as PEM, so there is nothing to check.
        NoCertificate = "no_certificate",
        /// A CA requires an explicit policy, and no policy runs through the path.
        NoCommonPolicy = "no_common_policy",
        /// The leaf has no e-mail address among its alternative names.
        NoEmailAddress = "no_email_address",
        /// The leaf has no DNS name and no IP address among its alternative names.
        NoHostName = "no_host_name",
        /// The provider's API gives only certificates of CAs for the id, or its leaf cannot be read.
        NoLeaf = "no_leaf",
        /// There were no names to compare with.
        NoNames = "no_names",
        /// The leaf holds no SCT. Its server may send some in the TLS handshake.
        NoScts = "no_scts",
        /// A certificate issued others of the path, and is no CA certificate.
        NotACa = "not_a_ca",
        /// The provider's API gave no answer by which the certificate could be confirmed.
        NotAnswered = "not_answered",
        /// The provider was not asked for this certificate, or gives none.
        NotAsked = "not_asked",
        /// The purpose of the certificate asks for no alternative name.
        NotAskedFor = "not_asked_for",
        /// The certificate was not compared with what a provider says. Only `certhooks inspect` says so.
        NotCompared = "not_compared",
        /// The provider's API does not know the certificate with which the event came.
        NotFound = "not_found",
        /// What is asked for does not apply: it is for TLS server certificates under Mozilla's anchors.
        NotPublic = "not_public",
        /// A certificate is not valid yet.
        NotYetValid = "not_yet_valid",
        /// A signature algorithm no longer counts (MD2, MD5, SHA-1).
        ObsoleteAlgorithm = "obsolete_algorithm",
        /// There is nothing to object to.
        Ok = "ok",
        /// More CA certificates are below a CA than it allows.
        PathTooLong = "path_too_long",
        /// A CA requires an explicit policy and another one maps policies, which is not judged here.
        PolicyMappings = "policy_mappings",
        /// It is a precertificate (RFC 6962, 3.1), which no client takes. Its certificate has the same `tbs_sha256`.
        Precertificate = "precertificate",
        /// A private key came along. It was removed.
        PrivateKey = "private_key",
        /// The certificates came in another order. They are delivered leaf first.
        Reordered = "reordered",
        /// Certificates came more than once. Each is delivered once.
        Repeated = "repeated",
        /// The leaf holds SCTs of fewer logs than browsers ask for.
        TooFewScts = "too_few_scts",
        /// The leaf is valid for longer than was allowed on its day of issuance.
        TooLong = "too_long",
        /// A critical extension is not known here.
        UnknownCriticalExtension = "unknown_critical_extension",
        /// There are enough SCTs, and too few of them are of logs that are known here.
        UnknownLog = "unknown_log",
        /// Nothing is known of the strength of such a key.
        UnknownStrength = "unknown_strength",
        /// Some of what came could not be read as a certificate. The rest is delivered.
        UnreadableBlocks = "unreadable_blocks",
        /// A signature or key has an algorithm that is not supported here.
        UnsupportedAlgorithm = "unsupported_algorithm",
        /// A name has a form whose constraints are not supported here.
        UnsupportedConstraint = "unsupported_constraint",
        /// The path ends at a self-signed certificate that is no trust anchor.
        UntrustedRoot = "untrusted_root",
        /// A key is too short.
        WeakKey = "weak_key",
        /// The key usage of the leaf does not go with its purpose.
        WrongKeyUsage = "wrong_key_usage",
        /// The extended key usage of a certificate does not allow the purpose.
        WrongPurpose = "wrong_purpose",
    }
}
