//! The command's output as text and as JSON, and its exit status.

mod challenge;
mod help;
mod inspect;
mod release;
mod send;
mod start;
mod tail;
mod unread;

use std::path::Path;
use std::process::Output;

use crate::harness::certhooks;

/// The exit status, and the text on standard output and standard error.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ended {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), out: text(stdout), err: text(stderr) }
    }
}

fn run(variables: &[(&str, &str)], arguments: &[&str]) -> Ended {
    certhooks(variables, arguments).into()
}

/// Runs a command with this state folder.
fn run_in(state: &Path, arguments: &[&str]) -> Ended {
    run(&[], &[arguments, &["--state", state.to_str().unwrap()]].concat())
}

#[test]
fn wrong_usage_exits_with_2_and_a_message() {
    for (arguments, expected) in [
        (&[][..], "Usage"),
        (&["frobnicate"], "frobnicate"),
        (&["digicert"], "webhook"),
        (&["local", "--listen", "nonsense"], "--listen"),
        (&["local", "--listen", "127.0.0.1:99999"], "--listen"),
        (&["local", "--trusted-proxy", "10.0.0.0/33"], "--trusted-proxy"),
        (&["local", "--trusted-proxy", "anyone"], "--trusted-proxy"),
        (&["local", "--trusted-proxy", "0.0.0.0/0"], "name the proxy's own"),
        (&["local", "--trusted-proxy", "::/1"], "name the proxy's own"),
        (&["local", "--no-such-option"], "--no-such-option"),
        (&["send"], "<FILE>"),
        (&["send", "x.json", "--to", "nonsense"], "--to"),
        (&["send", "x.json", "--to", "ftp://127.0.0.1"], "--to"),
        (&["send", "x.json", "--to", "http://hooks.example.com"], "--to"),
        (&["send", "x.json", "--to", "http://127.0.0.1.example.com"], "--to"),
        (&["send", "x.json", "--count", "0"], "--count"),
        (&["send", "x.json", "--count", "-1"], "--count"),
        (&["send", "x.json", "--rate", "0"], "--rate"),
        (&["send", "x.json", "--rate", "-1"], "--rate"),
        (&["send", "x.json", "--rate", "1e-300"], "--rate"),
        (&["send", "x.json", "--rate", "NaN"], "--rate"),
        (&["send", "x.json", "--provider", "letsencrypt"], "meta-ct"),
        (&["tail", "x"], "unexpected"),
    ] {
        let ended = run(&[], arguments);
        assert_eq!(ended.code, Some(2), "{arguments:?} {}", ended.err);
        assert!(ended.err.contains(expected), "{arguments:?}: {}", ended.err);
        assert_eq!(ended.out, "", "{arguments:?}");
    }
}

/// What a terminal takes for more than text is escaped wherever an argument is quoted.
#[test]
fn wrong_usage_is_printed_as_text_only() {
    let quoted = "x\u{202e}\u{200b}\u{9b}31m\u{1b}[31m\u{feff}y";
    let option = format!("--no-{quoted}");
    let value = format!("--provider={quoted}");
    for arguments in [
        &[quoted][..],
        &["digicert", quoted],
        &["tail", quoted],
        &["tail", &option],
        &["send", "x.json", "--provider", quoted],
        &["send", "x.json", &value],
        &["send", "x.json", "--count", quoted],
        &["completions", quoted],
        &["forget", "--since", quoted],
    ] {
        let ended = run(&[], arguments);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ended.err.contains("\\u202e\\u200b\\u009b"), "{arguments:?}: {}", ended.err);
        let is_text = |character: char| !character.is_control() || character == '\n';
        let hidden = ['\u{202e}', '\u{200b}', '\u{feff}'];
        assert!(ended.err.chars().all(is_text) && !ended.err.contains(hidden), "{:?}", ended.err);
    }
}

#[test]
fn help_is_printed_on_standard_output() {
    for arguments in [&["--help"][..], &["local", "--help"], &["send", "--help"], &["tail", "-h"]] {
        let ended = run(&[], arguments);
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        assert!(ended.out.contains("Usage: certhooks"), "{}", ended.out);
    }
}
