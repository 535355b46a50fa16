use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use embedded::Delivered;
use envelope::CertificateEvent;
use maud::{Markup, html};
use ports::{History, alias};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::display::{bare_event_name, without_prefix};
use crate::inventory::Row;
use crate::page::layout::{
    ErrorView, Tone, View, action_link, badge, cell, copyable, day, event_link, json, text, time,
};
use crate::page::now::{callback, duration};
use crate::page::{Page, chain};
use crate::queue::{self, waiting::WaitingEvent};

#[derive(Deserialize)]
pub(crate) struct Wanted {
    id: String,
}

pub(crate) async fn show(
    State(page): State<Arc<Page>>,
    Query(Wanted { id }): Query<Wanted>,
) -> View {
    let installation = &*page.installation;
    let delivered = installation.delivered(&id).await?;
    let histories = installation.histories(vec![id.clone()]).await?;
    let waiting = queue::waiting(installation).await?.unwrap_or_default();
    let waiting = waiting.iter().find(|event| event.id() == Some(&*id));
    let event = delivered
        .as_ref()
        .and_then(|delivered| serde_json::from_str::<CertificateEvent>(&delivered.body).ok());
    if event.is_none() && histories.is_empty() && waiting.is_none() {
        return Err(ErrorView::new(
            StatusCode::NOT_FOUND,
            format!(
                "No event with the id {id} waits, was delivered and is kept, or is in the ledger."
            ),
        ));
    }
    let others = match &event {
        Some(event) => page.of_same_name(event, &histories).await?,
        None => Vec::new(),
    };
    let is_known = event.is_some() || !histories.is_empty();
    let body = html! {
        (head(&id, event.as_ref(), &histories))
        @if let Some(waiting) = waiting { (still_waiting(waiting)) }
        @if page.token.is_some() && is_known { p { (action_link("Replay", "replay", &id)) } }
        @if let (Some(event), Some(delivered)) = (&event, &delivered) {
            (way(event, delivered))
            section aria-labelledby="verdict" {
                h2 id="verdict" { "Checks " (badge(event.data.verdict.into(), event.data.verdict.as_str())) }
                @for problem in &event.data.problems { p.notice.warning { (text(problem)) } }
                (chain::checks(&event.data.checks))
            }
            (chain::certificates(&event.data, OffsetDateTime::now_utc()))
        } @else if is_known {
            p.notice { "The delivered event is not kept here any more, or belongs to the consumers of the stack. This is what the ledger has." }
        }
        @for history in &histories { (events_of(history, &id)) }
        (same_name(&others))
        @if let Some(delivered) = &delivered { (documents(event.as_ref(), delivered)) }
    };
    Ok(page.view("Event", "", &body))
}

impl Page {
    /// Other certificates for the first name of the leaf.
    async fn of_same_name(
        &self,
        event: &CertificateEvent,
        own: &[History],
    ) -> Result<Vec<Row>, ErrorView> {
        let leaf = event.data.certificates.first();
        let name = leaf.and_then(|leaf| leaf.names.as_ref()?.dns.first());
        let Some(name) = name else { return Ok(Vec::new()) };
        let found = self.installation.histories(vec![alias::name(name)]).await?;
        let others = found
            .iter()
            .filter(|history| own.iter().all(|one| one.certificate != history.certificate));
        let now = OffsetDateTime::now_utc();
        Ok(others.filter_map(|history| Row::of(history, now)).collect())
    }
}

fn head(id: &str, event: Option<&CertificateEvent>, histories: &[History]) -> Markup {
    let entry = histories.iter().flat_map(|history| &history.entries).find(|entry| entry.id == id);
    let kind = event.map(|event| &event.kind).or(entry.map(|entry| &entry.kind));
    let subject = event.map(|event| &event.subject).or(entry.map(|entry| &entry.subject));
    html! {
        h1 { (text(kind.map_or("An event", |kind| without_prefix(kind)))) }
        @if let Some(subject) = subject { p.subject { (text(subject)) } }
        (copyable("id", "id", &text(id)))
    }
}

