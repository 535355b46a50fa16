use std::sync::Arc;

use axum::extract::State;
use maud::{Markup, html};

use crate::dead_letters;
use crate::display::bare_event_name;
use crate::installation::DeadLetter;
use crate::page::Page;
use crate::page::layout::{View, action_link, cell, text, time};

/// How many are shown.
const SHOWN: usize = 100;

pub(crate) async fn show(State(page): State<Arc<Page>>) -> View {
    let (may_act, mut rows) = (page.token.is_some(), Vec::new());
    let show: dead_letters::Show<'_> = &mut |letter| rows.push(row(letter, may_act));
    dead_letters::first(&*page.installation, SHOWN, show).await?;
    let body = html! {
        h1 { "Dead letters" }
        p { "Messages that were received too often without being acknowledged. Each keeps until it is retried or dropped." }
        @if rows.is_empty() {
            p.notice.ok { "There are none." }
        } @else {
            table.cards {
                thead { tr { @for title in ["Sent", "Event", "About", "Why", "Do"] { th scope="col" { (title) } } } }
                tbody { @for row in &rows { (row) } }
            }
            @if rows.len() == SHOWN { p { "These are the first " (SHOWN) "; " code { "certhooks dead-letters list" } " lists all." } }
        }
    };
    Ok(page.view("Dead letters", "/dead-letters", &body))
}

fn row(letter: &DeadLetter, may_act: bool) -> Markup {
    let subject = if letter.subject.is_empty() { "-" } else { &letter.subject };
    html! {
        tr {
            td data-title="Sent" { (time(letter.sent)) }
            td data-title="Event" { (cell(bare_event_name(&letter.kind))) }
            th scope="row" data-title="About" { (cell(subject)) br; (cell(letter.event_id.as_deref().unwrap_or_default())) }
            td data-title="Why" { (text(&dead_letters::reason(letter))) }
            td data-title="Do" {
                @if may_act {
                    (action_link("Retry", "retry", &letter.number)) " " (action_link("Drop", "drop", &letter.number))
                }
            }
        }
    }
}
