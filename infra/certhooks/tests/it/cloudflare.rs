//! `certhooks cloudflare …`: the compiled binary against the simulated Cloudflare, with `certhooks
//! local` as the door.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::{CloudflareEvent, Fault, Rule};
use tokio::task::JoinSet;

use crate::digicert::stage::{of, steps};
use crate::harness::Local;
use crate::scene::{ACCOUNT, FIRST_AUTH, Scene};
use crate::wire::{AUTH_HEADER, Request};

const ROUTE: &str = "/webhooks/cloudflare";
const URL: &str = "https://hooks.example.com/webhooks/cloudflare";
const CURRENT: &str = "cloudflare_webhook_auth";
const PENDING: &str = "cloudflare_webhook_auth_pending";
const PREVIOUS: &str = "cloudflare_webhook_auth_previous";

async fn subscribed() -> (Scene, Local) {
    let scene = Scene::new().await;
    let door = scene.door();
    scene.run(&["cloudflare", "subscribe", "--endpoint", &door.url(ROUTE)]).done();
    (scene, door)
}

/// Codes of the answers to an event that happens now.
async fn happens(scene: &Scene) -> Vec<Option<u16>> {
    let event = CloudflareEvent::new(ACCOUNT, "issuance.succeeded");
    let sent = scene.simulator.send_cloudflare_event(event).await.unwrap();
    sent.into_iter().map(|sent| sent.code).collect()
}

fn destinations(scene: &Scene) -> Vec<Value> {
    scene.lines(&["cloudflare", "destination", "list"])
}

fn policies(scene: &Scene) -> Vec<Value> {
    scene.lines(&["cloudflare", "policy", "list"])
}

