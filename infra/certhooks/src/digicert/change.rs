use std::path::Path;

use providers::api::{Answer, Request};
use providers::digicert::admin::{
    self, FREQUENCIES, Parameters, SecretChange, Settings, Spelling, Webhook, frequency,
    is_event_name, is_known, nearest,
};
use providers::refusal::{Kind, Refusal};

use super::actions::{show_next, show_webhook};
use super::args::{Access, Create, NewSecret, Switch, Update, WebhookSpecArgs};
use super::session::Session;
use crate::client::{CallError, endpoint_url};
use crate::error::{CommandError, CommandResult};
use crate::output::Output;

pub(super) async fn create(access: &Access, arguments: &Create) -> CommandResult<()> {
    let endpoint = endpoint(&arguments.endpoint)?;
    let spec = WebhookSpec::of(&arguments.spec, access.output())?;
    check_standard_input(access, &arguments.secret)?;
    let session = Session::open(access).await?;
    let secret = session.new_secret(&arguments.secret).await?;
    let parameters = Parameters {
        secret: secret.map_or(SecretChange::Leave, SecretChange::Set),
        events: spec.events,
        settings: spec.settings,
        ..Parameters::of(endpoint)
    };
    let change = Change { session: &session, parameters };
    let id = change.create().await?;
    change.finish(id).await
}

pub(super) async fn update(access: &Access, arguments: &Update) -> CommandResult<()> {
    let new_endpoint = arguments.endpoint.as_deref().map(endpoint).transpose()?;
    let spec = WebhookSpec::of(&arguments.spec, access.output())?;
    check_standard_input(access, &arguments.secret)?;
    let session = Session::open(access).await?;
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
    let now = session.webhook(arguments.webhook.webhook_id).await?;
    let parameters = Parameters {
        endpoint: new_endpoint.unwrap_or_else(|| now.endpoint.clone()),
        secret,
        events: spec.events,
        settings: spec.settings.over(&now.settings),
        spelling: Spelling::default(),
    };
    let change = Change { session: &session, parameters };
    change.update(now.id).await?;
    change.finish(now.id).await
}

/// Refuses two secrets from standard input, which can hold only one.
fn check_standard_input(access: &Access, secret: &NewSecret) -> CommandResult<()> {
    let is_piped = |file: Option<&Path>| file == Some(Path::new("-"));
    if is_piped(access.api_key_file.as_deref()) && is_piped(secret.secret_file.as_deref()) {
        return Err(CommandError::usage(
            "standard input can hold one secret, not two; read one of them from a file",
        ));
    }
    Ok(())
}

/// A creation or an update, in whichever spelling of the settings CertCentral accepts.
pub(super) struct Change<'a> {
    pub(super) session: &'a Session,
    pub(super) parameters: Parameters,
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
        self.send(admin::create, admin::classify_created).await
    }

    pub(super) async fn update(&self, id: u64) -> Result<(), CallError> {
        self.send(|parameters| admin::update(id, parameters), admin::classify_done).await
    }

    /// Shows the webhook as it is now, and what to do next.
    async fn finish(&self, id: u64) -> CommandResult<()> {
        let webhook = self.confirmed(id).await?.complete()?;
        show_webhook(self.session.output, &webhook);
        show_next(self.session.output, &webhook);
        Ok(())
    }

    /// Reads whether the settings are as requested, and if not sends them once more in the other
    /// spelling: CertCentral's documentation shows two, and does not say that a wrong one is refused.
    pub(super) async fn confirmed(&self, id: u64) -> CommandResult<Changed> {
        let changed = self.read(id).await?;
        if changed.ignored_settings.is_empty() {
            return Ok(changed);
        }
        let respelled = Parameters {
            secret: SecretChange::Leave,
            events: None,
            spelling: Spelling::Boolean,
            ..self.parameters.clone()
        };
        match self.session.act(&admin::update(id, &respelled)).await {
            Err(error) if !is_unexplained(&error) => Err(error.into()),
            _ => self.read(id).await,
        }
    }

    async fn read(&self, id: u64) -> CommandResult<Changed> {
        let webhook = self.session.webhook(Some(id)).await?;
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
        match self.session.call(&with(Spelling::default()), classify).await {
            Err(CallError::Refused(Refusal { kind: Kind::Other, status: 400, .. }))
                if has_settings =>
            {
                self.session.call(&with(Spelling::Boolean), classify).await
            }
            outcome => outcome,
        }
    }
}

/// Whether CertCentral refused a call for a reason that is not documented.
fn is_unexplained(error: &CallError) -> bool {
    error.refusal().is_some_and(|refusal| refusal.kind == Kind::Other)
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

/// What a webhook is to send, checked before anything is sent to CertCentral.
pub(super) struct WebhookSpec {
    pub(super) events: Option<Vec<String>>,
    pub(super) settings: Settings,
}

impl WebhookSpec {
    pub(super) fn of(arguments: &WebhookSpecArgs, output: Output) -> CommandResult<Self> {
        let switch = |switch: Option<Switch>| switch.map(|switch| switch == Switch::On);
        let days = arguments.frequency.as_ref().map(|days| days.iter().map(|day| one_day(day)));
        let settings = Settings {
            instant_issue: switch(arguments.instant_issue),
            frequency: days.map(Iterator::collect).transpose()?,
            chain: switch(arguments.chain),
            instant_chain: switch(arguments.instant_chain),
        };
        for event in arguments.event.iter().flatten() {
            check_event(event, arguments.allow_unknown_event, output)?;
        }
        Ok(Self { events: arguments.event.clone(), settings })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.events.is_none() && self.settings == Settings::default()
    }
}

pub(super) fn endpoint(text: &str) -> CommandResult<String> {
    endpoint_url("--endpoint", text).map(String::from)
}

fn one_day(text: &str) -> CommandResult<i16> {
    frequency(text).ok_or_else(|| {
        let known = FREQUENCIES.map(|days| days.to_string()).join(", ");
        CommandError::usage(format!("--frequency {text}: must be one or more of {known} (days)"))
    })
}

fn check_event(event: &str, is_allowed: bool, output: Output) -> CommandResult<()> {
    if is_known(event) {
        return Ok(());
    }
    if !is_event_name(event) {
        return Err(CommandError::usage(format!(
            "--event {event:?}: not an event name; event names look like certificate_issued"
        )));
    }
    let nearest = nearest(event);
    let suggestion = nearest.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
    let unknown = format!("--event {event}: not a known event{suggestion}");
    if is_allowed {
        output.warn(&unknown);
        return Ok(());
    }
    Err(CommandError::usage(format!("{unknown} (use --allow-unknown-event to send it anyway)")))
}
