use std::path::PathBuf;

use anyhow::Result;
use envelope::Provider;
use providers::profile;

/// The compiled programs.
#[derive(Clone, Debug)]
pub struct Programs {
    pub certhooks: PathBuf,
    pub worker: PathBuf,
    /// The webhook function of every provider.
    pub webhooks: Vec<(Provider, PathBuf)>,
}

impl Programs {
    /// Looks each program up by its name.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn find(path: impl Fn(&str) -> Result<PathBuf>) -> Result<Self> {
        let webhook = |profile: &&'static profile::Profile| {
            Ok((profile.provider, path(&format!("{}-webhook", profile.name))?))
        };
        Ok(Self {
            certhooks: path("certhooks")?,
            worker: path("worker")?,
            webhooks: profile::ALL.iter().map(webhook).collect::<Result<_>>()?,
        })
    }
}
