use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use embedded::Delivered;
use envelope::{Certificate, CertificateEvent, Envelope, Names};
use maud::{Markup, html};
use ports::{Entry, History, alias};
use serde::Deserialize;
use time::OffsetDateTime;

use crate::archive::Source;
use crate::display::without_prefix;
use crate::inventory::{Row, issuer_name};
use crate::page::arrival::{Arrival, callback, what};
use crate::page::layout::{
    ErrorView, View, action_link, badge, cell, copyable, day, event_link, json, moment, text, time,
};
use crate::page::{Page, chain};
use crate::queue::{self, waiting::WaitingEvent};
use crate::time_parsing::parsed;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
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
    let entry = histories.iter().flat_map(|history| &history.entries).find(|entry| entry.id == id);
    if event.is_none() && histories.is_empty() && waiting.is_none() {
        return Err(ErrorView::new(
            StatusCode::NOT_FOUND,
            format!(
                "No event with the id {id} waits, was delivered and is kept, or is in the ledger."
            ),
        ));
    }
    // Where the event is not kept, the archive still has what the provider sent.
    let envelope = match (&event, entry) {
        (None, Some(entry)) => {
            Source::of_one(installation, &id, Some(entry.received))?.first().await?
        }
        _ => None,
    };
    let leaf = match (&event, entry) {
        (Some(event), _) => event.data.certificates.first().cloned(),
        (None, entry) => entry.map(leaf_of),
    };
    let others = match &leaf {
        Some(leaf) => page.of_same_name(leaf, &histories).await?,
        None => Vec::new(),
    };
    let is_known = event.is_some() || !histories.is_empty();
    let now = OffsetDateTime::now_utc();
    let body = html! {
        (head(&id, event.as_ref(), entry))
        @if let Some(waiting) = waiting { (still_waiting(waiting)) }
        @if page.token.is_some() && is_known { p { (action_link("Replay", "replay", &id)) } }
        @if let (Some(event), Some(delivered)) = (&event, &delivered) {
            (Arrival::of_event(event, delivered, entry.and_then(|entry| entry.stages)).way(event.time))
            (marks(event))
            (chain::verdict(&event.data))
            (chain::certificates(&event.data, delivered.published, now))
            section aria-labelledby="checks" {
                h2 id="checks" { "All checks " (badge(event.data.verdict.into(), event.data.verdict.as_str())) }
                (chain::checks(&event.data.checks))
            }
        } @else if is_known {
            @if let Some(entry) = entry { (Arrival::of_entry(entry).way(entry.time)) }
            p.notice { (page.not_kept()) }
            @if let Some(leaf) = &leaf { (chain::certificate(leaf, now)) }
        }
        @for history in &histories { (events_of(history, &id)) }
        (same_name(&others, leaf.as_ref()))
        (documents(event.as_ref(), envelope.as_ref(), delivered.as_ref()))
    };
    Ok(page.view("Event", "", &body))
}

impl Page {
    /// Other certificates for the first name of the leaf.
    async fn of_same_name(
        &self,
        leaf: &Certificate,
        own: &[History],
    ) -> Result<Vec<Row>, ErrorView> {
        let name = leaf.names.as_ref().and_then(|names| names.dns.first());
        let Some(name) = name else { return Ok(Vec::new()) };
        let found = self.installation.histories(vec![alias::name(name)]).await?;
        let others = found
            .iter()
            .filter(|history| own.iter().all(|one| one.certificate != history.certificate));
        let now = OffsetDateTime::now_utc();
        Ok(others.filter_map(|history| Row::of(history, now)).collect())
    }

    fn not_kept(&self) -> &'static str {
        match self.installation.is_stack() {
            true => {
                "The delivered event belongs to the consumers of the stack, and its chain and checks are in it. This is what ledger and archive have."
            }
            false => {
                "The delivered event is not kept any more. This is what ledger and archive have."
            }
        }
    }
}

/// What the ledger has of a leaf.
fn leaf_of(entry: &Entry) -> Certificate {
    let dns = entry.name.clone().into_iter().collect();
    Certificate {
        issuer: entry.issuer.clone(),
        serial_number: entry.serial_numbers.first().cloned(),
        not_before: entry.not_before.clone(),
        not_after: entry.not_after.clone(),
        names: Some(Names { dns, ..Names::default() }),
        ..Certificate::default()
    }
}

