use crate::harness::certhooks;

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = certhooks(&[], &["completions", shell]);
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("subscribe"), "{shell}");
        // The options of commands below the second level are left out for fish.
        assert_eq!(script.contains("secret-file"), shell != "fish", "{shell}");
    }
    assert_eq!(certhooks(&[], &["completions", "cmd"]).status.code(), Some(2));
}
