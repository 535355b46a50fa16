use std::cmp::Reverse;
use std::collections::BTreeSet;

use certificate::{Link, SignedTimestamp};
use envelope::{Certificate, CertificateData, CheckResult, Checks, Verdict};
use maud::{Markup, html};
use time::OffsetDateTime;

use crate::display::span;
use crate::page::layout::{Tone, badge, cell, day, moment, text};
use crate::time_parsing::parsed;

/// Whether the chain is good, and if not, why.
pub(crate) fn verdict(data: &CertificateData) -> Markup {
    let (class, word) = match data.verdict {
        Verdict::Ok => ("notice ok", "This chain is good."),
        Verdict::Failed => ("notice failed", "This chain is not good."),
        Verdict::Unknown => ("notice warning", "Whether this chain is good could not be decided."),
        Verdict::Unchecked => return html! { p.notice { (text(&data.checks.path.detail)) } },
    };
    let objections = data.checks.iter().filter(|(_, check)| check.result > CheckResult::Ok);
    // Several checks may object to the same thing in the same words.
    let objections: BTreeSet<_> =
        objections.map(|(_, check)| (Reverse(check.result), &check.detail)).collect();
    html! {
        div class=(class) {
            p { strong { (word) } @if data.verdict == Verdict::Ok { " " (text(&data.checks.trust.detail)) } }
            @if !objections.is_empty() {
                ul { @for (Reverse(result), detail) in objections { li { (badge(result.into(), result.as_str())) " " (text(detail)) } } }
            }
        }
    }
}

/// The certificates of an event as a person reads them: the leaf, and the chain up to its anchor. `checked` is
/// when they were checked.
pub(crate) fn certificates(
    data: &CertificateData,
    checked: OffsetDateTime,
    now: OffsetDateTime,
) -> Markup {
    let Some(leaf) = data.certificates.first() else {
        return html! { p.notice { "Nothing is known of a certificate: " (data.callback.outcome.as_str().replace('_', " ")) "." } };
    };
    let links = data.pem_chain.as_deref().map(|pem| certificate::links(pem, checked));
    let links = links.unwrap_or_default();
    html! {
        (certificate(leaf, now))
        @if links.is_empty() {
            @for other in data.certificates.iter().skip(1) { (certificate(other, now)) }
        } @else {
            section aria-labelledby="chain" {
                h2 id="chain" { "Chain" }
                ol.chain {
                    @for (depth, (link, certificate)) in links.iter().zip(&data.certificates).enumerate() {
                        li { (drawn(link, certificate, depth, now)) }
                    }
                    li.end {
                        @let trust = &data.checks.trust;
                        (badge(trust.result.into(), "trust anchor")) " " (text(&trust.detail))
                    }
                }
            }
        }
    }
}

/// One certificate by itself.
pub(crate) fn certificate(certificate: &Certificate, now: OffsetDateTime) -> Markup {
    html! {
        section.certificate {
            h2 { (title(certificate)) }
            (validity(certificate, now))
            (facts(certificate))
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

fn title(certificate: &Certificate) -> Markup {
    let name = certificate.names.as_ref().and_then(|names| names.dns.first());
    let name = name.or(certificate.subject.as_ref()).map_or("A certificate", String::as_str);
    cell(if name.is_empty() { "A certificate without a subject" } else { name })
}

/// A certificate of the chain with what each check said of it.
fn drawn(link: &Link, certificate: &Certificate, depth: usize, now: OffsetDateTime) -> Markup {
    let role = if depth == 0 {
        "Leaf"
    } else if is_self_issued(certificate) {
        "Root"
    } else {
        "Intermediate"
    };
    html! {
        p.name {
            span.role { (role) } " " strong { (text(certificate.subject.as_deref().unwrap_or_default())) }
            " " (state(certificate, now))
        }
        ul.said {
            @for (name, check) in &link.checks {
                li { (badge(check.result.into(), name)) " " (text(&check.detail)) }
            }
        }
        (timestamps(&link.timestamps))
    }
}

/// The logs that promised to show it.
fn timestamps(timestamps: &[SignedTimestamp]) -> Markup {
    html! {
        @if !timestamps.is_empty() {
            p.branch { "Promised by " (timestamps.len()) " logs (SCTs)" }
            ul.scts {
                @for SignedTimestamp { log_id, log, time } in timestamps {
                    li {
                        @match log {
                            Some((name, operator)) => { (badge(Tone::Ok, "known log")) " " strong { (text(name)) } span { (text(operator)) } }
                            None => { (badge(Tone::Warning, "unknown log")) " " strong { code { (log_id) } } span { "not in Chrome's list of " (certificate::log_list_date()) ", or retired by then" } }
                        }
                        (moment(*time))
                    }
                }
            }
        }
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
