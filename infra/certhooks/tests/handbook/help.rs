use std::path::Path;
use std::process::Command;

/// The help text of a command, and below it those of its commands.
fn snapshot(path: &[&str], count: &mut usize) {
    let output = Command::new(env!("CARGO_BIN_EXE_certhooks"))
        .args(path)
        .arg("--help")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{path:?}: {help}");
    insta::assert_snapshot!([&["certhooks"], path].concat().join("-"), help);
    *count += 1;
    for name in below(&help) {
        snapshot(&[path, &[name]].concat(), count);
    }
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
fn the_help_text_of_every_command_is_its_snapshot() {
    let mut count = 0;
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| snapshot(&[], &mut count));
    // One of a command that is gone would never fail.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/handbook/snapshots");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let kept = names.filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("certhooks") && name.ends_with(".snap")
    });
    assert_eq!(
        kept.count(),
        count,
        "tests/handbook/snapshots has a snapshot of a command that is gone"
    );
}
