use data_encoding::BASE64;

/// PEM with LF and lines of 64 characters (RFC 7468, 2).
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        BASE64.encode_append(line, &mut pem);
        pem.push('\n');
    }
    pem + "-----END " + label + "-----\n"
}
