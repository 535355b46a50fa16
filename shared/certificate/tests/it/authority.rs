//! Certificates made on the spot, with every lever that a path validation looks at.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::OffsetDateTime;
use time::macros::datetime;

/// The time at which the certificates of these tests are looked at.
pub(crate) const AT: OffsetDateTime = datetime!(2030-06-01 0:00 UTC);

/// A name with a key: whoever issues certificates, or is certified.
pub(crate) struct Party {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
}

/// A CA with the usual extensions.
pub(crate) fn ca(name: &str) -> Party {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    party(params)
}

/// A TLS server with one DNS name.
pub(crate) fn server(name: &str) -> Party {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    party(params)
}

fn party(mut params: CertificateParams) -> Party {
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2036-01-01 0:00 UTC);
    params.use_authority_key_identifier_extension = true;
    Party { params, key: KeyPair::generate().unwrap() }
}

impl Party {
    /// The same with other parameters.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    /// The same name with another key.
    pub(crate) fn renewed(&self) -> Self {
        Self { params: self.params.clone(), key: KeyPair::generate().unwrap() }
    }

    pub(crate) fn expired(self) -> Self {
        self.with(|params| params.not_after = datetime!(2029-01-01 0:00 UTC))
    }

    /// Without key identifiers that could tell two of one name apart; rcgen always writes the subject's.
    pub(crate) fn without_identifier(self) -> Self {
        self.with(|params| params.use_authority_key_identifier_extension = false)
    }

    pub(crate) fn own(&self) -> String {
        self.params.self_signed(&self.key).unwrap().pem()
    }

    pub(crate) fn by(&self, issuer: &Self) -> String {
        let issuer = Issuer::from_params(&issuer.params, &issuer.key);
        self.params.signed_by(&self.key, &issuer).unwrap().pem()
    }
}
