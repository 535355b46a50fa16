use std::net::IpAddr;

use envelope::{Check, Code, Names};

/// Whether the leaf covers each of the names that somebody ordered or will connect to (RFC 9525, 6).
/// The common name of the subject does not count.
pub(crate) fn names_match(names: Option<&Names>, wanted: &[String], label: &str) -> Check {
    if wanted.is_empty() {
        return Check::not_applicable(Code::NoNames, "no names were given to compare with");
    }
    let empty = Names::default();
    let names = names.unwrap_or(&empty);
    let missing: Vec<&str> =
        wanted.iter().map(String::as_str).filter(|name| !covers(names, name)).collect();
    let Some(first) = missing.first() else {
        let count = wanted.len();
        let what = if count == 1 { "the name".to_owned() } else { format!("all {count} names") };
        return Check::ok(format!("{label} covers {what}"));
    };
    // An alternative name is in ASCII; without IDNA a name in letters cannot be compared with it.
    if missing.iter().all(|name| !name.is_ascii()) && !first.contains('@') {
        return Check::unknown(
            Code::InternationalisedName,
            format!("{first} must be given in its ASCII form (xn--…) to be compared"),
        );
    }
    let more = match missing.len() - 1 {
        0 => String::new(),
        1 => " and 1 name more".to_owned(),
        more => format!(" and {more} names more"),
    };
    Check::failed(Code::NameMismatch, format!("{label} does not cover {first}{more}"))
}

fn covers(names: &Names, wanted: &str) -> bool {
    if let Ok(address) = wanted.parse::<IpAddr>() {
        return names.ip.iter().any(|ip| ip.parse() == Ok(address));
    }
    if wanted.contains('@') {
        return names.email.iter().any(|email| is_same_mailbox(email, wanted));
    }
    let wanted = wanted.strip_suffix('.').unwrap_or(wanted).to_ascii_lowercase();
    names.dns.iter().any(|name| covers_host(&name.to_ascii_lowercase(), &wanted))
}

/// RFC 5280, 7.5: the host in any letter case, the local part exactly.
fn is_same_mailbox(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => {
            local == other_local && host.eq_ignore_ascii_case(other_host)
        }
        _ => false,
    }
}

/// RFC 9525, 6.3: a wildcard is the whole of the leftmost label and stands for exactly one. Like
/// browsers and OpenSSL, none is taken right below a top-level domain. An order may name the wildcard itself.
fn covers_host(name: &str, wanted: &str) -> bool {
    if wanted.is_empty() || wanted.starts_with('.') {
        return false;
    }
    if name == wanted {
        return wanted.starts_with("*.") || !wanted.contains('*');
    }
    let Some(domain) = name.strip_prefix("*.") else { return false };
    let is_low_enough = domain.contains('.') && !domain.contains('*');
    is_low_enough
        && wanted.split_once('.').is_some_and(|(label, rest)| label != "*" && rest == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            dns: [
                "www.Example.com",
                "*.example.org",
                "*.com",
                "f*.example.net",
                "*",
                "*.*.example.net",
            ]
            .map(str::to_owned)
            .to_vec(),
            ip: vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()],
            email: vec!["a.B@example.com".to_owned()],
        }
    }

    #[test]
    fn what_a_certificate_covers() {
        let cases = [
            ("www.example.com", true),
            ("WWW.EXAMPLE.COM.", true),
            ("example.com", false),
            ("a.example.org", true),
            ("*.example.org", true),
            ("example.org", false),
            ("a.b.example.org", false),
            (".example.org", false),
            ("foo.example.net", false),
            ("a.b.example.net", false),
            ("foo.com", false),
            ("com", false),
            ("*", false),
            ("", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:DB8:0::7", true),
            ("a.B@EXAMPLE.com", true),
            ("a.b@example.com", false),
        ];
        for (wanted, expected) in cases {
            assert_eq!(covers(&names(), wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn each_name_counts() {
        let check = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
            names_match(Some(&names()), &wanted, "CN=www")
        };
        assert_eq!(check(&[]).code, "no_names");
        assert_eq!(check(&["www.example.com", "192.0.2.7"]).code, "ok");
        assert_eq!(
            check(&["www.example.com", "a.test", "b.test"]),
            Check::failed(Code::NameMismatch, "CN=www does not cover a.test and 1 name more")
        );
        assert_eq!(check(&["bücher.example.net"]).code, "internationalised_name");
    }
}
