use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use embedded::{Delivered, WaitingState};
use envelope::{CertificateEvent, Outcome, Verdict};
use futures_util::stream;
use maud::{Markup, PreEscaped, html};
use time::OffsetDateTime;

use crate::display::{bare_event_name, span, without_prefix};
use crate::error::CommandResult;
use crate::installation::QueueCounts;
use crate::inventory::Row;
use crate::output::count;
use crate::page::Page;
use crate::page::layout::{Tone, View, action_link, badge, cell, event_link, text, time};
use crate::queue::{self, waiting::WaitingEvent};

/// How many of the last delivered events are shown, and of those that wait.
const SHOWN: u32 = 100;
/// The least time between two looks at a state folder, and at a stack, whose counts are requests to AWS.
const INTERVAL: Duration = Duration::from_secs(1);
const STACK_INTERVAL: Duration = Duration::from_secs(15);

impl Page {
    async fn now(&self) -> CommandResult<Arc<String>> {
        let interval = if self.installation.is_stack() { STACK_INTERVAL } else { INTERVAL };
        self.now.get(interval, async { Ok(self.render_now().await?.into_string()) }).await
    }

    async fn render_now(&self) -> CommandResult<Markup> {
        let counts = self.installation.queue_counts().await?;
        let waiting = match counts.visible + counts.in_flight + counts.delayed {
            0 => Some(Vec::new()),
            _ => queue::waiting(&*self.installation).await?,
        };
        let arrivals = match self.installation.recent(SHOWN).await? {
            Some(delivered) => Arrivals::Delivered(delivered),
            None => Arrivals::Ledger(self.certificates().await?),
        };
        let last = arrivals.last();
        Ok(html! {
            (figures(counts, last))
            @if let Some(waiting) = &waiting { (held(waiting)) (table_of_waiting(waiting)) }
            @else { p.notice { "SQS shows no message that waits: the worker's log has a line with an event's id for each attempt." } }
            section aria-labelledby="delivered" {
                h2 id="delivered" { "Delivered" }
                (arrivals.table())
            }
        })
    }
}

pub(crate) async fn show(State(page): State<Arc<Page>>) -> View {
    let now = page.now().await?;
    let body = html! {
        div.title {
            h1 { "Now" }
            label.live { input type="checkbox" id="live" checked; " Update by itself" }
        }
        p #stale.notice hidden role="status" { "The connection is lost. It is tried again." }
        @if let Some(samples) = &page.samples { @if page.token.is_some() { (samples.form()) } }
        div #now data-live="/live" { (PreEscaped(&*now)) }
    };
    Ok(page.view("Now", "/", &body))
}

