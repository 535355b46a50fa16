use embedded::Running;
use maud::{Markup, html};

use crate::local::Refusals;
use crate::page::Page;
use crate::page::layout::{Tone, badge, cell, text, time};

impl Page {
    /// The requests that were refused, and why; else where that is to be seen.
    pub(crate) fn refused(&self) -> Markup {
        let body = match &self.refusals {
            Some(refusals) => table(refusals),
            None => self.elsewhere(),
        };
        html! {
            section aria-labelledby="refused" { h2 id="refused" { "Refused requests" } (body) }
        }
    }

    fn elsewhere(&self) -> Markup {
        if self.installation.is_stack() {
            return html! { p.quiet {
                "The webhook functions log each. In CloudWatch the saved query " strong { "refused" }
                " shows them by reason and source address, and the dashboard their number (metric " code { "Refused" } ")."
            } };
        }
        match Running::read(&self.state) {
            Some(running) => html! { p.quiet {
                "The running " code { "certhooks local" } " counts them. Its own page shows them: "
                a href={ "http://" (running.admin) "/" } { "http://" (running.admin) "/" }
            } },
            None => html! { p.quiet {
                "No " code { "certhooks local" } " runs on this state folder, so that no request arrives."
            } },
        }
    }
}

fn table(refusals: &Refusals) -> Markup {
    let (totals, last) = (refusals.totals(), refusals.last());
    html! {
        @if totals.is_empty() {
            p.quiet { "None since the start, " (time(refusals.began())) "." }
        } @else {
            p.quiet {
                (totals.values().sum::<u64>()) " since the start, " (time(refusals.began())) ": "
                @for (place, (reason, count)) in totals.iter().enumerate() {
                    @if place > 0 { ", " } (count) " " (reason.replace('_', " "))
                }
                ". The last ones:"
            }
            table.cards {
                thead { tr {
                    @for title in ["Last", "Request", "Answer", "Why", "From", "Times"] { th scope="col" { (title) } }
                } }
                tbody {
                    @for (refusal, times) in &last {
                        tr {
                            td data-title="Last" { (time(times.last)) }
                            th scope="row" data-title="Request" { (text(&refusal.method)) " " (cell(&refusal.path)) }
                            td data-title="Answer" { (badge(tone(refusal.status), &refusal.status.to_string())) }
                            td data-title="Why" { (why(refusal.reason)) }
                            td data-title="From" { (refusal.source) }
                            td data-title="Times" { (times.count) }
                        }
                    }
                }
            }
        }
    }
}

/// A fault of ours is worse than one of the sender's.
fn tone(status: u16) -> Tone {
    if status >= 500 { Tone::Failed } else { Tone::Warning }
}

fn why(reason: &str) -> &str {
    match reason {
        "address" => "its address is not in SOURCE_IP_ALLOWLIST",
        "body_cut_short" => "its body ended early",
        "body_memory" => "the bodies of other requests took up the memory",
        "body_too_slow" => "its body took too long",
        "document" => "verified, but not an event of the provider",
        "handshake" => "the verify token is missing or wrong",
        "method" => "the route takes other methods",
        "no_route" => "there is no such route",
        "own_secret" => "our own webhook secret cannot be read or used: see the log",
        "queue" => "the events queue did not take it: see the log",
        "too_large" => "too large",
        "unauthorized" => "the secret or signature is missing or wrong",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::why;

    /// Each reason of `shared/intake/src/answer.rs`, read from there.
    #[test]
    fn every_reason_has_a_sentence() {
        let source = include_str!("../../../../shared/intake/src/answer.rs");
        let reasons = source.lines().filter_map(|line| line.trim().split_once("=> \""));
        let reasons: Vec<_> = reasons.filter_map(|(_, rest)| rest.strip_suffix("\",")).collect();
        assert!(reasons.len() > 9, "{reasons:?}");
        for reason in reasons.into_iter().chain(["no_route"]) {
            assert_ne!(why(reason), reason);
        }
    }
}
