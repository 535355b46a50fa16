//! Output that nobody reads holds up no command that is to end.

use std::io::{PipeReader, PipeWriter, Write, pipe};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;

use embedded::Running;

use crate::forward::wait_for;
use crate::harness::{Folder, NO_SECRETS, certhooks, command, events_folder};

/// A pipe that is full and stays so, since its reader reads nothing.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    let mut filler = writer.try_clone().unwrap();
    // It waits for ever, as the command will, until the reader is dropped.
    thread::spawn(move || filler.write_all(&[b'\n'; 1 << 20]));
    (reader, writer)
}

fn local(state: &Path, arguments: &[&str]) -> Command {
    let mut command = command(&NO_SECRETS);
    command.args(["local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state"]);
    command.arg(state).args(arguments);
    command
}

/// Ends a command with SIGTERM once `is_up`, and fails if it does not end.
fn end(mut process: Child, what: &str, is_up: impl Fn() -> bool) {
    wait_for(|| is_up().then_some(()), || format!("{what} does not start"));
    let id = process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    wait_for(|| process.try_wait().unwrap(), || format!("{what} does not end"));
}

#[test]
fn a_signal_ends_a_command_whose_output_is_not_read() {
    let (events, folder) = (events_folder(), Folder::new());
    let state = folder.path();
    let runs = || Running::read(state).is_some();

    let (unread, full) = full_pipe();
    let samples = ["--samples", events.to_str().unwrap()];
    let samples = local(state, &samples).stdout(full).spawn().unwrap();
    end(samples, "local --samples", runs);
    drop(unread);

    let folder = Folder::new();
    let state = folder.path();
    let (unread, full) = full_pipe();
    let logging = local(state, &["--simulate"]).stderr(full).spawn().unwrap();
    end(logging, "local", || Running::read(state).is_some());
    drop(unread);

    let (_unread, full) = full_pipe();
    let arguments = ["forward", "--json", "--consumer", "unread", "--exec", "true", "--state"];
    let forward = command(&[]).args(arguments).arg(state).stdout(full).spawn().unwrap();
    let consumers = ["forward", "consumers", "--json", "--state", state.to_str().unwrap()];
    end(forward, "forward", || !certhooks(&[], &consumers).stdout.is_empty());
}
