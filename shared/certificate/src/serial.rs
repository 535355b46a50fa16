use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};

/// More digits than any serial number has: RFC 5280, 4.1.2.2 allows 20 octets, which are 49 digits.
const MAX_DIGITS: usize = 64;

/// Converts a serial number from decimal, as Cloudflare writes it, to upper-case hex of whole
/// octets, as X.509 tools write it. `None` if it is not decimal or longer than 64 digits.
pub fn serial_hex(decimal: &str) -> Option<String> {
    let (sign, decimal) = signed(decimal);
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
    Some(with_sign(sign, magnitude(&octets)))
}

/// The sign of a number, and its digits. Only a number that RFC 5280 forbids has one.
fn signed(text: &str) -> (&str, &str) {
    text.strip_prefix('-').map_or(("", text), |digits| ("-", digits))
}

fn with_sign(sign: &str, amount: String) -> String {
    if amount == "00" { amount } else { format!("{sign}{amount}") }
}

/// Normalises a serial number in hex, as APIs and tools write it: an odd number of digits, lower case,
/// colons or blanks between octets, `0x` before it. The same number then has the same text as from a
/// certificate. `None` if it is not hex or longer than 64 digits.
pub fn serial_of_hex(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, text) = signed(text);
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digits: String = digits.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    let even = if digits.len().is_multiple_of(2) { digits } else { format!("0{digits}") };
    let amount = magnitude(&HEXUPPER_PERMISSIVE.decode(even.as_bytes()).ok()?);
    Some(with_sign(sign, amount))
}

/// Upper-case hex without the sign octet of DER. A negative number, which RFC 5280, 4.1.2.2 forbids and
/// old roots have, is its amount behind a minus, as OpenSSL shows it.
#[cfg(feature = "x509")]
pub(crate) fn hex(octets: &[u8]) -> String {
    if octets.first().is_some_and(|first| first & 0x80 != 0) {
        return format!("-{}", magnitude(&negated(octets)));
    }
    magnitude(octets)
}

/// The amount of a negative number in two's complement.
#[cfg(feature = "x509")]
fn negated(octets: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut amount: Vec<u8> = octets
        .iter()
        .rev()
        .map(|octet| {
            let (sum, overflow) = (!octet).overflowing_add(u8::from(carry));
            carry = overflow;
            sum
        })
        .collect();
    amount.reverse();
    amount
}

fn magnitude(octets: &[u8]) -> String {
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
            ("-1", Some("-01")),
            ("-4564", Some("-11D4")),
            ("-0", Some("00")),
            ("", None),
            ("-", None),
            ("--1", None),
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

    #[test]
    fn one_number_has_one_text() {
        for text in ["0A1B2C", "a1b2c", "0a:1b:2c", "0x000A1B2C", " 0A 1B 2C ", "00a1b2c"] {
            assert_eq!(serial_of_hex(text).as_deref(), Some("0A1B2C"), "{text}");
        }
        assert_eq!(serial_of_hex("-11d4").as_deref(), Some("-11D4"));
        assert_eq!(serial_of_hex("0").as_deref(), Some("00"));
        assert_eq!(serial_of_hex("-0").as_deref(), Some("00"));
        for text in ["", ":", "0x", "12G4", "１", &"0".repeat(65)] {
            assert_eq!(serial_of_hex(text), None, "{text}");
        }
    }

    #[test]
    fn negative_numbers_have_a_minus() {
        assert_eq!(hex(&[0xFF]), "-01");
        assert_eq!(hex(&[0x80, 0x00]), "-8000");
        assert_eq!(hex(&[0xEE, 0x2B, 0x00]), "-11D500");
        assert_eq!(hex(&[0xFF, 0x00]), "-0100");
    }
}
