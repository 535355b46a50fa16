use data_encoding::HEXUPPER;

/// More digits than any serial number has: RFC 5280, 4.1.2.2 allows 20 octets, which are 49 digits.
const MAX_DIGITS: usize = 64;

/// Converts a serial number from decimal, as Cloudflare writes it, to upper-case hex of whole
/// octets, as X.509 tools write it. `None` if it is not decimal or longer than 64 digits.
pub fn serial_hex(decimal: &str) -> Option<String> {
    if decimal.is_empty() || decimal.len() > MAX_DIGITS {
        return None;
    }
    // The least significant octet is first.
    let mut octets: Vec<u8> = Vec::new();
    for digit in decimal.chars() {
        let mut carry = digit.to_digit(10)?;
        for octet in &mut octets {
            let product = u32::from(*octet) * 10 + carry;
            *octet = (product & 0xFF) as u8;
            carry = product >> 8;
        }
        if carry > 0 {
            octets.push(carry as u8);
        }
    }
    octets.reverse();
    Some(hex(&octets))
}

/// Upper-case hex without the sign octet of DER.
pub(crate) fn hex(octets: &[u8]) -> String {
    let first = octets.iter().position(|octet| *octet != 0);
    match first.and_then(|first| octets.get(first..)) {
        Some(significant) => HEXUPPER.encode(significant),
        None => "00".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_to_hex() {
        let longest = "9".repeat(64);
        let cases = [
            ("0", Some("00")),
            ("000", Some("00")),
            ("9", Some("09")),
            ("255", Some("FF")),
            ("256", Some("0100")),
            ("0000256", Some("0100")),
            ("18446744073709551616", Some("010000000000000000")),
            // From Cloudflare's documentation of a custom hostname.
            ("1001172778337169491", Some("0DE4E1566393F053")),
            // 2^160 - 1: the longest that RFC 5280 allows.
            (
                "1461501637330902918203684832716283019655932542975",
                Some("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"),
            ),
            ("", None),
            ("-1", None),
            ("12a", None),
            (" 1", None),
            ("１", None),
        ];
        for (decimal, hex) in cases {
            assert_eq!(serial_hex(decimal).as_deref(), hex, "{decimal}");
        }
        assert!(serial_hex(&longest).is_some());
        assert_eq!(serial_hex(&format!("{longest}9")), None);
    }

    #[test]
    fn sign_octets_are_removed() {
        assert_eq!(hex(&[0x00, 0xC0, 0xFF]), "C0FF");
        assert_eq!(hex(&[0x00]), "00");
        assert_eq!(hex(&[]), "00");
    }
}
