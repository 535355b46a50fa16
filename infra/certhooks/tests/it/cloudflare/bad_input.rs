use std::net::TcpListener;

use serde_json::{Value, json};
use simulator::{Fault, Rule};

use super::{ROUTE, URL};
use crate::scene::Scene;

/// Invalid input is refused before anything is sent.
#[tokio::test(flavor = "multi_thread")]
async fn invalid_input_is_not_sent() {
    let scene = Scene::new().await;
    let empty = scene.state.path().join("empty");
    std::fs::write(&empty, " \n").unwrap();
    let empty = empty.to_str().unwrap();
    let short = scene.state.path().join("short");
    std::fs::write(&short, "0123456789abcde\n").unwrap();
    let short = short.to_str().unwrap();
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
        (&[&subscribe[..], &["hooks.example.com"]].concat(), "not a valid URL"),
        (&[&create[..], &["--secret-file", empty]].concat(), "is empty"),
        (
            &[&create[..], &["--secret-file", short]].concat(),
            "fewer than 16 characters and can be guessed",
        ),
        (
            &[&create[..], &["--secret-file", "/nowhere"]].concat(),
            "--secret-file /nowhere: No such file",
        ),
        (&["cloudflare", "destination", "delete", "../x"], "is not an id"),
        (&["cloudflare", "policy", "create", "--destination", "a b"], "is not an id"),
        (&["cloudflare", "destination", "list", "--account", "a/b"], "is not an account id"),
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
async fn unusable_answers_and_refused_tokens() {
    let scene = Scene::new().await;
    let local = scene.local();
    let url = local.url(ROUTE);
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
            (Fault::Empty, "the answer (status 200) cannot be parsed"),
            (Fault::ServerError { status: Some(502) }, "Cloudflare failed (status 502)"),
            (Fault::ServerError { status: Some(500) }, "Cloudflare failed (status 500)"),
            (Fault::RateLimited { retry_after: None, status: None }, "too many requests"),
            (Fault::MissingPermission, "refuses the API token (status 403, code 9109)"),
            (Fault::Redirect { location: "https://example.com".into() }, "a redirect (status 302)"),
            (Fault::Reset, "no complete answer"),
            (Fault::CutOff, "no complete answer"),
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