/// The view as it changes.
pub(crate) async fn stream(State(page): State<Arc<Page>>) -> Response {
    let changes = stream::unfold((page, None::<Arc<String>>), async |(page, sent)| {
        loop {
            let next = match page.now().await {
                Ok(now) => now,
                Err(error) => Arc::new(
                    html! { p.notice.failed role="alert" { (text(error.message())) } }
                        .into_string(),
                ),
            };
            if sent.as_ref() != Some(&next) {
                let event = Event::default().data(one_line(&next));
                return Some((Ok::<_, Infallible>(event), (page, Some(next))));
            }
            tokio::time::sleep(INTERVAL).await;
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::default()).into_response()
}

/// Line breaks separate the fields of an event in the stream. In HTML of ours they are as good as spaces, and
/// texts from outside have none: they are spelt out.
fn one_line(html: &str) -> String {
    html.replace(['\n', '\r'], " ")
}

fn figures(counts: QueueCounts, last: Option<OffsetDateTime>) -> Markup {
    let QueueCounts { visible, in_flight, delayed, dead } = counts;
    let figure = |name: &str, tone: Tone, value: Markup| {
        let class = if tone == Tone::Failed { "figure failed" } else { "figure" };
        html! { div class=(class) { dt { (name) } dd { (value) } } }
    };
    html! {
        dl.figures {
            (figure("Last event received", Tone::Plain, html! {
                @match last { Some(at) => { (time(at)) } None => { "none yet" } }
            }))
            (figure("Due", Tone::Plain, html! { (visible) }))
            (figure("In progress", Tone::Plain, html! { (in_flight) }))
            (figure("Wait for a later attempt", Tone::Plain, html! { (delayed) }))
            (figure("Dead letters", if dead > 0 { Tone::Failed } else { Tone::Plain }, html! {
                @if dead > 0 { a href="/dead-letters" { (dead) } } @else { "0" }
            }))
        }
    }
}

/// What is held, by provider and reason.
fn held(waiting: &[WaitingEvent]) -> Markup {
    let mut groups = BTreeMap::<(&str, String), (usize, OffsetDateTime)>::new();
    for event in waiting.iter().filter(|event| event.message.state == WaitingState::Delayed) {
        let next = event.message.visible;
        let group = groups.entry((&event.message.provider, event.reason())).or_insert((0, next));
        *group = (group.0 + 1, group.1.min(next));
    }
    html! {
        @for ((provider, reason), (waiting, next)) in groups {
            p.notice.warning {
                strong { (text(provider)) ": " (count(waiting, "event")) " for a later attempt, " (text(&reason.replace('_', " "))) ". " }
                "The next try is at " (time(next)) ". "
                (action_link("Try now", "release", provider))
            }
        }
    }
}

fn table_of_waiting(waiting: &[WaitingEvent]) -> Markup {
    html! {
        @if !waiting.is_empty() {
            section aria-labelledby="waiting" {
                h2 id="waiting" { "On their way" }
                table.cards {
                    thead { tr {
                        @for title in ["State", "Event", "About", "Received", "Attempts", "Next try"] { th scope="col" { (title) } }
                    } }
                    tbody {
                        @for event in waiting.iter().take(SHOWN as usize) { (waiting_row(event)) }
                    }
                }
                @if waiting.len() > SHOWN as usize { p { "and " (waiting.len() - SHOWN as usize) " more" } }
            }
        }
    }
}

fn waiting_row(event: &WaitingEvent) -> Markup {
    let message = &event.message;
    let tone = match message.state {
        _ if message.receives > 1 => Tone::Failed,
        WaitingState::Delayed => Tone::Warning,
        WaitingState::Visible | WaitingState::InFlight => Tone::Plain,
    };
    let subject = event.subject().unwrap_or("-");
    html! {
        tr {
            td data-title="State" { (badge(tone, &event.reason().replace('_', " "))) }
            td data-title="Event" { (text(bare_event_name(&message.kind))) }
            th scope="row" data-title="About" {
                @match event.id() { Some(id) => { (event_link(id, &cell(subject))) } None => { (cell(subject)) } }
            }
            td data-title="Received" { @match event.received() { Some(at) => { (time(at)) } None => { "-" } } }
            td data-title="Attempts" { (event.attempts()) }
            td data-title="Next try" {
                @if message.state == WaitingState::Delayed { (time(message.visible)) } @else { "now" }
            }
        }
    }
}

/// What came last: the deliveries of a state folder, or what the ledger of a stack has of each certificate.
enum Arrivals {
    Delivered(Vec<Delivered>),
    Ledger(Arc<Vec<Row>>),
}

impl Arrivals {
    /// When the last of them was received.
    fn last(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Delivered(delivered) => {
                let events = delivered.iter().filter_map(read);
                events.map(|event| event.receivedtime).max()
            }
            Self::Ledger(rows) => rows.iter().map(|row| row.received).max(),
        }
    }

    fn table(&self) -> Markup {
        match self {
            Self::Delivered(delivered) if delivered.is_empty() => html! {
                p.notice { "No event was delivered yet. Send one: " code { "certhooks send FILE" } ", or have the provider send a test." }
            },
            Self::Delivered(delivered) => {
                html! { (outcomes(delivered)) (table_of_delivered(delivered)) }
            }
            Self::Ledger(rows) => {
                let mut rows: Vec<_> = rows.iter().collect();
                rows.sort_by_key(|row| std::cmp::Reverse(row.received));
                html! {
                    @if rows.is_empty() { p.notice { "The ledger knows no certificate yet." } }
                    @else { (table_of_ledger(&rows)) }
                }
            }
        }
    }
}

fn read(delivered: &Delivered) -> Option<CertificateEvent> {
    serde_json::from_str(&delivered.body).ok()
}

/// Counts by provider and outcome.
fn outcomes(delivered: &[Delivered]) -> Markup {
    let mut counts = BTreeMap::<&str, BTreeMap<&str, u32>>::new();
    for one in delivered {
        let Some(event) = read(one) else { continue };
        let outcome = match (event.data.verdict, event.data.callback.outcome) {
            (Verdict::Failed, _) => "checks failed",
            (_, Outcome::Failed) => "call-back failed",
            (Verdict::Unknown, _) => "checks undecided",
            (Verdict::Ok, _) => "checks ok",
            (Verdict::Unchecked, _) => "without a certificate",
        };
        *counts.entry(&one.provider).or_default().entry(outcome).or_default() += 1;
    }
    html! {
        p.outcomes {
            "Of the last " (delivered.len()) ": "
            @for (provider, outcomes) in counts {
                span { strong { (text(provider)) } @for (outcome, count) in outcomes { " · " (count) " " (outcome) } }
            }
        }
    }
}

fn table_of_delivered(delivered: &[Delivered]) -> Markup {
    html! {
        table.cards {
            thead { tr {
                @for title in ["Received", "What", "About", "Call-back", "Checks", "Took"] { th scope="col" { (title) } }
            } }
            tbody {
                @for one in delivered {
                    @match read(one) {
                        Some(event) => { (delivered_row(one, &event)) }
                        None => tr { td colspan="6" { (event_link(&one.id, &cell(&one.id))) " is of another version" } }
                    }
                }
            }
        }
    }
}

fn delivered_row(delivered: &Delivered, event: &CertificateEvent) -> Markup {
    let data = &event.data;
    let name = data.certificates.first().and_then(|leaf| leaf.names.as_ref()?.dns.first());
    let took = delivered.published - event.receivedtime;
    let marks = [
        (event.conflict == Some(true), "conflict"),
        (event.ordering.is_some(), "stale"),
        (event.reconciled == Some(true), "reconciled"),
        (event.replayed == Some(true), "replayed"),
        (event.simulated == Some(true), "simulated"),
    ];
    html! {
        tr {
            td data-title="Received" { (time(event.receivedtime)) }
            td data-title="What" {
                (text(without_prefix(&event.kind)))
                @for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) { " " span.mark { (mark) } }
            }
            th scope="row" data-title="About" { (event_link(&event.id, &cell(name.unwrap_or(&event.subject)))) }
            td data-title="Call-back" { (callback(&data.callback)) }
            td data-title="Checks" { (badge(data.verdict.into(), data.verdict.as_str())) }
            td data-title="Took" { (duration(took)) }
        }
    }
}

pub(crate) fn callback(callback: &envelope::Callback) -> Markup {
    html! {
        (badge(callback.outcome.into(), &callback.outcome.as_str().replace('_', " ")))
        @if let Some(reason) = callback.reason { " " (reason.as_str().replace('_', " ")) }
        @if callback.attempts > 1 { ", " (callback.attempts) " attempts" }
    }
}

pub(crate) fn duration(took: time::Duration) -> String {
    match took.whole_milliseconds() {
        millis @ ..1_000 => format!("{} ms", millis.max(0)),
        _ => span(took),
    }
}

fn table_of_ledger(rows: &[&Row]) -> Markup {
    html! {
        table.cards {
            thead { tr { @for title in ["Received", "What", "About"] { th scope="col" { (title) } } } }
            tbody {
                @for row in rows.iter().take(SHOWN as usize) {
                    tr {
                        td data-title="Received" { (time(row.received)) }
                        td data-title="What" { (text(without_prefix(&row.kind))) }
                        th scope="row" data-title="About" { (event_link(&row.last, &cell(&row.name))) }
                    }
                }
            }
        }
    }
}
