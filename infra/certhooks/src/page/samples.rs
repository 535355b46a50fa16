use std::path::PathBuf;

use embedded::LocalSecrets;
use maud::{Markup, html};
use processing::http;
use reqwest::Url;
use time::OffsetDateTime;

use crate::error::{CommandError, CommandResult};
use crate::local::event_files;
use crate::send::{Sample, TIMEOUT};

/// The sample events that can be sent to a simulated installation.
pub(crate) struct Samples {
    /// The events by the end of their paths.
    files: Vec<(String, PathBuf)>,
    secrets: LocalSecrets,
    to: Url,
}

impl Samples {
    /// The events below `folder`, for the webhook endpoints at `to`.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn of(
        folder: &std::path::Path,
        secrets: LocalSecrets,
        to: Url,
    ) -> anyhow::Result<Self> {
        let name = |file: &PathBuf| file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let files = event_files(folder)?.into_iter().map(|file| (name(&file), file)).collect();
        Ok(Self { files, secrets, to })
    }

    /// Chooses one to send.
    pub(crate) fn form(&self) -> Markup {
        html! {
            form.search action="/ask" {
                input type="hidden" name="action" value="sample";
                label { "Sample event "
                    select name="id" { @for (name, _) in &self.files { option value=(name) { (name) } } }
                }
                button { "Send" }
            }
        }
    }

    /// Sends one with ids that no other event has.
    pub(crate) async fn send(&self, name: &str) -> CommandResult<String> {
        let file = self.files.iter().find(|(known, _)| known == name);
        let (_, file) = file.ok_or_else(|| CommandError::not_found("There is no such sample."))?;
        let sample = Sample::read(file, None, &self.secrets).await?;
        let client = http::client(TIMEOUT, &self.to)?;
        let copy = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000;
        let copy = u64::try_from(copy).unwrap_or_default();
        let answer = sample.send(&client, &self.to, copy).await?;
        match answer.is_accepted() {
            true => Ok(format!("Sent; the webhook endpoint answered {}.", answer.status)),
            false => Err(CommandError::failed(format!(
                "The webhook endpoint refused it with {}.",
                answer.status
            ))),
        }
    }
}
