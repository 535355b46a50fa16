//! A command for each event.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Forward, deliver, folder, run, wait_for};
use crate::harness::{DIGICERT_KEY, Folder};

/// Writes a script and returns the command that runs it.
fn script(folder: &Folder, text: &str) -> String {
    let file = folder.path().join("consumer.sh");
    fs::write(&file, format!("#!/bin/sh\n{text}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    file.to_str().unwrap().to_owned()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

#[test]
fn a_command_gets_the_event_as_a_line_and_no_secret() {
    let (state, own) = (folder(), Folder::new());
    deliver(state.path(), ["first", "second"]);
    let (seen, environment) = (own.path().join("seen"), own.path().join("environment"));
    let text = format!(
        "cat >> {}\nenv > {}\necho \"got $CERTHOOKS_EVENT_ID\"\nprintf 'to stderr \\033[2J' >&2",
        seen.display(),
        environment.display()
    );
    let command = script(&own, &text);
    let forward = Forward::start_with(
        &[
            ("CERTHOOKS_FORWARD_SECRET", super::SECRET),
            ("OWN", "kept"),
            ("DIGICERT_API_KEY", "canary"),
        ],
        state.path(),
        &["--consumer", "one", "--exec", &command],
    );
    forward.outcomes("taken", 2);
    let lines = read(&seen);
    let expected = |id| format!("{{\"id\":\"{id}\", \"type\":\"certhooks.certificate.issued\"}}\n");
    assert_eq!(lines, expected("first") + &expected("second"));
    let environment = read(&environment);
    assert!(environment.contains("\nOWN=kept\n") || environment.starts_with("OWN=kept\n"));
    assert!(environment.contains("CERTHOOKS_EVENT_ID=second\n"), "{environment}");
    assert!(environment.contains("CERTHOOKS_EVENT_TYPE=certhooks.certificate.issued\n"));
    for secret in ["whsec_", DIGICERT_KEY, "canary", "CERTHOOKS_FORWARD_SECRET"] {
        assert!(!environment.contains(secret), "{environment}");
    }
    // Its output is on standard error, as text only.
    let printed = || forward.err();
    let is_complete = || Some(printed()).filter(|err| err.matches("to stderr").count() == 2);
    let err = wait_for(is_complete, printed);
    assert!(err.contains("got first") && err.contains("to stderr \\u001b[2J"), "{err}");
    assert!(!err.contains('\u{1b}'));
}

#[test]
fn another_exit_status_is_tried_again() {
    let (state, own) = (folder(), Folder::new());
    deliver(state.path(), ["bad", "good", "killed"]);
    let flag = own.path().join("flag");
    let text = format!(
        "case $CERTHOOKS_EVENT_ID in\nbad) test -e {0} || {{ touch {0}; exit 7; }};;\nkilled) kill -9 $$;;\nesac",
        flag.display()
    );
    // Not in a script: a shell that runs one may say 137 of it.
    let forward = Forward::start(state.path(), &["--consumer", "one", "--exec", &text]);
    forward.outcomes("taken", 2);
    let retries = forward.outcomes("retry", 2);
    let reason = |id: &str| {
        retries.iter().find(|line| line["id"] == id).unwrap()["reason"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (reason("bad").as_str(), reason("killed").as_str()),
        ("exit status 7", "ended by signal 9")
    );
    let taken: Vec<_> =
        forward.outcomes("taken", 2).iter().map(|line| line["id"].clone()).collect();
    assert_eq!(taken, ["good", "bad"]);
}

#[test]
fn a_time_out_kills_all_that_the_command_started() {
    let (state, own) = (folder(), Folder::new());
    deliver(state.path(), ["slow"]);
    let pids = own.path().join("pids");
    let text = format!("sleep 300 &\necho $! $$ > {}\nwait", pids.display());
    let command = script(&own, &text);
    let arguments = ["--consumer", "one", "--exec", &command, "--timeout", "1s"];
    let forward = Forward::start(state.path(), &arguments);
    let retry = &forward.outcomes("retry", 1)[0];
    assert_eq!(retry["reason"], "no end within 1s; its process group was killed");
    drop(forward);
    let started = read(&pids);
    for pid in started.split_whitespace() {
        let is_gone = || {
            let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // A zombie has ended; whoever inherited it may not have noticed yet.
            (status.is_empty() || status.contains(") Z ")).then_some(())
        };
        wait_for(is_gone, || format!("{pid} is running"));
    }
}

/// It ends when the event in progress has ended; a second signal does not wait for that.
#[test]
fn a_signal_waits_for_the_event_in_progress_and_a_second_one_does_not() {
    for second in [false, true] {
        let (state, own) = (folder(), Folder::new());
        deliver(state.path(), ["a", "b"]);
        let (begun, end) = (own.path().join("begun"), own.path().join("end"));
        let text = format!(
            "touch {}\nwhile ! test -e {}; do sleep 0.05; done",
            begun.display(),
            end.display()
        );
        let command = script(&own, &text);
        let arguments = ["--consumer", "one", "--exec", &command, "--timeout", "50s"];
        let mut forward = Forward::start(state.path(), &arguments);
        wait_for(|| begun.exists().then_some(()), || "it did not begin".to_owned());
        forward.signal("-INT");
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(forward.process.try_wait().unwrap().is_none(), "it waits");
        if second {
            forward.signal("-TERM");
        } else {
            fs::write(&end, "").unwrap();
        }
        let status = forward.process.wait().unwrap();
        let stopped = forward.outcomes("stopped", 1).remove(0);
        assert_eq!(status.code(), Some(0));
        let (taken, behind) = if second { (0, 2) } else { (1, 1) };
        assert_eq!((&stopped["taken"], &stopped["behind"]), (&taken.into(), &behind.into()));
    }
}

/// A command that does not read its input, with an event larger than a pipe holds.
#[test]
fn a_command_need_not_read_the_event() {
    let state = folder();
    deliver(state.path(), ["large"]);
    let database = super::database(state.path());
    let change = "UPDATE deliveries SET body = '{\"id\":\"' || hex(zeroblob(500000)) || '\"}'";
    database.execute(change, []).unwrap();
    let forward = Forward::start(state.path(), &["--consumer", "one", "--exec", "true"]);
    forward.outcomes("taken", 1);
}

#[test]
fn a_command_that_does_not_exist_is_named() {
    let state = folder();
    deliver(state.path(), ["a"]);
    let arguments = ["--consumer", "one", "--exec", "/nowhere/consumer", "--give-up-after", "0s"];
    let forward = Forward::start(state.path(), &arguments);
    assert_eq!(forward.outcomes("set_aside", 1)[0]["reason"], "exit status 127");
    wait_for(|| forward.err().contains("/nowhere/consumer").then_some(()), || forward.err());
    drop(forward);
    assert_eq!(run(state.path(), &["list"]).1.len(), 1);
}
