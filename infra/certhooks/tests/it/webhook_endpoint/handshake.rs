//! Meta's verification request: the challenge is returned exactly as it was sent, or the answer is 403.

use crate::harness::{Local, META_SECRET, META_TOKEN};
use crate::wire::{Answer, META, Request};

fn get(local: &Local, query: &str) -> Answer {
    Request::new("GET", &format!("{META}{query}")).send(local)
}

#[test]
fn the_challenge_is_returned_as_it_was_sent() {
    let local = Local::start(&[]);
    let long = "7".repeat(4000);
    for (sent, back) in [
        ("1158201444", "1158201444"),
        ("0", "0"),
        ("007", "007"),
        ("-1.5e3", "-1.5e3"),
        ("a%2Bb", "a+b"),
        ("a+b", "a b"),
        ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "<script>alert(1)</script>"),
        ("%22%7B%7D%5B%5D%5C", "\"{}[]\\"),
        ("%C3%A4%E2%80%94", "ä—"),
        ("%0D%0ASet-Cookie:%20a=b", "\r\nSet-Cookie: a=b"),
        ("%00", "\0"),
        ("a%26hub.mode%3Dx", "a&hub.mode=x"),
        (long.as_str(), long.as_str()),
    ] {
        let query =
            format!("?hub.mode=subscribe&hub.challenge={sent}&hub.verify_token={META_TOKEN}");
        let answer = get(&local, &query);
        assert_eq!((answer.status, answer.body.as_slice()), (200, back.as_bytes()), "{sent}");
        let kind = answer.header("content-type").unwrap();
        assert_eq!(kind.split(';').next(), Some("text/plain"), "{sent}");
        assert_eq!(answer.header("x-content-type-options").as_deref(), Some("nosniff"), "{sent}");
        assert_eq!(answer.header("set-cookie"), None, "{sent}");
    }
    // In any order, with parameters that a later version may add, and with percent-encoded names.
    for query in [
        format!("?hub.verify_token={META_TOKEN}&hub.challenge=5&hub.mode=subscribe"),
        format!("?x=1&hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_TOKEN}&hub.topic"),
        format!("?hub%2Emode=subscribe&hub%2Echallenge=5&hub%2Everify_token={META_TOKEN}"),
    ] {
        let answer = get(&local, &query);
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"5"[..]), "{query}");
    }
}

#[test]
fn everything_else_is_forbidden() {
    let local = Local::start(&[]);
    let right = format!("hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_TOKEN}");
    for query in [
        String::new(),
        "?".to_owned(),
        "?hub.mode=subscribe&hub.challenge=5".to_owned(),
        "?hub.mode=subscribe&hub.challenge=5&hub.verify_token=".to_owned(),
        "?hub.mode=subscribe&hub.challenge=5&hub.verify_token=wrong".to_owned(),
        format!("?hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_TOKEN}x"),
        format!("?hub.mode=subscribe&hub.challenge=5&hub.verify_token={META_SECRET}"),
        format!("?hub.mode=subscribe&hub.challenge=5&hub.verify_token={}", &META_TOKEN[1..]),
        format!(
            "?hub.mode=subscribe&hub.challenge=5&hub.verify_token={}",
            META_TOKEN.to_ascii_uppercase()
        ),
        format!("?hub.mode=subscribe&hub.verify_token={META_TOKEN}"),
        format!("?hub.challenge=5&hub.verify_token={META_TOKEN}"),
        format!("?hub.mode=&hub.challenge=5&hub.verify_token={META_TOKEN}"),
        format!("?hub.mode=unsubscribe&hub.challenge=5&hub.verify_token={META_TOKEN}"),
        format!("?hub.mode=SUBSCRIBE&hub.challenge=5&hub.verify_token={META_TOKEN}"),
        format!("?hub_mode=subscribe&hub_challenge=5&hub_verify_token={META_TOKEN}"),
        // A repeated parameter is ambiguous.
        format!("?{right}&hub.verify_token=wrong"),
        format!("?hub.verify_token=wrong&{right}"),
        format!("?{right}&hub.verify_token={META_TOKEN}"),
        format!("?{right}&hub.challenge=6"),
        format!("?{right}&hub.mode=unsubscribe"),
    ] {
        let answer = get(&local, &query);
        assert_eq!(answer.status, 403, "{query}");
        assert!(!answer.refused(403).contains('5'), "{query}");
    }
    // A token in a header does not count.
    let bare = "?hub.mode=subscribe&hub.challenge=5";
    let request = Request::new("GET", &format!("{META}{bare}"));
    request.with("hub.verify_token", META_TOKEN).send(&local).refused(403);
    assert!(local.logged(0, |line| line["message"] == "accepted").is_empty());
}
