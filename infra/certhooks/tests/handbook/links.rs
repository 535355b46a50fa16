use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::pages::{self, Page, root};

/// Folders whose files are named in prose.
const FOLDERS: [&str; 6] = ["infra/", "shared/", "functions/", "events/", ".github/", "target/"];

#[test]
fn every_relative_link_and_anchor_leads_somewhere() {
    let pages = pages::all();
    let anchors: BTreeMap<_, _> =
        pages.iter().map(|page| (PathBuf::from(&page.path), anchors(page))).collect();
    let mut dead = Vec::new();
    for page in &pages {
        for (line, target) in links(page) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target
                .split_once('#')
                .map_or((target, None), |(path, anchor)| (path, Some(anchor)));
            let file = if path.is_empty() {
                page.path.clone().into()
            } else {
                normal(&page.folder().join(path))
            };
            let has_anchor = |anchor| anchors.get(&file).is_none_or(|known| known.contains(anchor));
            if !root().join(&file).exists() || !anchor.is_none_or(has_anchor) {
                dead.push(format!("{}:{line}: {target}", page.path));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn every_file_that_is_named_exists() {
    let mut missing = Vec::new();
    for page in pages::all() {
        for (line, text) in page.prose() {
            for name in text.split('`').skip(1).step_by(2).filter(|name| is_path(name)) {
                if !root().join(name.trim_end_matches('/')).exists() {
                    missing.push(format!("{}:{line}: {name}", page.path));
                }
            }
        }
    }
    assert!(missing.is_empty(), "files that do not exist:\n{}", missing.join("\n"));
}

/// Whether a piece of code is the path of a file of the repository, and not a pattern, a command or the
/// page's invented provider.
fn is_path(name: &str) -> bool {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    let is_made = ["acme", "NAME", "target/", ".local."].iter().any(|part| name.contains(part));
    FOLDERS.iter().any(|folder| name.starts_with(folder)) && is_plain && !is_made
}

/// The targets of the links of a page, outside of code.
fn links(page: &Page) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, text) in page.prose() {
        for outside in text.split('`').step_by(2) {
            // A link whose text is code is cut in pieces, each of which may hold the end of one.
            found.extend(
                outside
                    .split("](")
                    .skip(1)
                    .filter_map(|rest| Some((line, rest.split_once(')')?.0))),
            );
        }
    }
    found
}

/// The anchors that GitHub and mdBook make of the headings.
fn anchors(page: &Page) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for (_, line) in page.prose() {
        let Some(heading) = line.strip_prefix('#') else { continue };
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        let anchor: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
        assert!(
            known.insert(anchor),
            "{}: two headings `{heading}`: a link could mean either",
            page.path
        );
    }
    known
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}
