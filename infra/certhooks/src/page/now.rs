use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use embedded::{Delivered, WaitingState};
use envelope::CertificateEvent;
use futures_util::stream;
use maud::{Markup, PreEscaped, html};
use time::OffsetDateTime;

use crate::display::bare_event_name;
use crate::error::CommandResult;
use crate::installation::QueueCounts;
use crate::output::count;
use crate::page::Page;
use crate::page::arrival::{self, Arrival};
use crate::page::layout::{Tone, View, action_link, ago, badge, cell, event_link, text, time};
use crate::page::tally::Tally;
use crate::queue::{self, waiting::WaitingEvent};

/// How many of the last delivered events are shown, and of those that wait.
pub(crate) const SHOWN: u32 = 100;
/// The least time between two looks at a state folder, and at a stack, whose counts are requests to AWS.
const INTERVAL: Duration = Duration::from_secs(1);
const STACK_INTERVAL: Duration = Duration::from_secs(15);

impl Page {
    async fn now(&self) -> CommandResult<Arc<String>> {
        let interval = if self.installation.is_stack() { STACK_INTERVAL } else { INTERVAL };
        self.now.get(interval, async { Ok(self.render_now().await?.into_string()) }).await
    }

    async fn render_now(&self) -> CommandResult<Markup> {
        let installation = &*self.installation;
        let counts = installation.queue_counts().await?;
        let waiting = match counts.visible + counts.in_flight + counts.delayed {
            0 => Some(Vec::new()),
            _ => queue::waiting(installation).await?,
        };
        let Some(last) = installation.last_delivered().await? else {
            let fleet = self.certificates().await?;
            let arrivals: Vec<_> = fleet.last.iter().map(Arrival::of_entry).collect();
            return Ok(self.draw(counts, waiting.as_deref(), &fleet.tally, &arrivals));
        };
        let mut tally = self.tally.lock().await;
        tally.catch_up(installation, last).await?;
        let delivered = installation.delivered_after(last - i64::from(SHOWN), SHOWN).await?;
        let read = |one: &Delivered| serde_json::from_str::<CertificateEvent>(&one.body).ok();
        let events: Vec<_> =
            delivered.iter().rev().filter_map(|one| Some((one, read(one)?))).collect();
        let ids = delivered.iter().map(|one| one.id.clone()).collect();
        let histories = installation.histories(ids).await?;
        let entries = histories.iter().flat_map(|history| &history.entries);
        let stages: HashMap<_, _> =
            entries.filter_map(|entry| Some((&*entry.id, entry.stages?))).collect();
        let arrivals: Vec<_> = events
            .iter()
            .map(|(one, event)| Arrival::of_event(event, one, stages.get(&*event.id).copied()))
            .collect();
        Ok(self.draw(counts, waiting.as_deref(), &tally, &arrivals))
    }

