use providers::api::Answer;
use providers::api::Request;
use providers::digicert::webhook::{
    self, Parameters, Refusal, SecretChange, Settings, Spelling, Webhook,
};

use super::access::Session;
use super::account::{Account, Trouble};
use super::args::{Create, Update};
use super::show;
use super::webhook_spec::{Wish, endpoint};
use crate::fault::{Fault, Outcome};
use crate::output::Output;

pub(super) async fn create(arguments: &Create) -> Outcome<()> {
    let endpoint = endpoint(&arguments.endpoint)?;
    let wish = Wish::of(&arguments.wishes, Output { json: arguments.access.common.json })?;
    one_standard_input(&[
        arguments.access.api_key_file.as_deref(),
        arguments.secret.secret_file.as_deref(),
    ])?;
    let session = Session::open(&arguments.access).await?;
    let secret = session.new_secret(&arguments.secret).await?;
    let parameters = Parameters {
        secret: secret.map_or(SecretChange::Leave, SecretChange::Set),
        events: wish.events,
        settings: wish.settings,
        ..Parameters::of(endpoint)
    };
    let change = Change { account: &session.account, parameters, spelling: wish.spelling };
    let id = change.create().await?;
    let webhook = change.settled(id).await?.taken()?;
    show::webhook(session.output, &webhook);
    show::next(session.output, &webhook);
    Ok(())
}

pub(super) async fn update(arguments: &Update) -> Outcome<()> {
    let moved = arguments.endpoint.as_deref().map(endpoint).transpose()?;
    let wish = Wish::of(&arguments.wishes, Output { json: arguments.of.access.common.json })?;
    one_standard_input(&[
        arguments.of.access.api_key_file.as_deref(),
        arguments.secret.secret_file.as_deref(),
    ])?;
    let session = Session::open(&arguments.of.access).await?;
    let secret = match session.new_secret(&arguments.secret).await? {
        Some(key) => SecretChange::Set(key),
        None if arguments.remove_secret => SecretChange::Remove,
        None if moved.is_none() && wish.is_empty() => {
            return Err(Fault::usage("nothing to change: name what shall (see --help)"));
        }
        None => SecretChange::Leave,
    };
    let now = session.account.webhook(arguments.of.webhook_id).await?;
    let parameters = Parameters {
        endpoint: moved.unwrap_or_else(|| now.endpoint.clone()),
        secret,
        events: wish.events,
        settings: wish.settings.over(&now.settings),
        spelling: Spelling::default(),
    };
    let change = Change { account: &session.account, parameters, spelling: wish.spelling };
    change.update(now.id).await?;
    let webhook = change.settled(now.id).await?.taken()?;
    show::webhook(session.output, &webhook);
    show::next(session.output, &webhook);
    Ok(())
}

/// Two secrets cannot come through one pipe.
fn one_standard_input(files: &[Option<&std::path::Path>]) -> Outcome<()> {
    let piped = files.iter().flatten().filter(|path| **path == std::path::Path::new("-")).count();
    if piped > 1 {
        return Err(Fault::usage("standard input can bring one secret, not two: name a file"));
    }
    Ok(())
}

/// A creation or an update, in whichever spelling of the settings CertCentral takes.
pub(super) struct Change<'a> {
    pub(super) account: &'a Account,
    pub(super) parameters: Parameters,
    /// `None`: the first one, and the other where the first is not taken.
    pub(super) spelling: Option<Spelling>,
}

/// How a webhook is after a change.
pub(super) struct Settled {
    pub(super) webhook: Webhook,
    /// Settings that CertCentral did not take, without having said so.
    pub(super) not_taken: Vec<&'static str>,
}

impl Change<'_> {
    /// The id of the new webhook.
    pub(super) async fn create(&self) -> Result<u64, Trouble> {
        self.send(webhook::create, webhook::classify_created).await
    }

    pub(super) async fn update(&self, id: u64) -> Result<(), Trouble> {
        self.send(|parameters| webhook::update(id, parameters), webhook::classify_done).await
    }

    /// Looks whether the settings are as asked, and if not sends them once more in the other
    /// spelling: the pages show two, and do not say that a wrong one is refused.
    pub(super) async fn settled(&self, id: u64) -> Outcome<Settled> {
        let settled = self.look(id).await?;
        if settled.not_taken.is_empty() || self.spelling.is_some() {
            return Ok(settled);
        }
        let again = Parameters {
            secret: SecretChange::Leave,
            events: None,
            spelling: Spelling::Boolean,
            ..self.parameters.clone()
        };
        match self.account.act(&webhook::update(id, &again)).await {
            Ok(()) | Err(Trouble::Refused(Refusal::Other { .. })) => self.look(id).await,
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn look(&self, id: u64) -> Outcome<Settled> {
        let webhook = self.account.webhook(Some(id)).await?;
        let not_taken = self.parameters.settings.missing_in(&webhook.settings);
        Ok(Settled { webhook, not_taken })
    }

    async fn send<T>(
        &self,
        request: impl Fn(&Parameters) -> Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Trouble> {
        let with = |spelling| request(&Parameters { spelling, ..self.parameters.clone() });
        let has_settings = self.parameters.settings != Settings::default();
        match self.account.call(&with(self.spelling.unwrap_or_default()), classify).await {
            Err(Trouble::Refused(Refusal::Other { status: 400, .. }))
                if has_settings && self.spelling.is_none() =>
            {
                self.account.call(&with(Spelling::Boolean), classify).await
            }
            outcome => outcome,
        }
    }
}

impl Settled {
    /// # Errors
    /// Names the settings that were asked for and are not there.
    pub(super) fn taken(self) -> Outcome<Webhook> {
        let Self { webhook, not_taken } = self;
        if not_taken.is_empty() {
            return Ok(webhook);
        }
        Err(Fault::failed(format!(
            "webhook {} is there, but CertCentral did not take {}: set it on the webhook page of \
             CertCentral",
            webhook.id,
            not_taken.join(", ")
        )))
    }
}
