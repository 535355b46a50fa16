use std::net::{IpAddr, SocketAddr};

use certificate::{Purpose, Question, TrustAnchors, validate};
use envelope::rfc3339;
use reqwest::Url;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::doctor::report::Finding;
use crate::doctor::tls::{self, Life};

/// DNS and TLS of an address that a provider is to send to.
pub(crate) async fn look(url: &Url) -> Vec<Finding> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = match tokio::net::lookup_host((host.as_str(), port)).await {
        Ok(addresses) => addresses.collect::<Vec<_>>(),
        Err(error) => return vec![unresolved(&host, &error.to_string())],
    };
    let Some(first) = addresses.first().copied() else {
        return vec![unresolved(&host, "it has no address")];
    };
    let tls = if url.scheme() == "https" { shown(host.clone(), first).await } else { plain() };
    vec![resolved(&host, &addresses), tls]
}

fn unresolved(host: &str, why: &str) -> Finding {
    let mend = format!("make a DNS record for {host}, or correct the endpoint's name");
    Finding::wrong("dns", format!("{host} does not resolve: {why}"), mend)
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
        Finding::warning("dns", detail, "for a real provider, an address that the Internet reaches")
    } else if ips.iter().all(is_private) {
        let detail = format!("{detail}, as seen from here: private addresses");
        Finding::warning("dns", detail, "look whether public DNS has an address of the Internet")
    } else {
        Finding::ok("dns", detail)
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

fn plain() -> Finding {
    let mend = "for a real provider, https with a certificate from a public CA";
    Finding::warning("tls", "http: only a simulated provider sends to it", mend)
}

async fn shown(host: String, address: SocketAddr) -> Finding {
    match tls::handshake(host, address).await {
        Err(why) => Finding::wrong("tls", why, "let a TLS server listen there"),
        Ok(shown) => certificate(&shown, OffsetDateTime::now_utc()),
    }
}

fn certificate(shown: &tls::Shown, now: OffsetDateTime) -> Finding {
    let renew = "renew the certificate of the endpoint";
    // Whether the endpoint is trusted is what the handshake found out, by the roots of this machine.
    let anchors = TrustAnchors::default();
    let question =
        Question { anchors: &anchors, purpose: Some(Purpose::Server), names: &[], at: now };
    let report = match validate(shown.chain.as_bytes(), &question) {
        Ok(report) => report,
        Err(error) => return Finding::wrong("tls", error.to_string(), renew),
    };
    let leaf = report.certificates.first().cloned().unwrap_or_default();
    let moment = |text: &Option<String>| {
        text.as_deref().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok()).unwrap_or(now)
    };
    let (from, to) = (moment(&leaf.not_before), moment(&leaf.not_after));
    let subject = leaf.subject.unwrap_or_default();
    let detail = format!("{subject}, valid until {}", rfc3339(to));
    match (&shown.refused, Life::at(now, from, to)) {
        (_, Life::Over) => Finding::wrong("tls", format!("{detail}: expired"), renew),
        (Some(why), _) => {
            let detail = format!("{detail}, but refused: {why}");
            let mend = "send the whole chain of a certificate from a public CA for this name";
            Finding::wrong("tls", detail, mend)
        }
        (None, Life::NearEnd) => {
            let days = (to - now).whole_days();
            Finding::warning("tls", format!("{detail}: {days} days left"), renew)
        }
        (None, Life::Enough) => Finding::ok("tls", detail),
    }
}
