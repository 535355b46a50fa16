use serde_json::json;

use super::{ROUTE, assert_consistent, destinations, policies, send_event, subscribed};
use crate::digicert::stage::{of, steps};
use crate::scene::{ACCOUNT, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn one_command_sets_up_everything_and_the_second_run_changes_nothing() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    let subscribe = ["cloudflare", "subscribe", "--endpoint", &url, "--json"];
    let first = scene.run(&subscribe).done();
    let made = [("destination", "created"), ("test", "done"), ("policy", "created")];
    assert_eq!(steps(&first), of(made));
    assert_consistent(&scene).await;
    let events = local.delivered(1);
    assert_eq!(events[0]["type"], "certhooks.certificate.issued");
    let before = (destinations(&scene)[0]["id"].clone(), policies(&scene));

    let again = scene.run(&subscribe).done();
    let known = [("destination", "already"), ("test", "done"), ("policy", "already")];
    assert_eq!(steps(&again), of(known));
    assert_eq!((destinations(&scene)[0]["id"].clone(), policies(&scene)), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_parts_are_added_and_existing_ones_kept() {
    let (scene, local) = subscribed().await;
    let url = local.url(ROUTE);
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
    assert_eq!(send_event(&scene).await, []);
    let out = scene.run(&["cloudflare", "subscribe", "--endpoint", &url, "--json"]).done();
    let enabled = [("destination", "already"), ("test", "done"), ("policy", "enabled")];
    assert_eq!(steps(&out), of(enabled));
    assert_consistent(&scene).await;

    scene.run(&["cloudflare", "policy", "delete", &policy]).done();
    let out = scene.run(&["cloudflare", "subscribe", "--endpoint", &url, "--json"]).done();
    assert_eq!(steps(&out)[2], ("policy".to_owned(), "created".to_owned()));
    assert_consistent(&scene).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn destinations_and_policies_one_by_one() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    scene.run(&["cloudflare", "destination", "list"]).refused(3, "no webhook destination");
    scene.run(&["cloudflare", "destination", "test"]).refused(3, "no such destination");
    scene.run(&["cloudflare", "policy", "list"]).refused(3, "no policy");

    let (no_route, missing) = (local.url(""), "is the path /webhooks/cloudflare missing?");
    for command in [&["destination", "create"][..], &["subscribe"]] {
        let command = [&["cloudflare"], command, &["--endpoint", &no_route]].concat();
        scene.run(&command).refused(1, missing);
    }
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
    assert_eq!(send_event(&scene).await, [Some(200)]);
    let other =
        ["cloudflare", "policy", "create", "--destination", id, "--alert-type", "none_such"];
    scene.run(&other).refused(1, "alert_type is not valid");

    let second = scene.lines(&create);
    assert_eq!(destinations(&scene).len(), 2);
    scene.run(&["cloudflare", "destination", "test"]).refused(2, "several destinations");
    scene.run(&["cloudflare", "destination", "delete", id]).refused(1, &policy);
    scene.run(&["cloudflare", "policy", "delete", &policy]).done();
    scene.run(&["cloudflare", "policy", "delete", &policy]).refused(3, "does not find this");
    for id in [id, second[0]["id"].as_str().unwrap()] {
        scene.run(&["cloudflare", "destination", "delete", id]).done();
        scene.run(&["cloudflare", "destination", "delete", id]).refused(3, "does not find this");
    }
}

/// Cloudflare's live test is sent with the secret that the option names.
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_the_endpoint_does_not_accept_is_refused() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
    let file = scene.state.path().join("other");
    std::fs::write(&file, "canary-another-auth\n").unwrap();
    let file = file.to_str().unwrap();
    let create = ["cloudflare", "destination", "create", "--endpoint", &url];
    let other = [&create[..], &["--secret-file", file]].concat();
    scene.run(&other).refused(1, "check that the webhook endpoint is running with this secret");
    drop(local);
    scene.run(&create).refused(1, "check that the webhook endpoint is running");
    let subscribe = ["cloudflare", "subscribe", "--endpoint", &url];
    scene.run(&subscribe).refused(1, "check that the webhook endpoint is running");
    scene.run(&["cloudflare", "destination", "list"]).refused(3, "no webhook destination");
}
