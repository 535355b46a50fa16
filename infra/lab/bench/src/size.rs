use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::figures::{Figures, ZIP, ZIP_BESIDE_IMAGE};
use crate::side::{NODE, POWERTOOLS, PYTHON, Side};
use crate::stage::Stage;

/// The packages of the runtime client in Lambda's image for Python. The image has boto3 too, in its own version.
const IMAGE_CLIENT: [&str; 4] =
    ["awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"];
const IMAGE_SDK: [&str; 7] =
    ["boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"];

/// The part of a side's folder that is zipped.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Of {
    /// Everything that the program needs besides the runtime of its language, in the measured versions.
    All,
    /// The same without the SDK that the image includes.
    BesideImage,
}

/// Measures the zips that would be uploaded. The same program makes all of them.
///
/// # Errors
/// A zip cannot be made.
pub fn measure(stage: &Stage, sides: &[Side], figures: &mut Figures) -> Result<()> {
    eprintln!("bench: zip sizes");
    for (what, of) in [(ZIP, Of::All), (ZIP_BESIDE_IMAGE, Of::BesideImage)] {
        for side in sides {
            figures.push(what, None, side.name, zipped(stage, side, of)? as f64);
        }
    }
    Ok(())
}

/// The size of a zip with a compiled function as `bootstrap`, in bytes.
fn of_binary(stage: &Stage, binary: &Path) -> Result<u64> {
    let bootstrap = stage.folder().join("bootstrap");
    fs::copy(binary, &bootstrap).with_context(|| binary.display().to_string())?;
    zip(stage, &[bootstrap])
}

fn zipped(stage: &Stage, side: &Side, of: Of) -> Result<u64> {
    match side.name {
        // The bundle includes what it uses of the SDK, so the image makes no difference.
        NODE => zip(stage, &[side.folder.join("index.js")]),
        PYTHON | POWERTOOLS => zip(stage, &packages(&side.folder, of)?),
        _ => of_binary(stage, side.command.first().context("no program")?),
    }
}

/// The packages to upload, without metadata of the installation and without files that were compiled for this
/// machine's Python.
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

/// Makes a zip with the module of Python, which compresses as other tools do. Returns its size in bytes.
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
    ensure!(status.context("cannot run python3")?.success(), "python3 did not make the zip");
    Ok(fs::metadata(&target)?.len())
}
