//! `certhooks cloudflare …`: the compiled binary against the simulated Cloudflare, with `certhooks
//! local` as the webhook endpoint.

mod bad_input;
mod rotate;
mod subscribe;

use serde_json::{Value, json};
use simulator::CloudflareEvent;

use crate::harness::Local;
use crate::scene::{ACCOUNT, Scene};

const ROUTE: &str = "/webhooks/cloudflare";
const URL: &str = "https://hooks.example.com/webhooks/cloudflare";
const CURRENT: &str = "cloudflare_webhook_auth";
const PENDING: &str = "cloudflare_webhook_auth_pending";
const PREVIOUS: &str = "cloudflare_webhook_auth_previous";

async fn subscribed() -> (Scene, Local) {
    let scene = Scene::new().await;
    let local = scene.local();
    scene.run(&["cloudflare", "subscribe", "--endpoint", &local.url(ROUTE)]).done();
    (scene, local)
}

/// The codes of the answers to an event that is sent now.
async fn send_event(scene: &Scene) -> Vec<Option<u16>> {
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

/// Checks that there is one destination, that the one policy sends to it, and that an event is accepted.
async fn assert_consistent(scene: &Scene) {
    let (destinations, policies) = (destinations(scene), policies(scene));
    assert_eq!((destinations.len(), policies.len()), (1, 1), "{destinations:?} {policies:?}");
    assert_eq!(policies[0]["destinations"], json!([destinations[0]["id"]]));
    assert_eq!(policies[0]["enabled"], true);
    assert_eq!(send_event(scene).await, [Some(200)]);
}
