use std::cmp::{Ordering, Reverse};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State as Shared};
use maud::{Markup, html};
use ports::Entry;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::display::without_prefix;
use crate::error::CommandResult;
use crate::inventory::{self, Row, State, by_expiry, issuer_name};
use crate::page::layout::{View, badge, cell, day, event_link, query};
use crate::page::now::SHOWN;
use crate::page::tally::Tally;
use crate::page::{Page, calendar};

/// The number of rows on one page.
const PAGE: usize = 50;
/// How long the certificates of a state folder are kept in memory, and those of a stack, which are read item
/// by item.
const INTERVAL: Duration = Duration::from_secs(5);
const STACK_INTERVAL: Duration = Duration::from_secs(60);

/// What of the certificates is to be seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
    state: String,
    sort: String,
    page: usize,
}

/// The columns that sort, with their names in a query.
const COLUMNS: [(&str, &str); 5] = [
    ("state", "State"),
    ("name", "Certificate"),
    ("issuer", "Issuer"),
    ("expires", "Expires"),
    ("received", "Last event"),
];

/// What the ledger has.
pub(crate) struct Fleet {
    /// All certificates, by state and expiry.
    rows: Vec<Row>,
    /// Their last events, the newest first.
    pub(crate) last: Vec<Entry>,
    pub(crate) tally: Tally,
}

impl Page {
    /// All certificates of the ledger.
    pub(crate) async fn certificates(&self) -> CommandResult<Arc<Fleet>> {
        let interval = if self.installation.is_stack() { STACK_INTERVAL } else { INTERVAL };
        let read = async {
            let histories = self.installation.all_histories(&|_| ()).await?;
            let rows = inventory::rows(&histories, OffsetDateTime::now_utc());
            let mut last: Vec<_> = histories.iter().flat_map(|history| &history.entries).collect();
            last.sort_by_key(|entry| Reverse(entry.received));
            let last = last.into_iter().take(SHOWN as usize).cloned().collect();
            Ok(Fleet { rows, last, tally: Tally::of(&histories) })
        };
        self.fleet.get(interval, read).await
    }
}

pub(crate) async fn show(Shared(page): Shared<Arc<Page>>, Query(wanted): Query<Wanted>) -> View {
    let fleet = page.certificates().await?;
    let all = &*fleet.rows;
    let found = select(all, &wanted);
    let pages = found.len().div_ceil(PAGE).max(1);
    let number = wanted.page.clamp(1, pages);
    let shown: Vec<_> = found.iter().skip((number - 1) * PAGE).take(PAGE).collect();
    let body = html! {
        h1 { "Certificates" }
        @if all.is_empty() {
            p.notice { "No event about a certificate was delivered yet. This page fills by itself as they arrive." }
        } @else {
            (calendar::chart(all, OffsetDateTime::now_utc()))
            (search(&wanted, all))
            p role="status" { (found.len()) " of " (all.len()) " certificates" }
            @if shown.is_empty() {
                p.notice { "None of them is so. " a href="/certificates" { "Show all" } }
            } @else {
                (table(&shown, &wanted))
                (pager(&wanted, number, pages))
            }
        }
    };
    Ok(page.view("Certificates", "/certificates", &body))
}

fn select<'a>(all: &'a [Row], wanted: &Wanted) -> Vec<&'a Row> {
    let text = wanted.q.to_lowercase();
    let words: Vec<_> = text.split_whitespace().collect();
    let mut found: Vec<_> = all
        .iter()
        .filter(|row| wanted.state.is_empty() || row.state.as_str() == wanted.state)
        .filter(|row| row.has(&words))
        .collect();
    let (column, is_descending) = match wanted.sort.strip_prefix('-') {
        Some(column) => (column, true),
        None => (wanted.sort.as_str(), false),
    };
    let compare: fn(&Row, &Row) -> Ordering = match column {
        "name" => |one, other| one.name.cmp(&other.name),
        "issuer" => |one, other| one.issuer.cmp(&other.issuer),
        "expires" => by_expiry,
        "received" => |one, other| one.received.cmp(&other.received),
        // They come sorted by state.
        _ => |one, other| one.state.cmp(&other.state),
    };
    found.sort_by(|one, other| match is_descending {
        true => compare(other, one),
        false => compare(one, other),
    });
    found
}

fn search(wanted: &Wanted, all: &[Row]) -> Markup {
    html! {
        form.search action="/certificates" role="search" {
            label { "Search " input type="search" name="q" value=(wanted.q) placeholder="name, issuer, serial number"; }
            label { "State "
                select name="state" {
                    option value="" { "any" }
                    @for state in State::ALL {
                        @let count = all.iter().filter(|row| row.state == state).count();
                        @if count > 0 || wanted.state == state.as_str() {
                            option value=(state.as_str()) selected[wanted.state == state.as_str()] {
                                (state.as_str()) " (" (count) ")"
                            }
                        }
                    }
                }
            }
            @if !wanted.sort.is_empty() { input type="hidden" name="sort" value=(wanted.sort); }
            button { "Show" }
        }
    }
}

fn table(rows: &[&&Row], wanted: &Wanted) -> Markup {
    html! {
        table.cards {
            thead { tr {
                @for (column, title) in COLUMNS {
                    @let is_up = wanted.sort == column;
                    @let is_down = wanted.sort.strip_prefix('-') == Some(column);
                    @let sorted = if is_up { Some("ascending") } else if is_down { Some("descending") } else { None };
                    th scope="col" aria-sort=[sorted] {
                        a href=(link(wanted, &if is_up { format!("-{column}") } else { column.to_owned() }, 1)) {
                            (title) @if is_up { " ↑" } @else if is_down { " ↓" }
                        }
                    }
                }
            } }
            tbody {
                @for row in rows {
                    tr {
                        td data-title="State" title=(row.state.meaning()) { (badge(row.state.into(), row.state.as_str())) }
                        th scope="row" data-title="Certificate" { (event_link(&row.last, &cell(&row.name))) }
                        td data-title="Issuer" { (cell(issuer_name(&row.issuer))) }
                        td data-title="Expires" { (day(row.not_after)) }
                        td data-title="Last event" { (cell(without_prefix(&row.kind))) " " (day(Some(row.received))) }
                    }
                }
            }
        }
    }
}

fn pager(wanted: &Wanted, number: usize, pages: usize) -> Markup {
    html! {
        @if pages > 1 {
            nav.pager aria-label="Pages" {
                @if number > 1 { a rel="prev" href=(link(wanted, &wanted.sort, number - 1)) { "← Previous" } }
                span { "Page " (number) " of " (pages) }
                @if number < pages { a rel="next" href=(link(wanted, &wanted.sort, number + 1)) { "Next →" } }
            }
        }
    }
}

fn link(wanted: &Wanted, sort: &str, page: usize) -> String {
    let page = page.to_string();
    let pairs = [("q", &*wanted.q), ("state", &wanted.state), ("sort", sort), ("page", &page)];
    let pairs: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    format!("/certificates?{}", query(&pairs))
}
