use envelope::Checks;

use crate::checks::verdict;
use crate::parsed::Parsed;

/// Whether the leaf is no CA (RFC 5280, 4.2.1.9).
pub(crate) fn not_ca(leaf: &Parsed<'_>) -> String {
    match leaf.is_ca() {
        Some(false) => Checks::OK.to_owned(),
        Some(true) => format!("{} is a CA certificate", leaf.label()),
        None => format!("the basic constraints of {} cannot be read", leaf.label()),
    }
}

/// Whether the leaf has the names that its purpose asks for: a DNS name or an IP address for a TLS
/// server (RFC 9525, 2), which is also what a certificate without a purpose is for here, and an e-mail
/// address for S/MIME (RFC 8550, 3).
pub(crate) fn names_present(leaf: &Parsed<'_>) -> String {
    let (server, mail) = match leaf.x509.extended_key_usage() {
        Ok(None) => (true, false),
        Ok(Some(usage)) => {
            (usage.value.server_auth || usage.value.any, usage.value.email_protection)
        }
        Err(_) => return format!("the extended key usage of {} cannot be read", leaf.label()),
    };
    if !server && !mail {
        return Checks::NOT_APPLICABLE.to_owned();
    }
    let names = leaf.view.names.clone().unwrap_or_default();
    let mut wrong = Vec::new();
    if server && names.dns.is_empty() && names.ip.is_empty() {
        wrong.push(format!(
            "{} has no DNS name or IP address among its alternative names",
            leaf.label()
        ));
    }
    if mail && names.email.is_empty() {
        wrong.push(format!("{} has no e-mail address among its alternative names", leaf.label()));
    }
    verdict(&wrong)
}
