use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage, ParsedExtension};
use x509_parser::oid_registry::OID_X509_EXT_EXTENDED_KEY_USAGE;

use super::node::Node;

/// What a leaf is used for (RFC 5280, 4.2.1.12).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    Server,
    Client,
    Email,
    Code,
}

impl Purpose {
    /// By the leaf's extended key usage: server, client, e-mail, code signing, in this order; without
    /// one, or with none of these, server.
    pub(crate) fn of(leaf: &Node<'_>) -> Self {
        match leaf.extension(&OID_X509_EXT_EXTENDED_KEY_USAGE) {
            Some(ParsedExtension::ExtendedKeyUsage(usage)) if !usage.any => {
                [Self::Server, Self::Client, Self::Email, Self::Code]
                    .into_iter()
                    .find(|purpose| purpose.is_in(usage))
                    .unwrap_or(Self::Server)
            }
            _ => Self::Server,
        }
    }

    /// Whether an extended key usage allows it. `any` allows everything, as RFC 5280, 4.2.1.12 has it.
    pub(crate) fn is_allowed(self, usage: &ExtendedKeyUsage<'_>) -> bool {
        usage.any || self.is_in(usage)
    }

    fn is_in(self, usage: &ExtendedKeyUsage<'_>) -> bool {
        match self {
            Self::Server => usage.server_auth,
            Self::Client => usage.client_auth,
            Self::Email => usage.email_protection,
            Self::Code => usage.code_signing,
        }
    }

    /// RFC 5280, 4.2.1.12 lists for each purpose the key usages that go with it; one is enough.
    pub(crate) fn goes_with(self, usage: &KeyUsage) -> bool {
        match self {
            Self::Server => {
                usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
            }
            Self::Client => usage.digital_signature() || usage.key_agreement(),
            Self::Email => {
                usage.digital_signature()
                    || usage.non_repudiation()
                    || usage.key_encipherment()
                    || usage.key_agreement()
            }
            Self::Code => usage.digital_signature(),
        }
    }

    /// How a sentence names its certificate, article included.
    pub fn words(self) -> &'static str {
        match self {
            Self::Server => "a TLS server",
            Self::Client => "a TLS client",
            Self::Email => "an e-mail",
            Self::Code => "a code signing",
        }
    }
}