fn still_waiting(waiting: &WaitingEvent) -> Markup {
    html! {
        p.notice.warning {
            "On the events queue: " strong { (text(&waiting.reason().replace('_', " "))) }
            ", " (waiting.attempts()) " attempts so far. Next try: " (time(waiting.message.visible)) ". "
            @if let Some(id) = waiting.id() { (action_link("Try now", "release", id)) }
        }
    }
}

/// Its stages, with their times.
fn way(event: &CertificateEvent, delivered: &Delivered) -> Markup {
    let took = duration(delivered.published - event.receivedtime);
    html! {
        ol.way {
            li { strong { "Happened" } " " (time(event.time)) br; (text(&event.data.event)) }
            li { strong { "Received" } " " (time(event.receivedtime)) br; (text(&event.source)) }
            li { strong { "Called back" } " " (callback(&event.data.callback)) }
            li { strong { "Delivered" } " " (time(delivered.published)) br; "after " (took) }
        }
        @let marks = [
            (event.simulated == Some(true), "It is simulated: nothing in it is real."),
            (event.replayed == Some(true), "An operator replayed it."),
            (event.reconciled == Some(true), "Reconciliation found it: the provider did not deliver it."),
            (event.ordering.is_some(), "It is stale: a later event of the certificate was processed before it."),
            (event.conflict == Some(true), "Another certificate was delivered under the same id before."),
        ];
        @for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) { p.notice { (mark) } }
        @if let Some(cause) = &event.causationid { p { "It repeats " (event_link(cause, &text(cause))) } }
    }
}

/// The events of the certificate, the newest first.
fn events_of(history: &History, id: &str) -> Markup {
    html! {
        section {
            h2 { "History of " (text(&history.certificate)) }
            table.cards {
                thead { tr { @for title in ["Received", "Event", "Call-back", "Delivered"] { th scope="col" { (title) } } } }
                tbody {
                    @for entry in history.entries.iter().rev() {
                        tr aria-current=[(entry.id == id).then_some("true")] {
                            td data-title="Received" { (time(entry.received)) }
                            th scope="row" data-title="Event" {
                                (event_link(&entry.id, &cell(match without_prefix(&entry.kind) {
                                    "unrecognised" => bare_event_name(&entry.event),
                                    kind => kind,
                                })))
                                @if entry.id == id { " " span.mark { "this one" } }
                            }
                            td data-title="Call-back" { (callback(&entry.callback)) }
                            td data-title="Delivered" { (time(entry.delivered)) }
                        }
                    }
                }
            }
        }
    }
}

fn same_name(others: &[Row]) -> Markup {
    html! {
        @if !others.is_empty() {
            section {
                h2 { "Other certificates for the name" }
                ul {
                    @for row in others {
                        li { (event_link(&row.last, &text(&row.certificate))) " " (badge(Tone::Plain, without_prefix(&row.kind))) " ends " (day(row.not_after)) }
                    }
                }
            }
        }
    }
}

fn documents(event: Option<&CertificateEvent>, delivered: &Delivered) -> Markup {
    let data = event.map(|event| &event.data);
    let payload = data.and_then(|data| data.payload.as_ref());
    html! {
        section aria-labelledby="documents" {
            h2 id="documents" { "Documents" }
            @if let Some(payload) = payload {
                details open { summary { "What the provider sent" } (copyable("document", "payload", &json(payload.get()))) }
            }
            details { summary { "What was delivered" } (copyable("event", "delivered-event", &json(&delivered.body))) }
            @if let Some(pem) = data.and_then(|data| data.pem_chain.as_ref()) {
                details { summary { "PEM" } (copyable("PEM", "pem", &html! { (pem) })) }
            }
        }
    }
}