/// One destination, which the one policy sends to, and a door that takes what comes.
async fn is_whole(scene: &Scene) {
    let (destinations, policies) = (destinations(scene), policies(scene));
    assert_eq!((destinations.len(), policies.len()), (1, 1), "{destinations:?} {policies:?}");
    assert_eq!(policies[0]["destinations"], json!([destinations[0]["id"]]));
    assert_eq!(policies[0]["enabled"], true);
    assert_eq!(happens(scene).await, [Some(200)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_way_in_one_command_and_nothing_the_second_time() {
    let scene = Scene::new().await;
    let door = scene.door();
    let url = door.url(ROUTE);
    let subscribe = ["cloudflare", "subscribe", "--endpoint", &url, "--json"];
    let first = scene.run(&subscribe).done();
    let made = [("destination", "created"), ("test", "done"), ("policy", "created")];
    assert_eq!(steps(&first), of(made));
    is_whole(&scene).await;
    let events = door.delivered(1);
    assert_eq!(events[0]["type"], "certhooks.certificate.issued");
    let before = (destinations(&scene)[0]["id"].clone(), policies(&scene));

    let again = scene.run(&subscribe).done();
    let known = [("destination", "already"), ("test", "done"), ("policy", "already")];
    assert_eq!(steps(&again), of(known));
    assert_eq!((destinations(&scene)[0]["id"].clone(), policies(&scene)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_added_and_the_rest_left_alone() {
    let (scene, door) = subscribed().await;
    let url = door.url(ROUTE);
    let policy = policies(&scene)[0]["id"].as_str().unwrap().to_owned();
    let path = format!(
        "{}/accounts/{ACCOUNT}/alerting/v3/policies/{policy}",
        scene.simulator.cloudflare_base()
    );
    let off = reqwest::Client::new()
        .put(path)
        .bearer_auth("canary-cloudflare-api-token")
        .body(json!({ "enabled": false, "description": "by hand" }).to_string());
    assert_eq!(off.send().await.unwrap().status(), 200);
    assert_eq!(happens(&scene).await, []);
    let out = scene.run(&["cloudflare", "subscribe", "--endpoint", &url, "--json"]).done();
    let enabled = [("destination", "already"), ("test", "done"), ("policy", "enabled")];
    assert_eq!(steps(&out), of(enabled));
    is_whole(&scene).await;

    scene.run(&["cloudflare", "policy", "delete", &policy]).done();
    let out = scene.run(&["cloudflare", "subscribe", "--endpoint", &url, "--json"]).done();
    assert_eq!(steps(&out)[2], ("policy".to_owned(), "created".to_owned()));
    is_whole(&scene).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_and_policies_one_by_one() {
    let scene = Scene::new().await;
    let door = scene.door();
    let url = door.url(ROUTE);
    scene.run(&["cloudflare", "destination", "list"]).refused(3, "no webhook destination");
    scene.run(&["cloudflare", "destination", "test"]).refused(3, "no such destination");
    scene.run(&["cloudflare", "policy", "list"]).refused(3, "no policy");

    let create = ["cloudflare", "destination", "create", "--endpoint", &url, "--name", "hooks"];
    let made = scene.lines(&create);
    let id = made[0]["id"].as_str().unwrap();
    let listed = destinations(&scene);
    assert_eq!((&listed[0]["id"], &listed[0]["name"]), (&json!(id), &json!("hooks")));
    assert_eq!(listed[0]["url"], json!(url));
    scene.run(&["cloudflare", "destination", "test"]).done();
    scene.run(&["cloudflare", "destination", "test", id]).done();

    let policy = scene.lines(&["cloudflare", "policy", "create", "--destination", id]);
    let policy = policy[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(policies(&scene)[0]["alert_type"], "custom_ssl_certificate_event_type");
    assert_eq!(happens(&scene).await, [Some(200)]);
    let other =
        ["cloudflare", "policy", "create", "--destination", id, "--alert-type", "none_such"];
    scene.run(&other).refused(1, "alert_type is not valid");

    let second = scene.lines(&create);
    assert_eq!(destinations(&scene).len(), 2);
    scene.run(&["cloudflare", "destination", "test"]).refused(2, "several destinations");
    scene.run(&["cloudflare", "destination", "delete", id]).refused(1, &policy);
    scene.run(&["cloudflare", "policy", "delete", &policy]).done();
    scene.run(&["cloudflare", "policy", "delete", &policy]).refused(3, "does not find it");
    for id in [id, second[0]["id"].as_str().unwrap()] {
        scene.run(&["cloudflare", "destination", "delete", id]).done();
        scene.run(&["cloudflare", "destination", "delete", id]).refused(3, "does not find it");
    }
}

/// Cloudflare's live test comes with the secret that was named.
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_is_refused_that_thedoor_does_not_take() {
    let scene = Scene::new().await;
    let door = scene.door();
    let url = door.url(ROUTE);
    let file = scene.state.path().join("other");
    std::fs::write(&file, "canary-another-auth\n").unwrap();
    let file = file.to_str().unwrap();
    let create = ["cloudflare", "destination", "create", "--endpoint", &url];
    let other = [&create[..], &["--secret-file", file]].concat();
    scene.run(&other).refused(1, "see that the door is up with this secret");
    drop(door);
    scene.run(&create).refused(1, "see that the door is up");
    let subscribe = ["cloudflare", "subscribe", "--endpoint", &url];
    scene.run(&subscribe).refused(1, "see that the door is up");
    scene.run(&["cloudflare", "destination", "list"]).refused(3, "no webhook destination");
}

/// Twenty events a second all the way through two rotations: none is refused, none is told twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_event_is_refused_while_the_secret_is_rotated() {
    let (scene, door) = subscribed().await;
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
        sending.spawn(async move { happens(&scene).await });
    }
    rotating.await.unwrap();
    let answered = sending.join_all().await;
    assert!(answered.iter().all(|codes| codes == &[Some(200)]), "{answered:?}");
    assert!(answered.len() > 100, "two rotations take twelve seconds: {}", answered.len());
    door.delivered(answered.len());
    is_whole(&scene).await;

    let secrets = scene.secrets();
    assert_ne!(secrets[CURRENT], FIRST_AUTH);
    assert!(!secrets.contains_key(PENDING) && !secrets.contains_key(PREVIOUS), "--compromised");
    let hello = r#"{"text":"Hello World!"}"#;
    let old = Request::bare(ROUTE, hello).with(AUTH_HEADER, FIRST_AUTH).send(&door);
    assert_eq!(old.status, 401);
}

/// Whatever call it ends at: run again it finishes, and with --roll-back it is undone.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_stopped_finishes_or_is_undone() {
    let v3 = format!("/client/v4/accounts/{ACCOUNT}/alerting/v3");
    for (path, roll_back) in [
        (format!("{v3}/policies/"), false),
        (format!("{v3}/policies/"), true),
        (format!("{v3}/destinations/webhooks/"), false),
        (format!("{v3}/destinations/webhooks/"), true),
    ] {
        let (scene, door) = subscribed().await;
        let fault = Rule::new(path.clone(), Fault::ServerError { status: None }).times(1);
        scene.simulator.faults().add(fault);
        let stopped = scene.run(&["cloudflare", "rotate"]);
        stopped.ended_badly(1, "run `rotate` again to finish, or with --roll-back");
        assert!(scene.secrets().contains_key(PENDING), "{path}");
        assert!(happens(&scene).await.iter().all(|code| *code == Some(200)), "{path}");
        let url = door.url(ROUTE);
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
        is_whole(&scene).await;
        let secrets = scene.secrets();
        let expected = if roll_back { FIRST_AUTH } else { &next };
        assert_eq!((secrets[CURRENT].as_str(), secrets.get(PENDING)), (expected, None), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_killed_finishes() {
    let (scene, _door) = subscribed().await;
    let mut child = scene.spawn(&[], &["cloudflare", "rotate"]);
    while !scene.secrets().contains_key(PENDING) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.run(&["cloudflare", "rotate"]).refused(1, "another rotation");
    child.kill().unwrap();
    child.wait().unwrap();
    let next = scene.secrets()[PENDING].clone();
    scene.run(&["cloudflare", "rotate"]).done();
    is_whole(&scene).await;
    let secrets = scene.secrets();
    assert_eq!((&secrets[CURRENT], secrets[PREVIOUS].as_str()), (&next, FIRST_AUTH));
    // What was pending when a secret leaked may have leaked too.
    scene.store(&[(PENDING, Some("canary-pending-webhook-auth"))]);
    scene.run(&["cloudflare", "rotate", "--compromised"]).done();
    is_whole(&scene).await;
    let secrets = scene.secrets();
    assert_ne!(secrets[CURRENT], "canary-pending-webhook-auth");
    assert!(!secrets.contains_key(PENDING) && !secrets.contains_key(PREVIOUS));
    scene.run(&["cloudflare", "rotate", "--roll-back"]).refused(3, "nothing to undo");
}

/// A door that does not take the new secret, as one that runs with a variable of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_the_door_does_not_follow_is_rolled_back() {
    let scene = Scene::new().await;
    let door = scene.door_with(&[("CLOUDFLARE_WEBHOOK_AUTH", FIRST_AUTH)]);
    scene.run(&["cloudflare", "subscribe", "--endpoint", &door.url(ROUTE)]).done();
    let (before, there) = (scene.secrets(), destinations(&scene)[0]["id"].clone());
    scene.run(&["cloudflare", "rotate"]).ended_badly(1, "rolled back: nothing was changed");
    assert_eq!((scene.secrets(), destinations(&scene)[0]["id"].clone()), (before, there));
    is_whole(&scene).await;
    let variable = [("CLOUDFLARE_WEBHOOK_AUTH", FIRST_AUTH)];
    scene
        .run_with(&variable, &["cloudflare", "rotate"])
        .refused(1, "CLOUDFLARE_WEBHOOK_AUTH is set");
}

/// Nothing is sent at all.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_right_is_not_sent() {
    let scene = Scene::new().await;
    let empty = scene.state.path().join("empty");
    std::fs::write(&empty, " \n").unwrap();
    let empty = empty.to_str().unwrap();
    let subscribe = ["cloudflare", "subscribe", "--endpoint"];
    let create = ["cloudflare", "destination", "create", "--endpoint", URL];
    for (arguments, expected) in [
        (
            &["cloudflare", "subscribe", "--endpoint", "http://hooks.example.com"][..],
            "must begin with https://",
        ),
        (&[&subscribe[..], &["https://hooks.example.com:8443/x"]].concat(), "port 443 only"),
        (
            &[&subscribe[..], &["https://me:canary@hooks.example.com"]].concat(),
            "user name or password",
        ),
        (&[&subscribe[..], &["hooks.example.com"]].concat(), "is no address"),
        (&[&create[..], &["--secret-file", empty]].concat(), "is empty"),
        (
            &[&create[..], &["--secret-file", "/nowhere"]].concat(),
            "--secret-file /nowhere: No such file",
        ),
        (&["cloudflare", "destination", "delete", "../x"], "is no id"),
        (&["cloudflare", "policy", "create", "--destination", "a b"], "is no id"),
        (&["cloudflare", "destination", "list", "--account", "a/b"], "is no account id"),
        (
            &["cloudflare", "destination", "list", "--base", "http://api.example.com"],
            "--base: must be https",
        ),
        (&["cloudflare", "destination", "list", "--api-token-file", empty], "is empty"),
    ] {
        scene.run(arguments).refused(2, expected);
    }
    let list = ["cloudflare", "destination", "list"];
    scene
        .run_with(&[("CLOUDFLARE_ACCOUNT_ID", "")], &list)
        .refused(2, "no account id: name it with --account");
    scene
        .run_with(&[("CLOUDFLARE_API_TOKEN", "")], &list)
        .refused(2, "no API token: set CLOUDFLARE_API_TOKEN");
    for arguments in [
        &["cloudflare", "subscribe"][..],
        &["cloudflare", "rotate", "--compromised", "--roll-back"],
    ] {
        assert_eq!(scene.run(arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(scene.simulator.requests().total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_none_and_tokens_that_may_not() {
    let scene = Scene::new().await;
    let door = scene.door();
    let url = door.url(ROUTE);
    let commands: [&[&str]; 3] = [
        &["cloudflare", "destination", "list"],
        &["cloudflare", "subscribe", "--endpoint", &url],
        &["cloudflare", "rotate"],
    ];
    let before = scene.secrets();
    for command in commands {
        let wrong = [("CLOUDFLARE_API_TOKEN", "canary-wrong")];
        scene
            .run_with(&wrong, command)
            .refused(1, "refuses the API token (status 403, code 10000)");
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/client/v4", silent.local_addr().unwrap());
        drop(silent);
        let nobody = [("CLOUDFLARE_API_BASE", base.as_str())];
        scene.run_with(&nobody, command).refused(1, "no connection");
        for (fault, expected) in [
            (Fault::Html, "an HTML page (status 200)"),
            (Fault::Empty, "the answer (status 200) cannot be understood"),
            (Fault::ServerError { status: Some(502) }, "Cloudflare is in trouble (status 502)"),
            (Fault::ServerError { status: Some(500) }, "Cloudflare is in trouble (status 500)"),
            (Fault::RateLimited { retry_after: None, status: None }, "too many requests"),
            (Fault::MissingPermission, "refuses the API token (status 403, code 9109)"),
            (Fault::Redirect { location: "https://example.com".into() }, "a redirect (status 302)"),
            (Fault::Reset, "no whole answer"),
            (Fault::CutOff, "no whole answer"),
        ] {
            scene.simulator.faults().set(vec![Rule::new("/client/v4/", fault)]);
            scene.run(command).refused(1, expected);
        }
        scene.simulator.faults().clear();
    }
    assert_eq!((scene.changes(), scene.secrets()), (vec![], before), "nothing half done");
    let ended = scene
        .run_with(&[("CLOUDFLARE_API_TOKEN", "canary-wrong")], &["cloudflare", "rotate", "--json"]);
    let error: Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!((&error["exit"], &error["code"]), (&json!(1), &json!("10000")));
}
