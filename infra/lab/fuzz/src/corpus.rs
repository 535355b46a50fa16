use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The folder of inputs that crashed a target, with a folder for each target.
pub fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// The contents of all files in a folder of the repository, in the order of their names.
pub fn folder(path: &str) -> Vec<Vec<u8>> {
    files(&root().join(path)).iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// The files in a folder, in order; empty if the folder does not exist.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}
