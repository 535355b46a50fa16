use std::net::{IpAddr, SocketAddr};

use certificate::{Purpose, Question, TrustAnchors, validate};
use envelope::rfc3339;
use reqwest::Url;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::doctor::Finding;
use crate::doctor::tls::{self, Validity};

/// Checks DNS and TLS of the address that a provider is to send to.
pub(crate) async fn check(url: &Url) -> Vec<(&'static str, Finding)> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(addresses) => addresses.collect::<Vec<_>>(),
        Err(error) => return vec![("dns", unresolved(&host, &error.to_string()))],
    };
    let Some(first) = addresses.first().copied() else {
        return vec![("dns", unresolved(&host, "it has no address"))];
    };
    let tls = if url.scheme() == "https" { tls(host.clone(), first).await } else { without_tls() };
    vec![("dns", resolved(&host, &addresses)), ("tls", tls)]
}

fn unresolved(host: &str, reason: &str) -> Finding {
    let fix = format!("create a DNS record for {host}, or correct the name of the endpoint");
    Finding::error(format!("{host} does not resolve: {reason}"), fix)
}

fn resolved(host: &str, addresses: &[SocketAddr]) -> Finding {
    let mut ips: Vec<IpAddr> =
        addresses.iter().map(|address| address.ip().to_canonical()).collect();
    ips.sort();
    ips.dedup();
    let listed = ips.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
    let is_name = host.parse::<IpAddr>().is_err();
    let detail = if is_name { format!("{host} is {listed}") } else { listed };
    if ips.iter().all(IpAddr::is_loopback) {
        let detail = format!("{detail}: only this machine can reach it");
        Finding::warning(
            detail,
            "for a real provider, use an address that is reachable from the Internet",
        )
    } else if ips.iter().all(is_private) {
        let detail = format!("{detail}: as resolved on this machine, these are private addresses");
        Finding::warning(detail, "check that public DNS has a public address")
    } else {
        Finding::ok(detail)
    }
}

fn is_private(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}

fn without_tls() -> Finding {
    let fix = "for a real provider, use https with a certificate from a public CA";
    Finding::warning("the address is http; only a simulated provider sends to it", fix)
}

async fn tls(host: String, address: SocketAddr) -> Finding {
    match tls::handshake(host, address).await {
        Err(reason) => Finding::error(reason, "start a TLS server at this address"),
        Ok(chain) => certificate(&chain, OffsetDateTime::now_utc()),
    }
}

fn certificate(chain: &tls::ServerChain, now: OffsetDateTime) -> Finding {
    let renew = "renew the certificate of the endpoint";
    // The handshake has found out whether the endpoint is trusted, by the roots of this machine.
    let anchors = TrustAnchors::default();
    let question =
        Question { anchors: &anchors, purpose: Some(Purpose::Server), names: &[], at: now };
    let report = match validate(chain.pem.as_bytes(), &question) {
        Ok(report) => report,
        Err(error) => return Finding::error(error.to_string(), renew),
    };
    let leaf = report.certificates.first().cloned().unwrap_or_default();
    let time = |text: &Option<String>| {
        text.as_deref().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()).unwrap_or(now)
    };
    let (from, to) = (time(&leaf.not_before), time(&leaf.not_after));
    let subject = leaf.subject.unwrap_or_default();
    let detail = format!("{subject}, valid until {}", rfc3339(to));
    match (&chain.refused, Validity::at(now, from, to)) {
        (_, Validity::Expired) => Finding::error(format!("{detail}: expired"), renew),
        (Some(reason), _) => {
            let detail = format!("{detail}, but refused: {reason}");
            let fix = "serve a certificate from a public CA for this name, with its whole chain";
            Finding::error(detail, fix)
        }
        (None, Validity::ExpiresSoon) => {
            let days = (to - now).whole_days();
            Finding::warning(format!("{detail}: {days} days left"), renew)
        }
        (None, Validity::Valid) => Finding::ok(detail),
    }
}
