use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use envelope::{CheckResult, Outcome, Verdict};
use maud::{DOCTYPE, Markup, html};
use providers::characters::is_active;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::display::for_terminal;
use crate::error::CommandError;
use crate::inventory::State;
use crate::page::Page;

/// The longest text in a row of a table, in characters.
const CELL: usize = 120;

/// A view of the page, as it is answered.
pub(crate) type View = Result<Response, ErrorView>;

/// Why a view cannot be shown, as it is answered.
pub(crate) struct ErrorView(StatusCode, String);

impl From<CommandError> for ErrorView {
    fn from(error: CommandError) -> Self {
        Self(StatusCode::SERVICE_UNAVAILABLE, error.message().to_owned())
    }
}

impl From<ports::PortError> for ErrorView {
    fn from(error: ports::PortError) -> Self {
        CommandError::from(error).into()
    }
}

impl ErrorView {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(status, message.into())
    }
}

impl IntoResponse for ErrorView {
    fn into_response(self) -> Response {
        let Self(status, message) = self;
        let body = html! {
            h1 { "This cannot be shown" }
            p.notice.failed { (text(&message)) }
            p { a href="/" { "Back to what happens now" } }
        };
        (status, frame("Error", "", &html! {}, &body)).into_response()
    }
}

impl Page {
    /// A view in its frame. `path` is that of the view in the navigation.
    pub(crate) fn view(&self, title: &str, path: &str, body: &Markup) -> Response {
        let mode = if self.token.is_none() { "read-only" } else { "" };
        let about = html! {
            (text(self.installation.name().trim_matches('`')))
            @if !mode.is_empty() { " · " (mode) }
        };
        frame(title, path, &about, body).into_response()
    }
}

fn frame(title: &str, path: &str, about: &Markup, body: &Markup) -> Html<String> {
    let views =
        [("/", "Now"), ("/certificates", "Certificates"), ("/dead-letters", "Dead letters")];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Certhooks" }
                link rel="icon" href="/icon.svg";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    p.brand { "Certhooks" }
                    nav aria-label="Views" {
                        @for (to, name) in views {
                            a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                        }
                    }
                    p.about { (about) }
                }
                main #content tabindex="-1" { (body) }
            }
        }
    };
    Html(page.into_string())
}

/// Text from outside. What would turn its direction or cannot be seen is spelt out, and its direction does not
/// reach what stands beside it.
pub(crate) fn text(outside: &str) -> Markup {
    html! { bdi { (visible(outside)) } }
}

/// The same for a cell of a table: the beginning of a long text.
pub(crate) fn cell(outside: &str) -> Markup {
    match outside.char_indices().nth(CELL) {
        Some((end, _)) => html! { (text(&outside[..end])) "…" },
        None => text(outside),
    }
}

fn visible(outside: &str) -> String {
    let mut safe = String::with_capacity(outside.len());
    for character in outside.chars() {
        match is_active(character) {
            true => safe.push_str(&format!("⟨U+{:04X}⟩", u32::from(character))),
            false => safe.push(character),
        }
    }
    safe
}

/// A JSON document as it came, indented. It stays the same document for whoever copies it.
pub(crate) fn json(document: &str) -> Markup {
    html! { (for_terminal(&indent(document))) }
}

/// Puts line breaks and spaces between the tokens of a JSON text, and changes nothing else: neither large
/// numbers nor members that come twice.
fn indent(document: &str) -> String {
    let mut out = String::with_capacity(document.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth.min(40)));
    };
    let mut characters = document.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            out.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            '"' => {
                in_string = true;
                out.push('"');
            }
            '{' | '[' => {
                out.push(character);
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

/// A time; the script shows it in the reader's zone, and the exact one on hover.
pub(crate) fn time(at: OffsetDateTime) -> Markup {
    let exact = envelope::rfc3339(at);
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let shown = at.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default();
    html! { time datetime=(exact) title=(exact) { (shown) } }
}

/// The same to the millisecond.
pub(crate) fn moment(at: OffsetDateTime) -> Markup {
    let exact = envelope::rfc3339(at);
    let format = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3] UTC"
    );
    let shown = at.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default();
    html! { time datetime=(exact) title=(exact) data-exact { (shown) } }
}

/// The same with how long ago it was, which the script keeps up to date.
pub(crate) fn ago(at: OffsetDateTime) -> Markup {
    html! { (time(at)) " " span.ago data-since=(envelope::rfc3339(at)) {} }
}

