use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::markdown::render;
use crate::picture::picture;
use crate::results::Results;
use crate::side::Side;

/// Writes `bench.json`, `bench.md` and `cold-start.svg` to `folder`.
///
/// # Errors
/// A file cannot be written; the message names it.
pub fn write(results: &Results, folder: &Path, sides: &[Side]) -> Result<()> {
    let json = serde_json::to_string_pretty(results)? + "\n";
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (name, text) in [
        ("bench.json", json),
        ("bench.md", render(results, sides)),
        ("cold-start.svg", picture(&results.figures, sides)),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
