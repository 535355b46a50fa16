/// An order of CertCentral.
pub fn order(id: u64) -> String {
    format!("order/{id}")
}

/// A DNS name; its case and a final dot say nothing.
pub fn name(name: &str) -> String {
    format!("name/{}", name.trim_end_matches('.').to_lowercase())
}

/// A serial number in hex, in any case and with or without leading zeros and colons.
pub fn serial(hex: &str) -> String {
    let digits: String = hex.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    format!("serial/{}", digits.to_ascii_uppercase().trim_start_matches('0'))
}
