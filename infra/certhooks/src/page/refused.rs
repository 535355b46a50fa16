use embedded::Running;
use intake::Reason;
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
                    @if place > 0 { ", " } (count) " " (reason.as_str().replace('_', " "))
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

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Address => "its address is not in SOURCE_IP_ALLOWLIST",
        Reason::BodyCutShort => "its body ended early",
        Reason::BodyMemory => "the bodies of other requests took up the memory",
        Reason::BodyTooSlow => "its body took too long",
        Reason::Document => "verified, but not an event of the provider",
        Reason::Handshake => "the verify token is missing or wrong",
        Reason::Method => "the route takes other methods",
        Reason::NoRoute => "there is no such route",
        Reason::OwnSecret => "our own webhook secret cannot be read or used: see the log",
        Reason::Queue => "the events queue did not take it: see the log",
        Reason::TooLarge => "too large",
        Reason::Unauthorized => "the secret or signature is missing or wrong",
    }
}
