use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::figures::{Figures, What};
use crate::side::{NODE, POWERTOOLS, PYTHON, Side};
use crate::stage::Stage;

/// Lambda's image for Python has the runtime's client and, where one is content with its version, boto3.
const IMAGE_CLIENT: [&str; 4] =
    ["awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"];
const IMAGE_SDK: [&str; 7] =
    ["boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"];

/// What is zipped of a side's folder.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Of {
    /// All that the program needs beside its language's runtime, in the versions that were measured.
    All,
    /// Without the SDK that the image brings.
    BesideImage,
}

/// Zips of what would be uploaded, made by one program for all.
///
/// # Errors
/// A zip cannot be made.
pub fn measure(stage: &Stage, sides: &[Side]) -> Result<Vec<Figures>> {
    eprintln!("bench: zip sizes");
    let names: Vec<_> = sides.iter().map(|side| side.name).collect();
    let mut all = Figures::new(What::Zip, None, &names);
    let mut beside = Figures::new(What::ZipBesideImage, None, &names);
    for side in sides {
        all.push(side.name, zipped(stage, side, Of::All)? as f64);
        beside.push(side.name, zipped(stage, side, Of::BesideImage)? as f64);
    }
    Ok(vec![all, beside])
}

/// Bytes of a zip of a compiled function, as `bootstrap` in it.
///
/// # Errors
/// It cannot be made.
pub fn of_binary(stage: &Stage, binary: &Path) -> Result<u64> {
    let bootstrap = stage.folder().join("bootstrap");
    fs::copy(binary, &bootstrap).with_context(|| binary.display().to_string())?;
    zip(stage, &[bootstrap])
}

fn zipped(stage: &Stage, side: &Side, of: Of) -> Result<u64> {
    match side.name {
        // A bundle has what it uses of the SDK, whatever the image has.
        NODE => zip(stage, &[side.folder.join("index.js")]),
        PYTHON | POWERTOOLS => zip(stage, &packages(&side.folder, of)?),
        _ => of_binary(stage, side.command.first().context("no program")?),
    }
}

/// Metadata of the installation, and what was compiled for this machine's Python, are not uploaded.
fn packages(folder: &Path, of: Of) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let module = name.split('.').next().unwrap_or_default();
        let is_left_out = name.ends_with(".dist-info")
            || ["__pycache__", "bin"].contains(&&*name)
            || IMAGE_CLIENT.contains(&module)
            || of == Of::BesideImage && IMAGE_SDK.contains(&module);
        if !is_left_out {
            packages.push(path);
        }
    }
    Ok(packages)
}

/// With Python's own module, which deflates as other tools do.
fn zip(stage: &Stage, paths: &[PathBuf]) -> Result<u64> {
    const PROGRAM: &str = "
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as out:
    for path in sys.argv[2:]:
        parent = os.path.dirname(path)
        files = [path] if os.path.isfile(path) else [
            os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        for file in sorted(files):
            if '__pycache__' not in file:
                out.write(file, os.path.relpath(file, parent))
";
    let target = stage.folder().join("size.zip");
    let mut python = Command::new("python3");
    let status = python.args(["-c", PROGRAM]).arg(&target).args(paths).status();
    ensure!(status.context("python3 does not start")?.success(), "python3 did not make the zip");
    Ok(fs::metadata(&target)?.len())
}
