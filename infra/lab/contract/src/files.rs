use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use envelope::CertificateEvent;
use serde_json::Value;

use crate::breaking::{Changes, compare};
use crate::examples::Example;
use crate::page::page;
use crate::produce::produce;
use crate::{asyncapi, schema};

const SCHEMAS: &str = "events/schema";
const EXAMPLES: &str = "events/schema/examples";
const PAGE: &str = "infra/docs/contract.md";

/// Everything that is generated, below the folder of the repository.
pub struct Files {
    root: PathBuf,
}

/// In what the committed files differ from what the code makes.
#[derive(Debug, Default)]
pub struct Drift {
    /// One sentence each.
    pub faults: Vec<String>,
    /// What a person should look at.
    pub notes: Vec<String>,
}

impl Files {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Writes everything anew. An example stays where a new delivery looks like it.
    ///
    /// # Errors
    /// An event is not delivered, or a file cannot be written.
    pub async fn write(&self) -> Result<()> {
        let committed = self.examples()?;
        let mut examples = Box::pin(produce(&self.root.join("events"))).await?;
        for example in &mut examples {
            let known = committed.iter().find(|known| known.name == example.name);
            if let Some(known) = known.filter(|known| known.is_like(example).unwrap_or_default()) {
                example.clone_from(known);
            }
        }
        let folder = self.root.join(EXAMPLES);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        for example in &examples {
            self.put(&format!("{EXAMPLES}/{}.json", example.name), &example.text)?;
        }
        for (name, text) in generated(&examples)? {
            self.put(&name, &text)?;
        }
        Ok(())
    }

    /// Takes the schema of today as the released one of its version.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn release(&self) -> Result<()> {
        self.put(&released(), &json(&schema::bundle())?)
    }

    /// # Errors
    /// A file cannot be read, or an event is not delivered.
    pub async fn check(&self) -> Result<Drift> {
        let mut drift = Drift::default();
        let examples = self.examples()?;
        for (name, text) in generated(&examples)? {
            if fs::read_to_string(self.root.join(&name)).ok() != Some(text) {
                drift.faults.push(format!("{name} is not what the code makes: run `make schema`"));
            }
        }
        let produced = Box::pin(produce(&self.root.join("events"))).await?;
        let names = |examples: &[Example]| -> Vec<String> {
            examples.iter().map(|example| example.name.clone()).collect()
        };
        if names(&examples) != names(&produced) {
            drift
                .faults
                .push(format!("{EXAMPLES} has not an example of each delivery: run `make schema`"));
        }
        for example in &examples {
            let now = produced.iter().find(|now| now.name == example.name);
            if let Some(now) = now.filter(|now| !now.is_like(example).unwrap_or_default()) {
                drift.faults.push(format!(
                    "{EXAMPLES}/{}.json is not what is delivered now; run `make schema`:\n{}",
                    example.name, now.text
                ));
            }
        }
        let Changes { breaking, reworded } = self.changes()?;
        drift.faults.extend(breaking);
        drift.notes.extend(reworded.into_iter().map(|member| {
            format!("{member} is described in other words than in the released schema: its form, unit and meaning must be the same")
        }));
        Ok(drift)
    }

    /// What has changed since the release.
    fn changes(&self) -> Result<Changes> {
        let name = released();
        let text = fs::read_to_string(self.root.join(&name)).with_context(|| {
            format!("{name}: the released schema of this version is missing; for a new version run `make schema-release`")
        })?;
        let old: Value = serde_json::from_str(&text).with_context(|| name.clone())?;
        Ok(compare(&old, &schema::bundle()))
    }

    /// The committed examples.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn examples(&self) -> Result<Vec<Example>> {
        Example::read(&self.root.join(EXAMPLES))
    }

    fn put(&self, name: &str, text: &str) -> Result<()> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| path.display().to_string())
    }
}

/// The file with the released schema of this version.
fn released() -> String {
    let version = CertificateEvent::SCHEMA.rsplit(':').next().unwrap_or_default();
    format!("{SCHEMAS}/released/certificate-event-{version}.json")
}

fn generated(examples: &[Example]) -> Result<Vec<(String, String)>> {
    let mut files = vec![(PAGE.to_owned(), page(examples)?)];
    for (name, value) in [
        ("certificate-event.json", schema::data()),
        ("certificate-event-message.json", schema::message()),
        ("envelope-message.json", schema::envelope()),
        ("asyncapi.json", asyncapi::document()),
    ] {
        files.push((format!("{SCHEMAS}/{name}"), json(&value)?));
    }
    Ok(files)
}

fn json(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// The folder of the repository, from which cargo runs what it built.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}
