use std::process::Command;

use aws::Session;
use axum::Router;
use boot::Environment;
use harness::Emulator;
use tokio::net::TcpListener;

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const INSIDE: &str = "CERTHOOKS_TEST_INSIDE";

/// The emulator, and a session that uses it.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) session: Session,
}

/// A session reads environment variables, and a test cannot set those of its own process. So this runs
/// the test again in a process that has them. There it returns the stage; here it returns `None` after
/// that process has passed.
pub(crate) async fn stage(test: &str) -> Option<Stage> {
    if is_inside() {
        let emulator = Emulator::attached(std::env::var(ENDPOINT).unwrap()).unwrap();
        return Some(Stage { emulator, session: session() });
    }
    let emulator = Emulator::start().await.unwrap()?;
    assert!(passes_inside(test, &emulator.environment()).await, "{test} failed; see above");
    None
}

pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

pub(crate) fn session() -> Session {
    Session::start(&Environment::of_process()).unwrap()
}

/// Runs the inner half of `test` with the variable `endpoint` set to a test server for one service.
/// Nothing listens at the endpoint of the other services.
pub(crate) async fn passes_with_server(server: Router, test: &str, endpoint: &str) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, server).await });
    let variables = [
        (ENDPOINT, "http://127.0.0.1:9"),
        (endpoint, address.as_str()),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_SESSION_TOKEN", "of-a-session"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let passed = passes_inside(test, &variables).await;
    serving.abort();
    passed
}

/// Runs one test of this binary in a process with only these variables.
pub(crate) async fn passes_inside(test: &str, variables: &[(String, String)]) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear().env(INSIDE, "1");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}{error}");
    assert!(out.contains("running 1 test\n"), "{test} is not the name of a test");
    output.status.success()
}
