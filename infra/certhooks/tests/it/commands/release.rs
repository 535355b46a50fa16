use super::run;
use crate::harness::Folder;

#[test]
fn the_version_says_where_the_command_comes_from_and_what_it_has() {
    let ended = run(&[], &["--version"]);
    let version = env!("CARGO_PKG_VERSION");
    let mut features = Vec::new();
    features.extend(cfg!(feature = "aws").then_some("aws"));
    features.extend(cfg!(feature = "simulator").then_some("simulator"));
    let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
    let expected = format!("certhooks {version} (built from source, features: {features})\n");
    assert_eq!((ended.code, ended.out), (Some(0), expected));
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new();
    let ended = run(&[], &["man", folder.path().to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    for (page, line) in [
        ("certhooks.1", ".SH SUBCOMMANDS"),
        ("certhooks-local.1", "\\fB\\-\\-listen\\fR"),
        ("certhooks-digicert-webhook-subscribe.1", ".SH SYNOPSIS"),
    ] {
        let page = std::fs::read_to_string(folder.path().join(page)).unwrap();
        assert!(page.contains(line), "{page}");
    }
}

#[test]
fn a_folder_that_pages_cannot_be_written_to_is_named() {
    let folder = Folder::new();
    let missing = folder.path().join("missing");
    let ended = run(&[], &["man", missing.to_str().unwrap()]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains(missing.to_str().unwrap()), "{}", ended.err);
}
