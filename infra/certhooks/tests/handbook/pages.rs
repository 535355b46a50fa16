use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A page, by its path from the root.
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A fenced block: the line that it begins in, its info string, and its lines.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub(crate) line: usize,
    pub(crate) info: &'a str,
    pub(crate) lines: Vec<&'a str>,
}

/// The README, the pages of the handbook, and those for contributors.
pub(crate) fn all() -> Vec<Page> {
    let mut paths = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["infra/docs", ".github"] {
        let names = std::fs::read_dir(root().join(folder)).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        paths.extend(
            names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")),
        );
    }
    paths.sort();
    paths.into_iter().map(Page::read).collect()
}

impl Page {
    pub(crate) fn read(path: String) -> Self {
        let text = std::fs::read_to_string(root().join(&path))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path, text }
    }

    /// The fenced blocks of the page.
    pub(crate) fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut is_open = false;
        for (number, line) in self.text.lines().enumerate() {
            // A block in a list is indented.
            match (line.trim_start().strip_prefix("```"), is_open) {
                (Some(info), false) => {
                    blocks.push(Block { line: number + 1, info, lines: Vec::new() });
                    is_open = true;
                }
                (Some(_), true) => is_open = false,
                (None, true) => blocks.last_mut().unwrap().lines.push(line),
                (None, false) => {}
            }
        }
        assert!(!is_open, "{}: a block is not closed", self.path);
        blocks
    }

    /// The lines outside of fenced blocks, with their numbers.
    pub(crate) fn prose(&self) -> Vec<(usize, &str)> {
        let mut is_open = false;
        let mut lines = Vec::new();
        for (number, line) in self.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_open = !is_open;
            } else if !is_open {
                lines.push((number + 1, line));
            }
        }
        lines
    }

    /// The folder that the page is in.
    pub(crate) fn folder(&self) -> &Path {
        Path::new(&self.path).parent().unwrap()
    }
}

#[test]
fn the_readme_has_at_most_150_lines() {
    let count = Page::read("README.md".to_owned()).text.lines().count();
    assert!(count <= 150, "README.md has {count} lines: move what is too long into infra/docs");
}

#[test]
fn every_page_is_linked_from_the_readme_and_from_the_summary_of_the_book() {
    let [readme, summary] =
        ["README.md", "infra/docs/SUMMARY.md"].map(|path| Page::read(path.to_owned()).text);
    for page in all() {
        let Some(name) = page.path.strip_prefix("infra/docs/") else { continue };
        if matches!(name, "SUMMARY.md" | "introduction.md") {
            continue;
        }
        assert!(readme.contains(&format!("(infra/docs/{name})")), "README.md does not link {name}");
        assert!(summary.contains(&format!("({name})")), "SUMMARY.md does not list {name}");
    }
}
