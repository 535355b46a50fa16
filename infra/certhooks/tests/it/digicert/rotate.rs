use super::stage::{FIRST_KEY, Stage, of, steps};
use crate::harness::{DIGICERT_KEY, Local};

/// What the door answers to a test event with this key.
fn status(stage: &Stage, door: &Local, key: &str) -> i32 {
    let file = stage.file("probe-key", key);
    let url = door.url("/webhooks/digicert");
    stage.webhook(&["test", "--endpoint", &url, "--secret-file", &file]).code
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_and_the_old_one_counts_for_a_while() {
    let stage = Stage::new().await;
    let door = stage.door();
    stage.done(&["subscribe", "--endpoint", &door.url("/webhooks/digicert")]);
    let before = stage.there().await;
    let out = stage.done(&["rotate", "--json"]);
    assert_eq!(
        steps(&out),
        of([
            ("pending", "done"),
            ("door", "done"),
            ("update", "done"),
            ("promote", "done"),
            ("test", "done"),
        ])
    );
    let secrets = stage.secrets();
    let key = &secrets["digicert_webhook_key"];
    assert_eq!(key.len(), 43);
    assert_eq!(secrets["digicert_webhook_key_previous"], FIRST_KEY);
    assert!(!secrets.contains_key("digicert_webhook_key_pending"));

    let mut there = stage.there().await;
    assert_eq!(there["secret"], *key);
    there["secret"] = before["secret"].clone();
    assert_eq!(there, before, "nothing but the secret changed");
    assert_eq!((status(&stage, &door, key), status(&stage, &door, FIRST_KEY)), (0, 0));

    // The next one: the oldest key is forgotten.
    stage.done(&["rotate"]);
    let again = stage.secrets();
    assert_eq!(again["digicert_webhook_key_previous"], *key);
    assert!(!again.values().any(|value| value == FIRST_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compromised_key_ends_at_once() {
    let stage = Stage::new().await;
    stage.store("digicert_webhook_key_previous", DIGICERT_KEY);
    let door = stage.door();
    stage.done(&["subscribe", "--endpoint", &door.url("/webhooks/digicert")]);
    // The door has the old key in its cache, and would keep it for five minutes.
    assert_eq!(status(&stage, &door, FIRST_KEY), 0);
    let out = stage.done(&["rotate", "--compromised", "--json"]);
    let steps = steps(&out);
    assert!(steps.contains(&("old key".into(), "ended".into())), "{out}");
    assert_eq!(steps.last().unwrap(), &("test".into(), "done".into()));
    let secrets = stage.secrets();
    assert!(!secrets.contains_key("digicert_webhook_key_previous"));
    let key = &secrets["digicert_webhook_key"];
    assert_eq!(stage.there().await["secret"], *key);
    assert_eq!(status(&stage, &door, key), 0);
    assert_eq!(status(&stage, &door, FIRST_KEY), 1);
    assert_eq!(status(&stage, &door, DIGICERT_KEY), 1);
}

/// The endpoint's key is not that of the state folder: nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_does_not_take_the_new_key_stops_it() {
    let (stage, other) = (Stage::new().await, Stage::new().await);
    let door = other.door();
    stage.done(&["create", "--endpoint", &door.url("/webhooks/digicert"), "--secret-from-state"]);
    let ended = stage.webhook(&["rotate"]);
    ended.ended_badly(1, "rolled back: nothing was changed");
    assert_eq!(stage.secrets().into_values().collect::<Vec<_>>(), [FIRST_KEY]);
    assert_eq!(stage.there().await["secret"], FIRST_KEY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_goes_before_the_file_and_so_cannot_be_rotated() {
    let stage = Stage::new().await;
    let ended = stage.webhook_with(&[("DIGICERT_WEBHOOK_KEY", DIGICERT_KEY)], &["rotate"]);
    ended.refused(1, "DIGICERT_WEBHOOK_KEY is set");
    assert!(!ended.err.contains(DIGICERT_KEY));
    assert_eq!(stage.calls(), [] as [String; 0]);
}
