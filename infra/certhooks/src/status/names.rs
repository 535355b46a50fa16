use ports::alias;

/// The names in the ledger that an operator's argument may stand for: an order, a DNS name, a serial
/// number, or a certificate's name in the ledger itself.
pub(crate) fn names(argument: &str) -> Vec<String> {
    let word = argument.trim();
    if word.contains('/') {
        return vec![word.to_owned()];
    }
    let order = word.parse().ok().filter(|_| is_digits(word)).map(alias::order);
    let name = (!is_digits(word)).then(|| alias::name(word));
    let digits: String = word.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let digits = digits.strip_prefix("serial=").unwrap_or(&digits);
    let digits = digits.strip_prefix("0x").or(digits.strip_prefix("0X")).unwrap_or(digits);
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hex = is_hex.then(|| alias::serial(digits));
    // A number may be an order or a serial number; Cloudflare and OpenSSL's text form write serial
    // numbers in decimal.
    let decimal = certificate::serial_hex(digits).map(|hex| alias::serial(&hex));
    order.into_iter().chain(name).chain(hex).chain(decimal).collect()
}

fn is_digits(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_may_be_an_order_a_name_or_a_serial_number() {
        for (word, expected) in [
            ("12", &["order/12", "serial/12", "serial/C"][..]),
            ("Shop.Example.com.", &["name/shop.example.com"]),
            (" *.example.com ", &["name/*.example.com"]),
            ("0a:1B:2c", &["name/0a:1b:2c", "serial/A1B2C"]),
            ("00A1B2C", &["name/00a1b2c", "serial/A1B2C"]),
            ("0xA1B2C", &["name/0xa1b2c", "serial/A1B2C"]),
            ("serial=0A1B2C", &["name/serial=0a1b2c", "serial/A1B2C"]),
            // Too large for a 64-bit number, so not an order.
            (
                "1001172778337169491000",
                &["serial/1001172778337169491000", "serial/3646103974F9E2C438"],
            ),
            ("digicert/certificate/7", &["digicert/certificate/7"]),
        ] {
            assert_eq!(names(word), expected, "{word}");
        }
    }
}
