use envelope::Checks;

use crate::findings::result_of;
use crate::parsed::Parsed;

/// The leaf must not be a CA (RFC 5280, 4.2.1.9).
pub(crate) fn not_ca(leaf: &Parsed<'_>) -> String {
    match leaf.is_ca() {
        Some(false) => Checks::OK.to_owned(),
        Some(true) => format!("{} is a CA certificate", leaf.label()),
        None => format!("the basic constraints of {} cannot be read", leaf.label()),
    }
}

/// The leaf must have the names that its purpose requires: a DNS name or an IP address for a TLS
/// server (RFC 9525, 2), and an e-mail address for S/MIME (RFC 8550, 3). A certificate without a
/// purpose is taken for one of a TLS server.
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
    let names = leaf.description.names.clone().unwrap_or_default();
    let mut findings = Vec::new();
    if server && names.dns.is_empty() && names.ip.is_empty() {
        findings.push(format!(
            "{} has no DNS name or IP address among its alternative names",
            leaf.label()
        ));
    }
    if mail && names.email.is_empty() {
        findings
            .push(format!("{} has no e-mail address among its alternative names", leaf.label()));
    }
    result_of(&findings)
}
