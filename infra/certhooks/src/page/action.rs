use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use maud::html;
use providers::profile;
use serde::Deserialize;

use crate::dead_letters;
use crate::error::{CommandError, CommandResult};
use crate::output::count;
use crate::page::Page;
use crate::page::guard::is_token;
use crate::page::layout::{ErrorView, View, text};
use crate::{queue, replay};

/// Something that can be done on the page, to what has this id.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    action: Action,
    id: String,
}

#[derive(Deserialize)]
pub(crate) struct Confirmed {
    action: Action,
    id: String,
    token: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Replay,
    Release,
    Retry,
    Drop,
    Sample,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Replay => "Replay",
            Self::Release => "Try now",
            Self::Retry => "Retry",
            Self::Drop => "Drop",
            Self::Sample => "Send",
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Release => "release",
            Self::Retry => "retry",
            Self::Drop => "drop",
            Self::Sample => "sample",
        }
    }

    /// What will happen.
    fn consequence(self) -> &'static str {
        match self {
            Self::Replay => {
                "The archived event is called back, checked and delivered once more, under an id of its own that \
                 says so. Every consumer gets it."
            }
            Self::Release => {
                "What waits becomes due at once. Where the cause is not gone, it waits again."
            }
            Self::Retry => {
                "The message goes back to its queue. An event that was delivered in the meantime is not delivered again."
            }
            Self::Drop => "The message is deleted for good. Nobody can bring it back.",
            Self::Sample => {
                "The sample is sent to the webhook endpoint as its provider would send it, with ids of its own."
            }
        }
    }
}

/// Asks whether to do it.
pub(crate) async fn ask(
    State(page): State<Arc<Page>>,
    Query(Wanted { action, id }): Query<Wanted>,
) -> View {
    if page.token.is_none() {
        return Err(read_only());
    }
    let body = html! {
        h1 { (action.name()) "?" }
        p.subject { (text(&id)) }
        p { (action.consequence()) }
        p.notice.warning data-locked {
            "This browser may only look. To act, open the page by the link that the command printed when it started."
        }
        form method="post" action="/do" {
            input type="hidden" name="action" value=(action.as_str());
            input type="hidden" name="id" value=(id);
            input type="hidden" name="token" data-token;
            button.primary disabled data-act { (action.name()) }
            " " a.button href="/" data-back { "Cancel" }
        }
    };
    Ok(page.view(action.name(), "", &body))
}

/// Does what was asked for and confirmed.
pub(crate) async fn run(
    State(page): State<Arc<Page>>,
    Form(Confirmed { action, id, token }): Form<Confirmed>,
) -> View {
    let own = page.token.as_ref().ok_or_else(read_only)?;
    if !is_token(&token, own) {
        return Err(ErrorView::new(
            StatusCode::FORBIDDEN,
            "This browser may only look. Open the page by the link that the command printed when it started.",
        ));
    }
    let outcome = Box::pin(page.act(action, &id)).await;
    page.now.clear().await;
    page.fleet.clear().await;
    let said = match &outcome {
        Ok(said) => said.clone(),
        Err(error) => error.message().to_owned(),
    };
    tracing::info!(action = action.as_str(), id, outcome = said, "done on the page");
    let class = if outcome.is_ok() { "notice ok" } else { "notice failed" };
    let body = html! {
        h1 { (action.name()) }
        p class=(class) role="status" { (text(&said)) }
        p { a href="/" { "Back to what happens now" } }
    };
    Ok(page.view(action.name(), "", &body))
}

fn read_only() -> ErrorView {
    ErrorView::new(StatusCode::FORBIDDEN, "This page was started with --read-only: it only shows.")
}

impl Page {
    /// Returns what was done.
    async fn act(&self, action: Action, id: &str) -> CommandResult<String> {
        let installation = &*self.installation;
        match action {
            Action::Replay => {
                let histories = installation.histories(vec![id.to_owned()]).await?;
                let entries = histories.iter().flat_map(|history| &history.entries);
                let received =
                    entries.filter(|entry| entry.id == id).map(|entry| entry.received).next();
                let place = (self.state.as_path(), &self.environment);
                let run = Box::pin(replay::one(installation, place, id, received)).await?;
                Ok(format!("Replayed and delivered, in the run {run}."))
            }
            Action::Release => {
                let of_provider = profile::ALL.iter().any(|row| row.name == id);
                let waiting = queue::waiting(installation).await?.unwrap_or_default();
                let numbers = waiting
                    .iter()
                    .filter(|event| match of_provider {
                        true => event.message.provider == id,
                        false => event.id() == Some(id),
                    })
                    .map(|event| event.message.number);
                match installation.release(numbers.collect()).await? {
                    0 => Err(CommandError::not_found("Nothing of it waits any more.")),
                    released => Ok(format!("{} due now", count(released, "event"))),
                }
            }
            Action::Retry => self.dead_letter(id, dead_letters::Action::Retry).await,
            Action::Drop => self.dead_letter(id, dead_letters::Action::Drop).await,
            Action::Sample => match &self.samples {
                Some(samples) => samples.send(id).await,
                None => {
                    Err(CommandError::usage("Samples are sent where --samples names their folder."))
                }
            },
        }
    }

    async fn dead_letter(
        &self,
        number: &str,
        action: dead_letters::Action,
    ) -> CommandResult<String> {
        let counts = dead_letters::one(&*self.installation, number, action).await?;
        match (counts.found, counts.done, counts.challenges) {
            (0, _, _) => Err(CommandError::not_found("It is no dead letter any more.")),
            (_, 0, 1..) => {
                Err(CommandError::failed("It is a challenge, whose token has expired: drop it."))
            }
            (_, 0, 0) => Err(CommandError::failed("It failed, and is still a dead letter.")),
            _ => Ok("Done: it is no dead letter any more.".to_owned()),
        }
    }
}
