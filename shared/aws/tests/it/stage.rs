use std::process::Command;

use aws::Session;
use boot::Environment;
use harness::Emulator;

const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const INSIDE: &str = "CERTHOOKS_TEST_INSIDE";

/// The emulator, and a session that finds it by its variables.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) session: Session,
}

/// A session reads variables as any program does, and a test cannot set its own. So a test that asks
/// for a stage is run again in a process that has them: there it gets the stage, here it gets `None`
/// when that process has passed.
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

/// Runs one test of this binary in a process with just these variables.
pub(crate) async fn passes_inside(test: &str, variables: &[(String, String)]) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear().env(INSIDE, "1");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let (out, error) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{out}{error}");
    assert!(out.contains("running 1 test\n"), "{test} is no test's name");
    output.status.success()
}
