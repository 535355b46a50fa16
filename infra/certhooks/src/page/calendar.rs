use maud::{Markup, html};
use time::{Duration, OffsetDateTime};

use crate::inventory::{Row, State, VALIDITIES};
use crate::page::layout::{cell, day, event_link};

const WEEKS: usize = 30;
const DAYS: i64 = WEEKS as i64 * 7;

/// How many certificates that end next are named.
const NEXT: usize = 3;

/// The size of the drawing, in its own units.
const WIDTH: i64 = 900;
const MIDDLE: i64 = 110;
const TALLEST: i64 = 80;

/// Expected renewals and expiries by week, from today on: renewals above the line, expiries below.
pub(crate) fn chart(rows: &[Row], now: OffsetDateTime) -> Markup {
    let current = || rows.iter().filter(|row| row.is_current());
    let renewals = weeks(current().filter_map(Row::renewal), now);
    let expiries = weeks(current().filter_map(|row| row.not_after), now);
    let overdue = rows.iter().filter(|row| row.state == State::Overdue).count();
    let expired = rows.iter().filter(|row| row.state == State::Expired).count();
    let tallest = renewals.iter().chain(&expiries).copied().max().unwrap_or(0).max(1);
    let height = |count: u32| {
        (i64::from(count) * TALLEST / i64::from(tallest)).max(i64::from(count > 0) * 3)
    };
    let x = |day: i64| 10 + day * (WIDTH - 20) / DAYS;
    let width = x(7) - x(0) - 4;
    let total = |weeks: &[u32]| weeks.iter().sum::<u32>();
    html! {
        section.calendar aria-labelledby="calendar" {
            h2 id="calendar" { "The next " (WEEKS) " weeks" }
            (next(rows, now))
            p {
                strong { (total(&renewals)) } " renewals expected, " strong { (total(&expiries)) } " certificates end. "
                @if overdue > 0 { a href="/certificates?state=overdue" { (overdue) " overdue" } ". " }
                @if expired > 0 { a href="/certificates?state=expired" { (expired) " expired" } "." }
            }
            div.scroll tabindex="0" role="group" aria-label="Chart of renewals and expiries by week" {
                svg viewBox={ "0 0 " (WIDTH) " 230" } role="img" aria-label="Above the line expected renewals by week, below it expiries" {
                    // Each line is where a certificate ends that is issued today.
                    @for limit in VALIDITIES {
                        line.limit x1=(x(limit)) x2=(x(limit)) y1="22" y2="200" {}
                        text x=(x(limit)) y="16" text-anchor="middle" { (limit) " days" }
                    }
                    text x=(x(0)) y="16" { "today" }
                    line.axis x1=(x(0)) x2=(x(DAYS)) y1=(MIDDLE) y2=(MIDDLE) {}
                    @for (week, (renewed, ended)) in renewals.iter().zip(&expiries).enumerate() {
                        @let left = x(week as i64 * 7) + 2;
                        @let begin = (now + Duration::days(week as i64 * 7)).date();
                        @if *renewed > 0 {
                            rect.renewal x=(left) width=(width) y=(MIDDLE - height(*renewed)) height=(height(*renewed)) {
                                title { "Week from " (begin) ": " (renewed) " renewals expected" }
                            }
                        }
                        @if *ended > 0 {
                            rect.expiry x=(left) width=(width) y=(MIDDLE) height=(height(*ended)) {
                                title { "Week from " (begin) ": " (ended) " end" }
                            }
                        }
                    }
                    text x=(x(0)) y="220" { "▲ renewals expected   ▼ certificates end" }
                }
            }
            details {
                summary { "The same as a table" }
                table {
                    thead { tr { th scope="col" { "Week from" } th scope="col" { "Renewals expected" } th scope="col" { "Certificates end" } } }
                    tbody {
                        @for (week, (renewed, ended)) in renewals.iter().zip(&expiries).enumerate() {
                            @if renewed + ended > 0 {
                                tr {
                                    th scope="row" { ((now + Duration::days(week as i64 * 7)).date()) }
                                    td { (renewed) } td { (ended) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The certificates that end next, of those that nothing has replaced yet.
fn next(rows: &[Row], now: OffsetDateTime) -> Markup {
    let ends = |row: &&Row| row.is_current() && row.not_after.is_some_and(|end| end >= now);
    let mut next: Vec<_> = rows.iter().filter(ends).collect();
    next.sort_by_key(|row| row.not_after);
    html! {
        @if !next.is_empty() {
            p {
                "The next to end: "
                @for (place, row) in next.iter().take(NEXT).enumerate() {
                    @if place > 0 { ", " }
                    (event_link(&row.last, &cell(&row.name))) " " (day(row.not_after))
                }
                "."
            }
        }
    }
}

/// How many of the times are in each week from `now` on.
fn weeks(times: impl Iterator<Item = OffsetDateTime>, now: OffsetDateTime) -> [u32; WEEKS] {
    let mut counts = [0; WEEKS];
    for time in times.filter(|time| *time >= now) {
        let week = usize::try_from((time - now).whole_weeks()).unwrap_or(WEEKS);
        if let Some(count) = counts.get_mut(week) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_by_week() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let days = [-1, 0, 6, 7, DAYS - 1, DAYS].map(|days| now + Duration::days(days));
        let counts = weeks(days.into_iter(), now);
        assert_eq!((counts[0], counts[1], counts[WEEKS - 1]), (2, 1, 1));
        assert_eq!(counts.iter().sum::<u32>(), 4);
    }
}
