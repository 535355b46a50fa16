use data_encoding::BASE64;

/// A certificate as PEM with LF.
pub(crate) fn certificate(der: &[u8]) -> String {
    armour("CERTIFICATE", der)
}

/// PEM with LF and 64 characters in a line (RFC 7468, section 2).
pub(crate) fn armour(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text + "-----END " + label + "-----\n"
}
