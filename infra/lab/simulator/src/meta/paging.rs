use std::net::SocketAddr;
use std::ops::Range;

use axum::http::Uri;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::certificates::Parameters;

/// Graph's default.
const DEFAULT_LIMIT: u32 = 25;

/// The first entry of a page, and the maximum number of entries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Page {
    start: u32,
    limit: u32,
}

impl Page {
    /// Parses `limit` and `after`; an error is the text for code 100.
    pub(super) fn parse(parameters: &Parameters) -> Result<Self, &'static str> {
        let limit = match parameters.get("limit") {
            None => DEFAULT_LIMIT,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| *limit > 0)
                .ok_or("Param limit must be an integer greater than or equal to 1")?,
        };
        let start = match parameters.get("after") {
            None => 0,
            Some(cursor) => position(cursor).ok_or("Invalid cursors values")?,
        };
        Ok(Self { start, limit })
    }

    /// The numbers of the entries on the page.
    pub(super) fn numbers(self, total: u32) -> Range<u32> {
        self.start.min(total)..self.start.saturating_add(self.limit).min(total)
    }

    /// The body of the page. `next` is an absolute URL with the whole query of the request, including the
    /// access token, as in the real API; the last page has none.
    pub(super) fn body(
        self,
        data: Vec<Value>,
        total: u32,
        address: SocketAddr,
        uri: &Uri,
    ) -> Value {
        let Range { start, end } = self.numbers(total);
        if start == end {
            return json!({"data": data});
        }
        let after = cursor(end);
        let mut paging = json!({"cursors": {"before": cursor(start), "after": after}});
        if end < total {
            let query = uri.query().unwrap_or_default().split('&');
            let kept = query.filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
            let query: String = kept.map(|pair| format!("{pair}&")).collect();
            let next = format!("http://{address}{}?{query}after={after}", uri.path());
            paging["next"] = Value::String(next);
        }
        json!({"data": data, "paging": paging})
    }
}

/// A cursor, which is opaque to clients. It holds the number of the first entry after it.
fn cursor(position: u32) -> String {
    BASE64URL_NOPAD.encode(format!("after:{position}").as_bytes())
}

fn position(cursor: &str) -> Option<u32> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Page, cursor};
    use crate::meta::certificates::Parameters;

    fn parse(pairs: &[(&str, &str)]) -> Result<Page, &'static str> {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Page::parse(&owned.collect::<Parameters>())
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let first = parse(&[("limit", "2")]).unwrap();
        assert_eq!(first.numbers(5), 0..2);
        let last = parse(&[("limit", "2"), ("after", &cursor(4))]).unwrap();
        assert_eq!(last.numbers(5), 4..5);
        assert_eq!(last.numbers(1), 1..1);
        assert_eq!(parse(&[]).unwrap().numbers(100), 0..25);
        assert_eq!(
            parse(&[("limit", "4294967295"), ("after", &cursor(4))]).unwrap().numbers(5),
            4..5
        );
    }

    #[test]
    fn bad_limits_and_cursors_are_refused() {
        for pair in
            [("limit", "0"), ("limit", "x"), ("limit", "-1"), ("after", "?"), ("after", "QVF")]
        {
            assert!(parse(&[pair]).is_err(), "{pair:?}");
        }
    }
}
