use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

/// Nothing from elsewhere, nothing inline, and no page of another site around this one.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

// With another policy for referrers a form has no origin that could be checked.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Refuses what another site's page has the same browser ask for, and closes the answers against it.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(method: &Method, headers: &HeaderMap) -> Result<(), &'static str> {
    let text =
        |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(&HOST).and_then(|host| host.parse::<Authority>().ok());
    let Some(host) = host.filter(is_address) else {
        // A name could be made to point here by whoever owns it (DNS rebinding).
        return Err("Open the page by an IP address or as localhost.");
    };
    if let Some(origin) = text(&ORIGIN) {
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        if !authority.eq_ignore_ascii_case(host.as_str()) {
            return Err("The request comes from another site's page.");
        }
    }
    let fetched = |name: &'static str| text(&HeaderName::from_static(name));
    let is_link = *method == Method::GET
        && fetched("sec-fetch-mode") == Some("navigate")
        && fetched("sec-fetch-dest") == Some("document");
    match fetched("sec-fetch-site") {
        None | Some("none" | "same-origin") => Ok(()),
        // A link to an event in another page, such as a ticket, is followed by a person.
        Some(_) if is_link => Ok(()),
        Some(_) => Err("The request comes from another site's page."),
    }
}

fn is_address(authority: &Authority) -> bool {
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

/// Compares hashes, whose differences say nothing of the token.
pub(crate) fn is_token(given: &str, token: &SecretString) -> bool {
    let hash = |text: &str| digest(&SHA256, text.as_bytes());
    hash(given).as_ref() == hash(token.expose_secret()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        check(&method, &headers.collect()).is_ok()
    }

    #[test]
    fn the_page_is_reached_by_address_only() {
        for (host, is_reached) in [
            ("127.0.0.1:3001", true),
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("[::1]:3001", true),
            ("192.0.2.7:3001", true),
            ("rebound.example.com:3001", false),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("", false),
        ] {
            assert_eq!(answer(Method::GET, &[("host", host)]), is_reached, "{host}");
        }
        assert!(!answer(Method::GET, &[]));
    }

    #[test]
    fn another_site_reaches_nothing_but_by_a_link() {
        const HOST: (&str, &str) = ("host", "127.0.0.1:3001");
        let navigation = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for (method, headers, is_reached) in [
            (Method::POST, vec![("origin", "http://127.0.0.1:3001")], true),
            (Method::POST, vec![("origin", "http://127.0.0.1:3000")], false),
            (Method::POST, vec![("origin", "https://evil.example")], false),
            (Method::POST, vec![("origin", "null")], false),
            (Method::GET, vec![("origin", "https://evil.example")], false),
            (Method::GET, vec![("sec-fetch-site", "same-origin")], true),
            (Method::GET, vec![("sec-fetch-site", "cross-site")], false),
            (Method::GET, vec![("sec-fetch-site", "same-site")], false),
            (
                Method::GET,
                [vec![("sec-fetch-site", "cross-site")], navigation.into()].concat(),
                true,
            ),
            (
                Method::POST,
                [vec![("sec-fetch-site", "cross-site")], navigation.into()].concat(),
                false,
            ),
        ] {
            let headers = [vec![HOST], headers].concat();
            assert_eq!(answer(method, &headers), is_reached, "{headers:?}");
        }
    }

    #[test]
    fn a_token_is_compared_whole() {
        let token = SecretString::from("abc");
        assert!(is_token("abc", &token));
        for other in ["", "ab", "abcd", "ABC"] {
            assert!(!is_token(other, &token), "{other}");
        }
    }
}
