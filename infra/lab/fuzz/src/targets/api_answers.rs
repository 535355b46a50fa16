use std::time::Duration;

use providers::api::{Answer, retry_after as read};
use providers::{cloudflare, digicert, meta};

use crate::corpus;

/// All functions that classify an answer.
const CLASSIFIERS: [fn(&Answer<'_>); 14] = [
    |answer| drop(digicert::api::classify_download(answer)),
    |answer| drop(digicert::api::classify_order_info(answer)),
    |answer| drop(digicert::admin::classify_list(answer)),
    |answer| drop(digicert::admin::classify_created(answer)),
    |answer| drop(digicert::admin::classify_done(answer)),
    |answer| drop(digicert::admin::classify_logs(answer)),
    |answer| drop(cloudflare::api::classify_details(answer)),
    |answer| drop(cloudflare::admin::classify_destinations(answer)),
    |answer| drop(cloudflare::admin::classify_policies(answer)),
    |answer| drop(cloudflare::admin::classify_created(answer)),
    |answer| drop(cloudflare::admin::classify_done(answer)),
    |answer| drop(meta::api::classify_certificates(answer)),
    |answer| drop(meta::api::classify_certificate(answer)),
    |answer| drop(meta::api::classify_subscribed_domains(answer)),
];

/// The input is the status (two bytes) and the body. Every classifier must accept it without a panic.
pub(crate) fn api_answers(data: &[u8]) {
    let Some((status, body)) = data.split_first_chunk() else { return };
    let answer = Answer { status: u16::from_be_bytes(*status) % 1000, retry_after: None, body };
    CLASSIFIERS.iter().for_each(|classify| classify(&answer));
}

pub(crate) fn api_answers_seeds() -> Vec<Vec<u8>> {
    let bodies = corpus::folder("shared/providers/tests/it/answers");
    let with = |status: u16, body: &Vec<u8>| [&status.to_be_bytes()[..], body].concat();
    let seed = |body: &Vec<u8>| [200, 400, 403, 404, 429, 500].map(|status| with(status, body));
    bodies.iter().flat_map(seed).collect()
}

/// The result is a day at most, so that no sum with it overflows.
pub(crate) fn retry_after(data: &[u8]) {
    let Some((now, value)) = data.split_first_chunk() else { return };
    let wait = read(&String::from_utf8_lossy(value), u64::from_be_bytes(*now));
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(24 * 60 * 60)), "{wait:?}");
}

pub(crate) fn retry_after_seeds() -> Vec<Vec<u8>> {
    let now = 1_772_366_400_u64.to_be_bytes();
    let values = ["120", " 0 ", "Sun, 01 Mar 2026 12:02:00 GMT", "99999999999999999999", "-1", ""];
    values.iter().map(|value| [&now[..], value.as_bytes()].concat()).collect()
}