    /// `waiting` is `None` where it cannot be listed.
    fn draw(
        &self,
        counts: QueueCounts,
        waiting: Option<&[WaitingEvent]>,
        tally: &Tally,
        arrivals: &[Arrival<'_>],
    ) -> Markup {
        let received = arrivals.iter().map(|arrival| arrival.received).max();
        html! {
            (figures(counts, received))
            @match waiting {
                Some(waiting) => { (held(waiting, counts.dead)) (table_of_waiting(waiting)) }
                None => p.notice.warning { "Events wait on the queue. SQS shows no message that waits: the worker's log has a line with an event's id for each attempt." }
            }
            div.pair { (tally.table()) (self.refused()) }
            section aria-labelledby="delivered" {
                h2 id="delivered" { "Delivered" }
                @if arrivals.is_empty() {
                    p.notice { "No event was delivered yet. Send one: " code { "certhooks send FILE" } ", or have the provider send a test." }
                } @else {
                    (arrival::table(arrivals))
                }
            }
        }
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

fn figures(counts: QueueCounts, received: Option<OffsetDateTime>) -> Markup {
    let QueueCounts { visible, in_flight, delayed, dead } = counts;
    let figure = |name: &str, tone: Tone, value: Markup| {
        let class = match tone {
            Tone::Failed => "figure failed",
            Tone::Warning => "figure warning",
            Tone::Ok | Tone::Plain => "figure",
        };
        html! { div class=(class) { dt { (name) } dd { (value) } } }
    };
    let tone = |count, tone| if count > 0 { tone } else { Tone::Plain };
    html! {
        dl.figures {
            (figure("Last event received", Tone::Plain, html! {
                @match received { Some(at) => { (ago(at)) } None => { "none yet" } }
            }))
            (figure("Due", Tone::Plain, html! { (visible) }))
            (figure("In progress", Tone::Plain, html! { (in_flight) }))
            (figure("Wait for a later attempt", tone(delayed, Tone::Warning), html! { (delayed) }))
            (figure("Dead letters", tone(dead, Tone::Failed), html! {
                @if dead > 0 { a href="/dead-letters" { (dead) } } @else { "0" }
            }))
        }
    }
}

/// What is held, by provider and reason.
fn held(waiting: &[WaitingEvent], dead: u64) -> Markup {
    let mut groups = BTreeMap::<(&str, String), (usize, OffsetDateTime)>::new();
    for event in waiting.iter().filter(|event| event.message.state == WaitingState::Delayed) {
        let next = event.message.visible;
        let group = groups.entry((&event.message.provider, event.reason())).or_insert((0, next));
        *group = (group.0 + 1, group.1.min(next));
    }
    let again = waiting.iter().filter(|event| event.message.receives > 1).count();
    html! {
        @if groups.is_empty() && again == 0 && dead == 0 {
            p.notice.ok { "Nothing is stuck: no event waits for a later attempt, and there is no dead letter." }
        }
        @for ((provider, reason), (waiting, next)) in groups {
            p.notice.warning {
                strong { (text(provider)) ": " (count(waiting, "event")) " for a later attempt, " (text(&reason.replace('_', " "))) ". " }
                @if let Some(why) = why_held(&reason) { (why) " " }
                "The next try is at " (time(next)) ". "
                (action_link("Try now", "release", provider))
            }
        }
        @if again > 0 {
            p.notice.failed { strong { (count(again, "event")) " tried again. " } "The worker took them and did not finish, which is a fault of ours: its log says why. After five tries a message is a dead letter." }
        }
        @if dead > 0 {
            p.notice.failed { strong { (count(usize::try_from(dead).unwrap_or(usize::MAX), "dead letter")) ". " } a href="/dead-letters" { "See why, and retry or drop them" } }
        }
    }
}

/// What stands behind a word that does not explain itself.
fn why_held(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "held" => {
            "Its API was down or refused the key in many calls in a row, so that only one event at a time tries it."
        }
        "rate_limit" => "The share of its API's requests that may be made now is used up.",
        "unauthorized" => "Its API refuses the API key: replace the key.",
        "deadline" => "The work of many calls goes on in the next attempt.",
        _ => return None,
    })
}

fn table_of_waiting(waiting: &[WaitingEvent]) -> Markup {
    html! {
        @if !waiting.is_empty() {
            section aria-labelledby="waiting" {
                h2 id="waiting" { "On their way" }
                table.cards {
                    thead { tr {
                        @for title in ["State", "Event", "About", "Received", "Queued", "Attempts", "Next try"] { th scope="col" { (title) } }
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
            td data-title="Event" { (cell(bare_event_name(&message.kind))) }
            th scope="row" data-title="About" {
                @match event.id() { Some(id) => { (event_link(id, &cell(subject))) } None => { (cell(subject)) } }
            }
            td data-title="Received" { @match event.received() { Some(at) => { (time(at)) } None => { "-" } } }
            td data-title="Queued" { (time(message.sent)) }
            td data-title="Attempts" { (event.attempts()) }
            td data-title="Next try" {
                @if message.state == WaitingState::Delayed { (time(message.visible)) } @else { "now" }
            }
        }
    }
}
