use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The roots that a side trusts in addition to the private authority. Each side parses what it would parse on
/// Lambda.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Roots {
    /// They are compiled in, so the file has only the private authority.
    CompiledIn,
    /// The roots of the system, about 140, are in the file too.
    Parsed,
}

/// One of the programs that are compared.
#[derive(Clone, Debug)]
pub struct Side {
    /// The name in figures and on the command line.
    pub name: &'static str,
    /// The name in tables.
    pub title: &'static str,
    /// The program, and its arguments.
    pub command: Vec<PathBuf>,
    pub folder: PathBuf,
    /// The variable with the path of the file of trusted roots.
    pub trust: &'static str,
    pub roots: Roots,
}

pub const OURS: &str = "certhooks";
pub const FLOOR: &str = "floor";
pub const NODE: &str = "node";
pub const PYTHON: &str = "python";
pub const POWERTOOLS: &str = "powertools";

impl Side {
    /// The webhook function that is compared. All three are alike except for the provider's formats.
    pub fn ours(binary: impl Into<PathBuf>) -> Self {
        Self {
            name: OURS,
            title: "Certhooks (digicert-webhook)",
            trust: "AWS_CA_BUNDLE",
            roots: Roots::CompiledIn,
            ..Self::compiled(binary.into())
        }
    }

    /// The smallest possible function.
    pub fn floor(binary: impl Into<PathBuf>) -> Self {
        Self {
            name: FLOOR,
            title: "floor: bare `lambda_http`, one send",
            trust: "SSL_CERT_FILE",
            ..Self::compiled(binary.into())
        }
    }

    fn compiled(binary: PathBuf) -> Self {
        let folder = binary.parent().map(Path::to_owned).unwrap_or_default();
        Self { name: "", title: "", command: vec![binary], folder, trust: "", roots: Roots::Parsed }
    }

    /// All sides, with ours first. `binaries` is the folder of cargo's binaries, and `peers` the one where `make
    /// bench` installs the others.
    pub fn all(binaries: &Path, peers: &Path) -> Vec<Self> {
        let python = |name, title| Self {
            name,
            title,
            command: ["venv/bin/python"]
                .iter()
                .map(|file| peers.join(file))
                .chain(["-m", "awslambdaric", "handler.handler"].map(PathBuf::from))
                .collect(),
            folder: peers.join(name),
            trust: "AWS_CA_BUNDLE",
            roots: Roots::Parsed,
        };
        let node = Self {
            name: NODE,
            title: "Node.js, AWS SDK v3 in one bundle",
            command: vec![peers.join("bin/node"), "index.js".into()],
            folder: peers.join(NODE),
            trust: "NODE_EXTRA_CA_CERTS",
            roots: Roots::CompiledIn,
        };
        vec![
            Self::ours(binaries.join("digicert-webhook")),
            Self::floor(binaries.join("floor")),
            node,
            python(PYTHON, "Python, boto3"),
            python(POWERTOOLS, "Python, boto3 and Powertools"),
        ]
    }

    /// Checks that the program and the folder exist.
    ///
    /// # Errors
    /// One of them does not; the message names it.
    pub fn check(&self) -> Result<()> {
        let program = self.command.first().context("no program")?;
        for path in [program, &self.folder] {
            ensure!(path.exists(), "{} does not exist: run `make bench`", path.display());
        }
        Ok(())
    }
}
