use std::sync::Arc;
use std::time::Duration;

use simulator::{Fault, Rule};
use tokio::task::JoinSet;

use super::{
    CURRENT, PENDING, PREVIOUS, ROUTE, assert_consistent, destinations, send_event, subscribed,
};
use crate::digicert::stage::{of, steps};
use crate::scene::{ACCOUNT, FIRST_AUTH, Scene};
use crate::wire::{AUTH_HEADER, Request};

/// Twenty events per second during two rotations: none is refused, and none is delivered twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_event_is_refused_while_the_secret_is_rotated() {
    let (scene, local) = subscribed().await;
    let scene = Arc::new(scene);
    let rotating = tokio::task::spawn_blocking({
        let scene = Arc::clone(&scene);
        move || {
            let out = scene.run(&["cloudflare", "rotate", "--json"]).done();
            let all = [
                ("secret", "pending"),
                ("destination", "created"),
                ("policy", "moved"),
                ("destination", "removed"),
                ("secret", "current"),
            ];
            assert_eq!(steps(&out), of(all));
            scene.run(&["cloudflare", "rotate", "--compromised"]).done();
        }
    });
    let mut sending = JoinSet::new();
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    while !rotating.is_finished() {
        tick.tick().await;
        let scene = Arc::clone(&scene);
        sending.spawn(async move { send_event(&scene).await });
    }
    rotating.await.unwrap();
    let answered = sending.join_all().await;
    assert!(answered.iter().all(|codes| codes == &[Some(200)]), "{answered:?}");
    assert!(answered.len() > 100, "two rotations take twelve seconds: {}", answered.len());
    local.delivered(answered.len());
    assert_consistent(&scene).await;

    let secrets = scene.secrets();
    assert_ne!(secrets[CURRENT], FIRST_AUTH);
    assert!(!secrets.contains_key(PENDING) && !secrets.contains_key(PREVIOUS), "--compromised");
    let hello = r#"{"text":"Hello World!"}"#;
    let old = Request::bare(ROUTE, hello).with(AUTH_HEADER, FIRST_AUTH).send(&local);
    assert_eq!(old.status, 401);
}

/// A rotation may be stopped at any call: run again it finishes, and with --roll-back it is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_stopped_finishes_or_is_undone() {
    let v3 = format!("/client/v4/accounts/{ACCOUNT}/alerting/v3");
    for (path, roll_back) in [
        (format!("{v3}/policies/"), false),
        (format!("{v3}/policies/"), true),
        (format!("{v3}/destinations/webhooks/"), false),
        (format!("{v3}/destinations/webhooks/"), true),
    ] {
        let (scene, local) = subscribed().await;
        let fault = Rule::new(path.clone(), Fault::ServerError { status: None }).times(1);
        scene.simulator.faults().add(fault);
        let stopped = scene.run(&["cloudflare", "rotate"]);
        stopped.ended_badly(1, "run `certhooks cloudflare rotate` again to finish");
        assert!(scene.secrets().contains_key(PENDING), "{path}");
        assert!(send_event(&scene).await.iter().all(|code| *code == Some(200)), "{path}");
        let url = local.url(ROUTE);
        scene
            .run(&["cloudflare", "subscribe", "--endpoint", &url])
            .refused(1, "a rotation was stopped half way");

        let next = scene.secrets()[PENDING].clone();
        let again = if roll_back {
            &["cloudflare", "rotate", "--roll-back"][..]
        } else {
            &["cloudflare", "rotate"]
        };
        scene.run(again).done();
        assert_consistent(&scene).await;
        let secrets = scene.secrets();
        let expected = if roll_back { FIRST_AUTH } else { &next };
        assert_eq!((secrets[CURRENT].as_str(), secrets.get(PENDING)), (expected, None), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_killed_finishes() {
    let (scene, _local) = subscribed().await;
    let mut child = scene.spawn(&[], &["cloudflare", "rotate"]);
    while !scene.secrets().contains_key(PENDING) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.run(&["cloudflare", "rotate"]).refused(1, "another rotation");
    child.kill().unwrap();
    child.wait().unwrap();
    let next = scene.secrets()[PENDING].clone();
    scene.run(&["cloudflare", "rotate"]).done();
    assert_consistent(&scene).await;
    let secrets = scene.secrets();
    assert_eq!((&secrets[CURRENT], secrets[PREVIOUS].as_str()), (&next, FIRST_AUTH));
    // A secret that was pending when the current one leaked may have leaked too.
    scene.store(&[(PENDING, Some("canary-pending-webhook-auth"))]);
    scene.run(&["cloudflare", "rotate", "--compromised"]).done();
    assert_consistent(&scene).await;
    let secrets = scene.secrets();
    assert_ne!(secrets[CURRENT], "canary-pending-webhook-auth");
    assert!(!secrets.contains_key(PENDING) && !secrets.contains_key(PREVIOUS));
    scene.run(&["cloudflare", "rotate", "--roll-back"]).refused(3, "nothing to roll back");
}

/// The webhook endpoint does not accept the new secret, since its environment has a secret of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_the_endpoint_does_not_follow_is_rolled_back() {
    let scene = Scene::new().await;
    let local = scene.local_with(&[("CLOUDFLARE_WEBHOOK_AUTH", FIRST_AUTH)]);
    scene.run(&["cloudflare", "subscribe", "--endpoint", &local.url(ROUTE)]).done();
    let (before, there) = (scene.secrets(), destinations(&scene)[0]["id"].clone());
    scene.run(&["cloudflare", "rotate"]).ended_badly(1, "rolled back; nothing was changed");
    assert_eq!((scene.secrets(), destinations(&scene)[0]["id"].clone()), (before, there));
    assert_consistent(&scene).await;
    let variable = [("CLOUDFLARE_WEBHOOK_AUTH", FIRST_AUTH)];
    scene
        .run_with(&variable, &["cloudflare", "rotate"])
        .refused(1, "CLOUDFLARE_WEBHOOK_AUTH is set");
}
