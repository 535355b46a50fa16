use envelope::{Certificate, CertificateData, Check, CheckResult, Checks};
use maud::{Markup, html};
use time::OffsetDateTime;

use crate::display::span;
use crate::page::layout::{Tone, badge, day, text};
use crate::time_parsing::parsed;

/// The checks that belong to the link between two certificates, and to the end of the chain.
const LINK: &str = "signatures";
const END: &str = "trust";

/// The certificates of an event as a person reads them: the leaf, and the chain up to its anchor.
pub(crate) fn certificates(data: &CertificateData, now: OffsetDateTime) -> Markup {
    let Some(leaf) = data.certificates.first() else {
        return html! { p.notice { "Nothing is known of a certificate: " (data.callback.outcome.as_str().replace('_', " ")) "." } };
    };
    let has_chain = data.pem_chain.is_some();
    html! {
        section.certificate aria-labelledby="certificate" {
            h2 id="certificate" { (title(leaf)) }
            (validity(leaf, now))
            (facts(leaf))
        }
        @if has_chain {
            section aria-labelledby="chain" {
                h2 id="chain" { "Chain" }
                ol.chain {
                    @for (depth, certificate) in data.certificates.iter().enumerate() {
                        li { (link(certificate, depth, now)) }
                        @if depth + 1 < data.certificates.len() { li.between { (said("signed by the next one", check(&data.checks, LINK))) } }
                    }
                    li.between { (said("trust anchor", check(&data.checks, END))) }
                }
            }
        } @else {
            @for other in data.certificates.iter().skip(1) {
                section.certificate { h2 { (title(other)) } (validity(other, now)) (facts(other)) }
            }
        }
    }
}

/// Every check that applies, with its reason; what is wrong comes first.
pub(crate) fn checks(checks: &Checks) -> Markup {
    let mut said: Vec<_> =
        checks.iter().filter(|(_, check)| check.result != CheckResult::NotApplicable).collect();
    said.sort_by_key(|(_, check)| std::cmp::Reverse(check.result));
    html! {
        @if said.is_empty() { p { (text(&checks.path.detail)) } }
        @else {
            ul.checks {
                @for (name, check) in said {
                    li { (badge(check.result.into(), check.result.as_str())) " " strong { (name.replace('_', " ")) } " " (text(&check.detail)) " " code { (text(&check.code)) } }
                }
            }
        }
    }
}

fn check<'a>(checks: &'a Checks, wanted: &str) -> Option<&'a Check> {
    checks.iter().find(|(name, _)| *name == wanted).map(|(_, check)| check)
}

fn said(what: &str, check: Option<&Check>) -> Markup {
    html! {
        @if let Some(check) = check {
            (badge(check.result.into(), what))
            @if check.result != CheckResult::Ok { " " (text(&check.detail)) }
        }
    }
}

fn title(certificate: &Certificate) -> Markup {
    let name = certificate.names.as_ref().and_then(|names| names.dns.first());
    let name = name.or(certificate.subject.as_ref()).map_or("A certificate", String::as_str);
    text(if name.is_empty() { "A certificate without a subject" } else { name })
}

fn link(certificate: &Certificate, depth: usize, now: OffsetDateTime) -> Markup {
    let role = if depth == 0 {
        "Leaf"
    } else if is_self_issued(certificate) {
        "Root"
    } else {
        "Intermediate"
    };
    html! {
        span.role { (role) } " " strong { (text(certificate.subject.as_deref().unwrap_or_default())) }
        br;
        (state(certificate, now)) " until " (day(parsed(certificate.not_after.as_deref())))
        @if let Some(algorithm) = &certificate.key_algorithm { " · " (text(algorithm)) }
        @if let Some(bits) = certificate.key_bits { " " (bits) " bits" }
    }
}

fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.subject == certificate.issuer
}

fn state(certificate: &Certificate, now: OffsetDateTime) -> Markup {
    let time = |text: &Option<String>| parsed(text.as_deref());
    match (time(&certificate.not_before), time(&certificate.not_after)) {
        (Some(start), _) if now < start => badge(Tone::Warning, "not yet valid"),
        (_, Some(end)) if now > end => badge(Tone::Failed, "expired"),
        (_, Some(_)) => badge(Tone::Ok, "valid"),
        (_, None) => badge(Tone::Plain, "unknown"),
    }
}

/// The validity as a bar, with today on it.
fn validity(certificate: &Certificate, now: OffsetDateTime) -> Markup {
    let time = |text: &Option<String>| parsed(text.as_deref());
    let (start, end) = (time(&certificate.not_before), time(&certificate.not_after));
    let (Some(begins), Some(ends)) = (start, end) else {
        return html! { p { (state(certificate, now)) @if end.is_some() { " until " (day(end)) } } };
    };
    let whole = (ends - begins).whole_seconds().max(1);
    let past = ((now - begins).whole_seconds().clamp(0, whole) * 1000 / whole).clamp(0, 1000);
    let left = match (now < begins, now > ends) {
        (true, _) => format!("begins in {}", span(begins - now)),
        (_, true) => format!("ended {} ago", span(now - ends)),
        _ => format!("{} left", span(ends - now)),
    };
    html! {
        div.validity {
            p { (state(certificate, now)) " " strong { (left) } " of " ((ends - begins).whole_days() + 1) " days" }
            svg viewBox="0 0 1000 26" preserveAspectRatio="none" role="img" aria-label={ (past / 10) " % of the validity is over" } {
                rect.whole x="0" y="8" width="1000" height="10" {}
                rect.past x="0" y="8" width=(past) height="10" {}
                rect.today x=((past - 3).clamp(0, 994)) y="0" width="6" height="26" {}
            }
            p.ends { span { (day(start)) } span { (day(end)) } }
        }
    }
}

fn facts(certificate: &Certificate) -> Markup {
    let none = envelope::Names::default();
    let names = certificate.names.as_ref().unwrap_or(&none);
    let all: Vec<_> = [&names.dns, &names.ip, &names.email].into_iter().flatten().collect();
    let key = match (&certificate.key_algorithm, certificate.key_bits) {
        (Some(algorithm), Some(bits)) => Some(format!("{algorithm}, {bits} bits")),
        (algorithm, bits) => algorithm.clone().or(bits.map(|bits| format!("{bits} bits"))),
    };
    let rows: [(&str, Option<&str>); 7] = [
        ("Subject", certificate.subject.as_deref()),
        ("Issuer", certificate.issuer.as_deref().or(certificate.certificate_authority.as_deref())),
        ("Serial number", certificate.serial_number.as_deref()),
        ("Key", key.as_deref()),
        ("Signature", certificate.signature_algorithm.as_deref()),
        ("SHA-256", certificate.fingerprint_sha256.as_deref()),
        ("SHA-256 of the key", certificate.spki_sha256.as_deref()),
    ];
    html! {
        dl.facts {
            @if !all.is_empty() {
                div { dt { "Names" } dd { ul.names { @for name in all { li { (text(name)) } } } } }
            }
            @for (name, value) in rows {
                @if let Some(value) = value { div { dt { (name) } dd { (text(value)) } } }
            }
        }
    }
}
