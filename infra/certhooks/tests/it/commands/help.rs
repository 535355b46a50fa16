use super::{run, run_in};
use crate::harness::Folder;

/// What is missing in the `--help` of this command and of all below it.
fn lacking(path: &[&str]) -> Vec<String> {
    let ended = run(&[], &[path, &["--help"]].concat());
    assert_eq!(ended.code, Some(0), "{path:?}: {}", ended.err);
    let below = below(&ended.out);
    let is_leaf = below.is_empty();
    let takes_json = is_leaf && path != ["completions"];
    let example = format!("\n  certhooks {}", path.join(" "));
    let mut lacking = Vec::new();
    for (what, is_needed) in [
        ("Example", true),
        (&example, true),
        ("Exit status: 0 ", is_leaf),
        ("      --json", takes_json),
    ] {
        if is_needed && !ended.out.contains(what) {
            lacking.push(format!("{path:?} lacks `{}`", what.trim()));
        }
    }
    lacking.extend(below.iter().flat_map(|name| self::lacking(&[path, &[name]].concat())));
    lacking
}

/// The commands that the help of a group lists.
fn below(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty() && !line.ends_with(':'));
    // A description that is too long continues in an indented line.
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").collect()
}

#[test]
fn every_command_has_examples_an_exit_status_and_json() {
    assert_eq!(lacking(&[]), [] as [String; 0]);
    assert_eq!(
        below(&run(&[], &["dead-letters", "--help"]).out),
        ["list", "show", "retry", "drop"]
    );
}

#[test]
fn with_json_an_error_is_a_json_object() {
    for command in [&["tail"][..], &["send", "nowhere.json"], &["local", "--listen", "192.0.2.1:1"]]
    {
        let folder = Folder::new();
        let ended = run_in(folder.path(), &[command, &["--json"]].concat());
        let last = ended.err.lines().last().unwrap();
        let error: serde_json::Value = serde_json::from_str(last).unwrap();
        assert_eq!((ended.code, &error["exit"]), (Some(1), &serde_json::json!(1)), "{last}");
    }
}
