use std::collections::BTreeMap;

use crate::pages::{self, Block, Page};
use crate::session::Session;

/// Why a console block is not run, as its info string says after `console,`.
const REASONS: [&str; 4] = ["needs-aws", "needs-network", "needs-provider", "takes-long"];

/// A command of a block, the output shown under it, and its exit status.
#[derive(Debug, Default)]
pub(crate) struct Step<'a> {
    pub(crate) command: &'a str,
    pub(crate) output: Vec<&'a str>,
    pub(crate) status: i32,
}

/// The steps of a block: `$ ` begins a command, `? ` is its exit status where it is not 0.
fn steps<'a>(block: &Block<'a>) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = Vec::new();
    for line in &block.lines {
        let last = steps.last_mut();
        match (line.strip_prefix("$ "), line.strip_prefix("? "), last) {
            (Some(command), _, _) => steps.push(Step { command, ..Step::default() }),
            (None, Some(status), Some(step)) => step.status = status.parse().unwrap(),
            (None, None, Some(step)) => step.output.push(line),
            (None, _, None) => panic!("line {}: a console block begins with `$ `", block.line),
        }
    }
    steps
}

/// Runs the console blocks of a page, in the order of the page, in one folder.
fn run(path: &str) {
    let page = Page::read(path.to_owned());
    let mut session = Session::new();
    for block in page.blocks().iter().filter(|block| block.info == "console") {
        for step in steps(block) {
            let failed = session.run(&step).err();
            assert!(
                failed.is_none(),
                "{path}, block of line {}: $ {}\n{}",
                block.line,
                step.command,
                failed.unwrap_or_default()
            );
        }
    }
}

#[test]
fn what_the_readme_shows_on_a_console_is_what_happens() {
    run("README.md");
}

#[test]
fn what_the_page_for_consumers_shows_on_a_console_is_what_happens() {
    run("infra/docs/consumer.md");
}

#[test]
fn what_the_page_for_operators_shows_on_a_console_is_what_happens() {
    run("infra/docs/operate.md");
}

#[test]
fn what_the_page_of_certificates_shows_on_a_console_is_what_happens() {
    run("infra/docs/inventory.md");
}

/// A page with console blocks that no test above runs fails here, and so does a block without a mark.
#[test]
fn every_console_block_is_run_or_says_why_not() {
    let mut counts = BTreeMap::new();
    for page in pages::all() {
        for block in page.blocks() {
            let place = format!("{}:{}", page.path, block.line);
            assert!(
                !block.info.is_empty(),
                "{place}: a block says what it is, such as ```text or ```console"
            );
            let has_prompt = block.lines.iter().any(|line| line.starts_with("$ "));
            let (language, reason) = block.info.split_once(',').unwrap_or((block.info, "run"));
            if language != "console" {
                assert!(!has_prompt, "{place}: commands with a prompt are in a block ```console");
                continue;
            }
            assert!(has_prompt, "{place}: a command in a console block begins with `$ `");
            assert!(
                reason == "run" || REASONS.contains(&reason),
                "{place}: `{reason}` is none of {REASONS:?}"
            );
            *counts.entry(format!("{} {reason}", page.path)).or_insert(0) += 1;
        }
    }
    let lines: Vec<_> =
        counts.into_iter().map(|(what, count)| format!("{what}: {count}")).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!("console_blocks", lines.join("\n")));
    let run: Vec<_> = lines.iter().filter_map(|line| Some(line.split_once(" run: ")?.0)).collect();
    assert_eq!(
        run,
        ["README.md", "infra/docs/consumer.md", "infra/docs/inventory.md", "infra/docs/operate.md"],
        "each has a test above"
    );
}
