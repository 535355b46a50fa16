use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::refusal::{Ended, Refusal};
use crate::answers::{self, moment};
use crate::courier::is_success;
use crate::world::World;

/// UTC, and no zone that says so.
const DATE_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
const REMEMBERED: usize = 10_000;
/// Default and maximum.
const PAGE: usize = 1000;

/// One sending.
pub(super) struct Entry {
    pub(super) event: String,
    pub(super) data: Option<Map<String, Value>>,
    pub(super) sent: OffsetDateTime,
    /// Code and moment.
    pub(super) answered: Option<(u16, OffsetDateTime)>,
}

/// Every sending, oldest first. An account has one webhook, and the log outlives it.
#[derive(Default)]
pub(super) struct EventLog(VecDeque<Entry>);

impl EventLog {
    pub(super) fn add(&mut self, entry: Entry) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    fn page(&self, asked: &Asked) -> Result<Value, time::error::Format> {
        let mut chosen: Vec<_> = self.0.iter().filter(|entry| asked.chooses(entry)).collect();
        if asked.is_newest_first {
            chosen.reverse();
        }
        let page = chosen.iter().skip(asked.offset).take(asked.limit);
        let events = page.map(|entry| entry.document()).collect::<Result<Vec<_>, _>>()?;
        let (total, limit, offset) = (chosen.len(), asked.limit, asked.offset);
        Ok(json!({
            "events": events,
            "page": {"total": total, "limit": limit, "offset": offset},
        }))
    }
}

impl Entry {
    /// Of a failure the provider shows no sample: `failed` and nulls are made up.
    fn document(&self) -> Result<Value, time::error::Format> {
        let code = self.answered.map(|(code, _)| code);
        let received = self.answered.map(|(_, at)| moment(at, DATE_TIME)).transpose()?;
        let mut document = json!({
            "event_name": self.event,
            "request_status": if code.is_some_and(is_success) { "success" } else { "failed" },
            "request_sent_time": moment(self.sent, DATE_TIME)?,
            "response_received_time": received,
            "response_code": code,
        });
        if let (Some(data), Some(members)) = (&self.data, document.as_object_mut()) {
            members.insert("event_info".to_owned(), json!(data));
        }
        Ok(document)
    }
}

/// Which entries, and how many.
#[derive(Debug)]
struct Asked {
    event: Option<String>,
    code: Option<u16>,
    offset: usize,
    limit: usize,
    is_newest_first: bool,
}

impl Asked {
    /// The page says "filters by the following properties" and its stored copies have lost the
    /// list; these two are the filters of the console. Others are refused.
    fn read(mut parameters: HashMap<String, String>) -> Result<Self, Refusal> {
        let mut number = |name: &str| match parameters.remove(name).map(|text| text.parse()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(Refusal::parameter(format!("{name} is not a number"))),
        };
        let code = number("filters[response_code]")?;
        let offset = number("offset")?.unwrap_or(0);
        let limit = number("limit")?.unwrap_or(PAGE as u16);
        let event = parameters.remove("filters[event_name]");
        if !(1..=PAGE).contains(&limit.into()) {
            return Err(Refusal::parameter("limit must be from 1 to 1000"));
        }
        match parameters.keys().next() {
            Some(unknown) => Err(Refusal::parameter(format!("{unknown} is not a parameter"))),
            None => Ok(Self {
                event,
                code,
                offset: offset.into(),
                limit: limit.into(),
                is_newest_first: false,
            }),
        }
    }

    fn chooses(&self, entry: &Entry) -> bool {
        let code = entry.answered.map(|(code, _)| code);
        self.event.as_ref().is_none_or(|event| *event == entry.event)
            && self.code.is_none_or(|wanted| code == Some(wanted))
    }
}

pub(super) async fn of_webhook(
    State(world): State<Arc<World>>,
    Path(id): Path<String>,
    parameters: Query<HashMap<String, String>>,
) -> Result<Response, Ended> {
    world.certcentral.kept().find(&id)?;
    page(&world, parameters.0)
}

/// As an older copy of the page has it.
pub(super) async fn of_account(
    State(world): State<Arc<World>>,
    parameters: Query<HashMap<String, String>>,
) -> Result<Response, Ended> {
    page(&world, parameters.0)
}

fn page(world: &World, parameters: HashMap<String, String>) -> Result<Response, Ended> {
    let mut asked = Asked::read(parameters)?;
    asked.limit = asked.limit.min(world.settings.digicert_log_page);
    asked.is_newest_first = world.settings.digicert_log_newest_first;
    let page = world.certcentral.kept().log.page(&asked).map_err(anyhow::Error::from)?;
    Ok(answers::json(StatusCode::OK, page))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::{Asked, Entry, EventLog, REMEMBERED};

    fn asked(pairs: &[(&str, &str)]) -> Option<Asked> {
        let owned = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Asked::read(owned.collect()).ok()
    }

    fn total(log: &EventLog, pairs: &[(&str, &str)]) -> u64 {
        log.page(&asked(pairs).unwrap()).unwrap()["page"]["total"].as_u64().unwrap()
    }

    #[test]
    fn the_log_is_filtered_and_paged_and_bounded() {
        let mut log = EventLog::default();
        let now = OffsetDateTime::UNIX_EPOCH;
        for number in 0..REMEMBERED + 1 {
            let event = if number % 2 == 0 { "even" } else { "odd" }.to_owned();
            let answered = (number > 0).then_some((if number == 1 { 500 } else { 200 }, now));
            log.add(Entry { event, data: None, sent: now, answered });
        }
        let all = REMEMBERED as u64;
        assert_eq!(total(&log, &[]), all);
        assert_eq!(total(&log, &[("filters[event_name]", "even")]), all / 2);
        assert_eq!(total(&log, &[("filters[response_code]", "500")]), 1);
        let both = [("filters[event_name]", "even"), ("filters[response_code]", "500")];
        assert_eq!(total(&log, &both), 0);
        let page = log.page(&asked(&[("offset", "9998"), ("limit", "5")]).unwrap()).unwrap();
        assert_eq!(page["events"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pair in [("limit", "0"), ("limit", "1001"), ("offset", "-1"), ("filters[code]", "200")]
        {
            assert!(asked(&[pair]).is_none(), "{pair:?}");
        }
    }
}
