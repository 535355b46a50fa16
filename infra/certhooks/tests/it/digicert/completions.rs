use crate::harness::certhooks;

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = certhooks(&[], &["completions", shell]);
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("subscribe"), "{shell}");
        // clap_complete follows subcommands two levels deep for fish: names, but not their options.
        assert!(shell == "fish" || script.contains("secret-file"), "{shell}");
    }
    assert_eq!(certhooks(&[], &["completions", "cmd"]).status.code(), Some(2));
}

/// Each command has examples, and says what its exit status means.
#[test]
fn every_command_has_help_with_examples() {
    for command in [
        "list",
        "show",
        "create",
        "update",
        "test",
        "challenge",
        "verify",
        "activate",
        "deactivate",
        "delete",
        "logs",
        "subscribe",
        "rotate",
    ] {
        let output = certhooks(&[], &["digicert", "webhook", command, "--help"]);
        assert!(output.status.success());
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(help.contains(&format!("  certhooks digicert webhook {command}")), "{help}");
        assert!(help.contains("Examples:") && help.contains("Exit status: 0 "), "{help}");
    }
}