/// A day; `-` where it is not known.
pub(crate) fn day(at: Option<OffsetDateTime>) -> Markup {
    let Some(at) = at else { return html! { "-" } };
    let exact = envelope::rfc3339(at);
    html! { time datetime=(exact) title=(exact) data-day { (exact.get(..10).unwrap_or(&exact)) } }
}

/// How something is to be seen: by a sign and a word, and by colour beside them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    Ok,
    Warning,
    Failed,
    Plain,
}

pub(crate) fn badge(tone: Tone, word: &str) -> Markup {
    let (class, sign) = match tone {
        Tone::Ok => ("ok", "✓"),
        Tone::Warning => ("warning", "!"),
        Tone::Failed => ("failed", "✕"),
        Tone::Plain => ("plain", "–"),
    };
    html! { span class={ "badge " (class) } { span aria-hidden="true" { (sign) " " } (word) } }
}

impl From<State> for Tone {
    fn from(state: State) -> Self {
        match state {
            State::Unexpected | State::Expired | State::Failed => Self::Failed,
            State::Overdue => Self::Warning,
            State::Valid => Self::Ok,
            State::Replaced | State::Revoked | State::Deleted | State::Unknown => Self::Plain,
        }
    }
}

impl From<CheckResult> for Tone {
    fn from(result: CheckResult) -> Self {
        match result {
            CheckResult::Ok => Self::Ok,
            CheckResult::Unknown => Self::Warning,
            CheckResult::Failed => Self::Failed,
            CheckResult::NotApplicable => Self::Plain,
        }
    }
}

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Ok => Self::Ok,
            Verdict::Unknown => Self::Warning,
            Verdict::Failed => Self::Failed,
            Verdict::Unchecked => Self::Plain,
        }
    }
}

impl From<Outcome> for Tone {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Failed => Self::Failed,
            Outcome::Gone => Self::Warning,
            Outcome::Downloaded | Outcome::Included | Outcome::Queried => Self::Ok,
            Outcome::Disabled | Outcome::NotNeeded => Self::Plain,
        }
    }
}

/// A link to the view of an event.
pub(crate) fn event_link(id: &str, shown: &Markup) -> Markup {
    html! { a href={ "/event?" (query(&[("id", id)])) } { (shown) } }
}

/// A link that asks before it acts.
pub(crate) fn action_link(name: &str, action: &str, id: &str) -> Markup {
    html! { a.button href={ "/ask?" (query(&[("action", action), ("id", id)])) } { (name) } }
}

/// The query of a link of ours.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A text to be copied as it is, with the button that does it.
pub(crate) fn copyable(name: &str, id: &str, shown: &Markup) -> Markup {
    html! {
        div.copyable {
            button type="button" data-copy=(id) hidden { "Copy " (name) }
            pre id=(id) tabindex="0" role="region" aria-label=(name) { (shown) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_text() {
        for (outside, shown) in [
            ("<b>&\"", "<bdi>&lt;b&gt;&amp;&quot;</bdi>"),
            ("a\u{202e}b\u{0}", "<bdi>a⟨U+202E⟩b⟨U+0000⟩</bdi>"),
            ("münchen.example", "<bdi>münchen.example</bdi>"),
        ] {
            assert_eq!(text(outside).into_string(), shown);
        }
        let long = "ä".repeat(10_000);
        let shown = cell(&long).into_string();
        assert_eq!(shown.chars().filter(|c| *c == 'ä').count(), CELL);
    }

    #[test]
    fn a_document_is_indented_and_stays_the_same() {
        let document =
            r#" {"a":[],"b":[1, {"c":"x, {\"\\"}],"n":12345678901234567890123 , "n":1.50} "#;
        let shown = "{\n  \"a\": [],\n  \"b\": [\n    1,\n    {\n      \"c\": \"x, {\\\"\\\\\"\n    }\n  ],\n  \
                     \"n\": 12345678901234567890123,\n  \"n\": 1.50\n}";
        assert_eq!(indent(document), shown);
        assert_eq!(indent("12"), "12");
        // What is no document is shown too.
        assert_eq!(indent("]}"), "\n]\n}");
        assert_eq!(json("\"\u{202e}\"").into_string(), "&quot;\\u202e&quot;");
    }
}
