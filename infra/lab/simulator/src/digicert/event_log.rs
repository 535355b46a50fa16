use std::collections::VecDeque;

use anyhow::Result;
use axum::extract::Query;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::refusal::Refusal;
use crate::provider::Settings;
use crate::webhook_sender::is_success;

/// Times are in UTC, without a time zone.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const CAPACITY: usize = 20_000;
/// The default and maximum number of entries of a page.
const PAGE_SIZE: usize = 1000;

/// An event that was sent, and the response of the endpoint.
pub(super) struct Entry {
    pub(super) event: String,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) sent: OffsetDateTime,
    /// The status code and the time of the response; `None` without a response in time.
    pub(super) response: Option<(u16, OffsetDateTime)>,
}

/// Every event that was sent, oldest first. The log outlives the webhook, of which an account has one.
#[derive(Default)]
pub(super) struct EventLog(VecDeque<Entry>);

impl EventLog {
    pub(super) fn add(&mut self, entry: Entry) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn page(&self, query: &LogQuery, settings: &Settings) -> Result<Value> {
        let mut matching: Vec<_> = self.0.iter().filter(|entry| query.matches(entry)).collect();
        if settings.digicert_log_newest_first {
            matching.reverse();
        }
        let limit = query.limit().min(settings.digicert_log_page);
        let page = matching.iter().skip(query.offset).take(limit);
        let events = page.map(|entry| entry.document()).collect::<Result<Vec<_>, _>>()?;
        let (total, offset) = (matching.len(), query.offset);
        Ok(json!({
            "events": events,
            "page": {"total": total, "limit": limit, "offset": offset},
        }))
    }
}

impl Entry {
    /// The provider documents no failed entry, so `failed` and the nulls are guesses.
    fn document(&self) -> Result<Value, time::error::Format> {
        let code = self.response.map(|(code, _)| code);
        let received = self.response.map(|(_, at)| at.format(DATE_TIME)).transpose()?;
        let mut document = json!({
            "event_name": self.event,
            "request_status": if is_success(code) { "success" } else { "failed" },
            "request_sent_time": self.sent.format(DATE_TIME)?,
            "response_received_time": received,
            "response_code": code,
        });
        if let Some(data) = &self.data {
            document["event_info"] = json!(data);
        }
        Ok(document)
    }
}

/// Which entries a request asks for, and how many. The page says "filters by the following properties" and its
/// stored copies have lost the list, so these are the two filters of the console. Others are refused.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogQuery {
    #[serde(rename = "filters[event_name]")]
    event: Option<String>,
    #[serde(rename = "filters[response_code]")]
    code: Option<u16>,
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

impl LogQuery {
    pub(super) fn of(uri: &Uri) -> Result<Self, Refusal> {
        let query = Query::<Self>::try_from_uri(uri);
        let Query(query) = query.map_err(|error| Refusal::parameter(error.body_text()))?;
        if !(1..=PAGE_SIZE).contains(&query.limit()) {
            return Err(Refusal::parameter("limit must be from 1 to 1000"));
        }
        Ok(query)
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_SIZE)
    }

    fn matches(&self, entry: &Entry) -> bool {
        let code = entry.response.map(|(code, _)| code);
        self.event.as_ref().is_none_or(|event| *event == entry.event)
            && self.code.is_none_or(|expected| code == Some(expected))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use time::OffsetDateTime;

    use crate::provider::Settings;

    use super::{CAPACITY, Entry, EventLog, LogQuery};

    fn query(pairs: &[(&str, &str)]) -> Option<LogQuery> {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        LogQuery::of(&format!("/?{query}").parse().unwrap()).ok()
    }

    fn page(log: &EventLog, pairs: &[(&str, &str)]) -> Value {
        log.page(&query(pairs).unwrap(), &Settings::default()).unwrap()
    }

    fn total(log: &EventLog, pairs: &[(&str, &str)]) -> u64 {
        page(log, pairs)["page"]["total"].as_u64().unwrap()
    }

    #[test]
    fn the_log_is_filtered_and_paged_and_bounded() {
        let mut log = EventLog::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        for number in 0..CAPACITY + 1 {
            let event = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
            let response = (number > 0).then_some((if number == 1 { 500 } else { 200 }, now));
            log.add(Entry { event, data: None, sent: now, response });
        }
        let all = CAPACITY as u64;
        assert_eq!(total(&log, &[]), all);
        assert_eq!(total(&log, &[("filters[event_name]", "even")]), all / 2);
        assert_eq!(total(&log, &[("filters[response_code]", "500")]), 1);
        let both = [("filters[event_name]", "even"), ("filters[response_code]", "500")];
        assert_eq!(total(&log, &both), 0);
        let page = page(&log, &[("offset", "19998"), ("limit", "5")]);
        assert_eq!(page["events"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn unknown_and_invalid_parameters_are_refused() {
        for pair in [("limit", "0"), ("limit", "1001"), ("offset", "-1"), ("filters[code]", "200")]
        {
            assert!(query(&[pair]).is_none(), "{pair:?}");
        }
    }
}
