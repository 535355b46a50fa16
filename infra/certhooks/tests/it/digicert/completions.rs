use crate::harness::certhooks;

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = certhooks(&[], &["completions", shell]);
        assert!(output.status.success());
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(script.contains("subscribe"), "{shell}");
        assert!(script.contains("secret-file"), "{shell}");
    }
    let fish = String::from_utf8(certhooks(&[], &["completions", "fish"]).stdout).unwrap();
    let seen = "digicert; and __fish_seen_subcommand_from webhook; and __fish_seen_subcommand_from";
    for option in ["rotate\" -l compromised -d", "update\" -l chain -r -f -a 'on off' -d"] {
        assert!(fish.contains(&format!("{seen} {option}")), "{option}\n{fish}");
    }
    assert_eq!(certhooks(&[], &["completions", "cmd"]).status.code(), Some(2));
}
