/// The alias of an order of CertCentral.
pub fn order(id: u64) -> String {
    format!("order/{id}")
}

/// The alias of a DNS name. Case and a final dot do not matter.
pub fn name(name: &str) -> String {
    format!("name/{}", name.trim_end_matches('.').to_lowercase())
}

/// The alias of a serial number in hex. Case, leading zeros, colons and spaces do not matter.
pub fn serial(hex: &str) -> String {
    let digits: String = hex.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    format!("serial/{}", digits.to_ascii_uppercase().trim_start_matches('0'))
}
