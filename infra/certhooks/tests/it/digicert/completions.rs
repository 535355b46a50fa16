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
