use providers::api::Answer;
use providers::api::Request;
use providers::digicert::webhook::{
    self, Parameters, Refusal, SecretChange, Settings, Spelling, Webhook,
};

use super::access::Session;
use super::account::{Account, CallError};
use super::args::{Create, Update};
use super::show;
use super::webhook_spec::{WebhookSpec, endpoint};
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

pub(super) async fn create(arguments: &Create) -> CommandResult<()> {
    let endpoint = endpoint(&arguments.endpoint)?;
    let spec = WebhookSpec::of(&arguments.spec, Output { json: arguments.access.common.json })?;
    check_standard_input(&[
        arguments.access.api_key_file.as_deref(),
        arguments.secret.secret_file.as_deref(),
    ])?;
    let session = Session::open(&arguments.access).await?;
    let secret = session.new_secret(&arguments.secret).await?;
    let parameters = Parameters {
        secret: secret.map_or(SecretChange::Leave, SecretChange::Set),
        events: spec.events,
        settings: spec.settings,
        ..Parameters::of(endpoint)
    };
    let change = Change { account: &session.account, parameters, spelling: spec.spelling };
    let id = change.create().await?;
    let webhook = change.confirmed(id).await?.complete()?;
    show::webhook(session.output, &webhook);
    show::next(session.output, &webhook);
    Ok(())
}

pub(super) async fn update(arguments: &Update) -> CommandResult<()> {
    let new_endpoint = arguments.endpoint.as_deref().map(endpoint).transpose()?;
    let spec =
        WebhookSpec::of(&arguments.spec, Output { json: arguments.webhook.access.common.json })?;
    check_standard_input(&[
        arguments.webhook.access.api_key_file.as_deref(),
        arguments.secret.secret_file.as_deref(),
    ])?;
    let session = Session::open(&arguments.webhook.access).await?;
    let secret = match session.new_secret(&arguments.secret).await? {
        Some(key) => SecretChange::Set(key),
        None if arguments.remove_secret => SecretChange::Remove,
        None if new_endpoint.is_none() && spec.is_empty() => {
            return Err(CommandError::usage(
                "nothing to change; name what to change with an option (see --help)",
            ));
        }
        None => SecretChange::Leave,
    };
    let now = session.account.webhook(arguments.webhook.webhook_id).await?;
    let parameters = Parameters {
        endpoint: new_endpoint.unwrap_or_else(|| now.endpoint.clone()),
        secret,
        events: spec.events,
        settings: spec.settings.over(&now.settings),
        spelling: Spelling::default(),
    };
    let change = Change { account: &session.account, parameters, spelling: spec.spelling };
    change.update(now.id).await?;
    let webhook = change.confirmed(now.id).await?.complete()?;
    show::webhook(session.output, &webhook);
    show::next(session.output, &webhook);
    Ok(())
}

/// Refuses two secrets from standard input, which can hold only one.
fn check_standard_input(files: &[Option<&std::path::Path>]) -> CommandResult<()> {
    let piped = files.iter().flatten().filter(|path| **path == std::path::Path::new("-")).count();
    if piped > 1 {
        return Err(CommandError::usage(
            "standard input can hold one secret, not two; read one of them from a file",
        ));
    }
    Ok(())
}

/// A creation or an update, in whichever spelling of the settings CertCentral accepts.
pub(super) struct Change<'a> {
    pub(super) account: &'a Account,
    pub(super) parameters: Parameters,
    /// `None` for the first spelling, and the other where CertCentral refuses it.
    pub(super) spelling: Option<Spelling>,
}

/// A webhook as it is after a change.
pub(super) struct Changed {
    pub(super) webhook: Webhook,
    /// Settings that CertCentral ignored without an error.
    pub(super) ignored_settings: Vec<&'static str>,
}

impl Change<'_> {
    /// Creates the webhook, and returns its id.
    pub(super) async fn create(&self) -> Result<u64, CallError> {
        self.send(webhook::create, webhook::classify_created).await
    }

    pub(super) async fn update(&self, id: u64) -> Result<(), CallError> {
        self.send(|parameters| webhook::update(id, parameters), webhook::classify_done).await
    }

    /// Reads whether the settings are as requested, and if not sends them once more in the other
    /// spelling: CertCentral's documentation shows two, and does not say that a wrong one is refused.
    pub(super) async fn confirmed(&self, id: u64) -> CommandResult<Changed> {
        let changed = self.read(id).await?;
        if changed.ignored_settings.is_empty() || self.spelling.is_some() {
            return Ok(changed);
        }
        let respelled = Parameters {
            secret: SecretChange::Leave,
            events: None,
            spelling: Spelling::Boolean,
            ..self.parameters.clone()
        };
        match self.account.act(&webhook::update(id, &respelled)).await {
            Ok(()) | Err(CallError::Refused(Refusal::Other { .. })) => self.read(id).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn read(&self, id: u64) -> CommandResult<Changed> {
        let webhook = self.account.webhook(Some(id)).await?;
        let ignored_settings = self.parameters.settings.missing_in(&webhook.settings);
        Ok(Changed { webhook, ignored_settings })
    }

    async fn send<T>(
        &self,
        request: impl Fn(&Parameters) -> Request,
        classify: fn(&Answer<'_>) -> Result<T, Refusal>,
    ) -> Result<T, CallError> {
        let with = |spelling| request(&Parameters { spelling, ..self.parameters.clone() });
        let has_settings = self.parameters.settings != Settings::default();
        match self.account.call(&with(self.spelling.unwrap_or_default()), classify).await {
            Err(CallError::Refused(Refusal::Other { status: 400, .. }))
                if has_settings && self.spelling.is_none() =>
            {
                self.account.call(&with(Spelling::Boolean), classify).await
            }
            outcome => outcome,
        }
    }
}

impl Changed {
    /// # Errors
    /// CertCentral ignored some of the requested settings; the error names them.
    pub(super) fn complete(self) -> CommandResult<Webhook> {
        let Self { webhook, ignored_settings } = self;
        if ignored_settings.is_empty() {
            return Ok(webhook);
        }
        Err(CommandError::failed(format!(
            "webhook {} exists, but CertCentral ignored {}; set it on the webhook page of \
             CertCentral",
            webhook.id,
            ignored_settings.join(", ")
        )))
    }
}