fn head(id: &str, event: Option<&CertificateEvent>, entry: Option<&Entry>) -> Markup {
    let kind = event.map(|event| &event.kind).or(entry.map(|entry| &entry.kind));
    let subject = event.map(|event| &event.subject).or(entry.map(|entry| &entry.subject));
    html! {
        h1 { (cell(kind.map_or("An event", |kind| without_prefix(kind)))) }
        @if let Some(subject) = subject { p.subject { (text(subject)) } }
        (copyable("id", "id", &text(id)))
    }
}

fn still_waiting(waiting: &WaitingEvent) -> Markup {
    html! {
        ol.way {
            @if let Some(received) = waiting.received() { li { strong { "Received" } (moment(received)) "by the webhook endpoint" } }
            li { strong { "Queued" } (moment(waiting.message.sent)) (waiting.attempts()) " attempts so far" }
            li.open { strong { "Waits" } (moment(waiting.message.visible)) "is the next try" }
        }
        p.notice.warning {
            "On the events queue: " strong { (text(&waiting.reason().replace('_', " "))) }
            ", " (waiting.attempts()) " attempts so far. Next try: " (time(waiting.message.visible)) ". "
            @if let Some(id) = waiting.id() { (action_link("Try now", "release", id)) }
        }
    }
}

fn marks(event: &CertificateEvent) -> Markup {
    let marks = [
        (event.simulated == Some(true), "It is simulated: nothing in it is real."),
        (event.replayed == Some(true), "An operator replayed it."),
        (
            event.reconciled == Some(true),
            "Reconciliation found it: the provider did not deliver it.",
        ),
        (
            event.ordering.is_some(),
            "It is stale: a later event of the certificate was processed before it.",
        ),
        (
            event.conflict == Some(true),
            "Another certificate was delivered under the same id before.",
        ),
    ];
    html! {
        @for (_, mark) in marks.into_iter().filter(|(is_so, _)| *is_so) { p.notice { (mark) } }
        @if let Some(cause) = &event.causationid { p { "It repeats " (event_link(cause, &text(cause))) } }
        @for problem in &event.data.problems { p.notice.warning { (text(problem)) } }
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
                                (event_link(&entry.id, &cell(what(&entry.kind, &entry.event))))
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

/// Other certificates for its name: what replaced it, and what it replaced.
fn same_name(others: &[Row], leaf: Option<&Certificate>) -> Markup {
    let end = leaf.and_then(|leaf| parsed(leaf.not_after.as_deref()));
    let replaced = |row: &Row| match (end, row.not_after) {
        (Some(own), Some(other)) if other > own && row.is_current() => "replaced it",
        (Some(own), Some(other)) if other < own => "ends before it",
        _ => "",
    };
    html! {
        @if !others.is_empty() {
            section aria-labelledby="others" {
                h2 id="others" { "Other certificates for the name" }
                table.cards {
                    thead { tr { @for title in ["Certificate", "Last event", "Issuer", "Ends", "To this one"] { th scope="col" { (title) } } } }
                    tbody {
                        @for row in others {
                            tr {
                                th scope="row" data-title="Certificate" { (event_link(&row.last, &cell(&row.certificate))) }
                                td data-title="Last event" { (cell(without_prefix(&row.kind))) }
                                td data-title="Issuer" { (cell(issuer_name(&row.issuer))) }
                                td data-title="Ends" { (day(row.not_after)) }
                                td data-title="To this one" { (replaced(row)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn documents(
    event: Option<&CertificateEvent>,
    envelope: Option<&Envelope>,
    delivered: Option<&Delivered>,
) -> Markup {
    let data = event.map(|event| &event.data);
    let payload = data.and_then(|data| data.payload.as_ref());
    let payload = payload.or(envelope.map(|envelope| &envelope.data));
    html! {
        @if payload.is_some() || delivered.is_some() {
            section aria-labelledby="documents" {
                h2 id="documents" { "Documents" }
                @if let Some(payload) = payload {
                    details open { summary { "What the provider sent" } (copyable("document", "payload", &json(payload.get()))) }
                }
                @if let Some(delivered) = delivered {
                    details { summary { "What was delivered" } (copyable("event", "delivered-event", &json(&delivered.body))) }
                }
                @if let Some(pem) = data.and_then(|data| data.pem_chain.as_ref()) {
                    details { summary { "PEM" } (copyable("PEM", "pem", &html! { (pem) })) }
                }
            }
        }
    }
}
