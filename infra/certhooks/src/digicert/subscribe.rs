use std::time::Duration;

use ports::WaitingChallenge;
use providers::digicert::admin::{
    self, INVALID_ACTION, INVALID_TOKEN, Parameters, SecretChange, Settings, Spelling, Status,
    Webhook,
};
use providers::digicert::{DEFAULT_EVENTS, DigicertReceiver};
use providers::sent_secret::SentSecret;
use tokio::time::Instant;

use super::args::{Access, Subscribe};
use super::challenge::{arriving_token, not_arrived};
use super::change::{Change, WebhookSpec, endpoint};
use super::session::{PROVIDER, Session, waiting_token};
use crate::client::{CallError, about_endpoint};
use crate::credentials::usable;
use crate::error::{CommandError, CommandResult};
use crate::installation::Installation;
use crate::output::Output;

/// Interval between two checks whether the worker completed the challenge (`DIGICERT_AUTO_VERIFY`).
const STATUS_INTERVAL: Duration = Duration::from_secs(2);

/// The steps of a subscription. Each checks first whether it was already done.
struct SubscriptionPlan<'a> {
    session: &'a Session,
    installation: Box<dyn Installation>,
    endpoint: String,
    key: SentSecret,
    spec: WebhookSpec,
    output: Output,
    wait_seconds: u64,
}

pub(super) async fn run(access: &Access, arguments: &Subscribe) -> CommandResult<()> {
    let named = arguments.endpoint.endpoint.as_deref();
    named.map(endpoint).transpose()?;
    let spec = WebhookSpec::of(&arguments.spec, access.output())?;
    let session = Session::open(access).await?;
    let installation = session.installation(&arguments.endpoint.stack).await?;
    if !installation.is_stack() {
        // A state folder that does not exist is found out before anything is changed.
        installation.challenges().await?;
    }
    let endpoint = endpoint(&installation.endpoint_or(named, PROVIDER)?)?;
    let key = installation.current_secret(PROVIDER).await?;
    let plan = SubscriptionPlan {
        session: &session,
        key: usable::<DigicertReceiver>("the webhook secret", &key)?,
        installation,
        endpoint,
        spec,
        output: session.output,
        wait_seconds: arguments.wait,
    };
    let webhook = Box::pin(plan.create_or_update()).await?;
    plan.ensure_active(&webhook).await?;
    plan.final_test().await
}

impl SubscriptionPlan<'_> {
    /// Creates the webhook, or gives it the endpoint, the key and at least the events of the plan.
    async fn create_or_update(&self) -> CommandResult<Webhook> {
        let found = self.session.find(None).await?;
        let Some((parameters, changes)) = self.needed(found.as_ref()) else {
            let webhook = found.ok_or_else(|| admin::no_webhook(None))?;
            self.output.step("webhook", "already", &named(&webhook));
            return Ok(webhook);
        };
        // The test comes first, so that nothing changes at CertCentral where the webhook endpoint would
        // refuse every event.
        self.test().await.map_err(|error| error.followed_by("nothing was changed"))?;
        self.output.step("endpoint", "done", "it accepted a test event with its key");
        let change = Change { session: self.session, parameters };
        let id = match &found {
            Some(webhook) => {
                change.update(webhook.id).await?;
                webhook.id
            }
            None => change.create().await?,
        };
        let changed = change.confirmed(id).await?;
        for setting in changed.ignored_settings {
            self.output.warn(&format!(
                "CertCentral ignored {setting}; set it on the webhook page of CertCentral"
            ));
        }
        let outcome = if found.is_some() { "updated" } else { "created" };
        let detail = format!("{}{changes}", named(&changed.webhook));
        self.output.step("webhook", outcome, &detail);
        Ok(changed.webhook)
    }

    /// The parameters that bring `found` up to date, and a text of the changes; `None` when it is.
    fn needed(&self, found: Option<&Webhook>) -> Option<(Parameters, String)> {
        let settings = self.settings();
        let parameters = |secret, events, settings| Parameters {
            endpoint: self.endpoint.clone(),
            secret,
            events,
            settings,
            spelling: Spelling::default(),
        };
        let Some(existing) = found else {
            let secret = SecretChange::Set(self.key.clone());
            return Some((parameters(secret, Some(self.events(&[])), settings), String::new()));
        };
        let has_key = existing.secret.as_ref().is_some_and(|key| key.matches(&self.key));
        let secret =
            if has_key { SecretChange::Leave } else { SecretChange::Set(self.key.clone()) };
        let all = self.events(&existing.events);
        let added = all.len() - existing.events.len();
        let missing = settings.missing_in(&existing.settings);
        let is_moved = existing.endpoint != self.endpoint;
        let changes = [
            is_moved.then(|| format!("endpoint (it was {})", existing.endpoint)),
            (!has_key).then(|| "secret".to_owned()),
            (added > 0).then(|| format!("{added} more events")),
            (!missing.is_empty()).then(|| missing.join(", ")),
        ];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        let settings = if missing.is_empty() { Settings::default() } else { settings };
        let needed =
            parameters(secret, (added > 0).then_some(all), settings.over(&existing.settings));
        (!changes.is_empty()).then(|| (needed, format!("; changed: {}", changes.join(", "))))
    }

    /// The existing events, and those of the plan that are missing.
    fn events(&self, existing: &[String]) -> Vec<String> {
        let default = || DEFAULT_EVENTS.iter().map(|event| (*event).to_owned()).collect();
        let wanted = self.spec.events.clone().unwrap_or_else(default);
        let missing = wanted.into_iter().filter(|event| !existing.contains(event));
        existing.iter().cloned().chain(missing).collect()
    }

    /// The settings of the plan: instant issuance and both chains, unless an option says otherwise.
    fn settings(&self) -> Settings {
        let spec = &self.spec.settings;
        Settings {
            instant_issue: spec.instant_issue.or(Some(true)),
            frequency: spec.frequency.clone(),
            chain: spec.chain.or(Some(true)),
            instant_chain: spec.instant_chain.or(Some(true)),
        }
    }

    async fn ensure_active(&self, webhook: &Webhook) -> CommandResult<()> {
        if webhook.status == Status::Active {
            self.output.step("challenge", "already", "");
            self.output.step("activate", "already", "");
            return Ok(());
        }
        // An inactive webhook was verified before; if not, CertCentral refuses to activate it.
        if webhook.status != Status::Pending && self.activate(webhook.id).await? {
            return Ok(());
        }
        self.verify(webhook.id).await?;
        if self.activate(webhook.id).await? { Ok(()) } else { Err(admin::not_verified().into()) }
    }

    /// Activates the webhook; false when it is not verified.
    async fn activate(&self, id: u64) -> CommandResult<bool> {
        match self.session.act(&admin::activate(id)).await {
            Ok(()) => {
                self.output.step("activate", "done", "");
                Ok(true)
            }
            Err(error) if error.is(INVALID_ACTION) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn verify(&self, id: u64) -> CommandResult<()> {
        let before = waiting_token(&*self.installation, id).await?;
        if let Some(token) = &before
            && self.check(id, token).await?
        {
            self.output.step("verify", "done", "with the token that was waiting");
            return Ok(());
        }
        self.session.act(&admin::send_challenge(id)).await?;
        self.output.step("challenge", "sent", "");
        let Some(token) = self.token(id, before.as_ref()).await? else {
            self.output.step("verify", "already", "the worker completed the challenge");
            return Ok(());
        };
        self.output.step("token", "arrived", "");
        // A token that was used is refused: the worker may have been faster.
        let outcome = if self.check(id, &token).await? { "done" } else { "already" };
        self.output.step("verify", outcome, "");
        Ok(())
    }

    /// Waits for the token; `None` when the worker has completed the challenge.
    async fn token(
        &self,
        id: u64,
        before: Option<&WaitingChallenge>,
    ) -> CommandResult<Option<WaitingChallenge>> {
        let deadline = Instant::now() + Duration::from_secs(self.wait_seconds);
        loop {
            let until = deadline.min(Instant::now() + STATUS_INTERVAL);
            if let Some(token) = arriving_token(&*self.installation, id, before, until).await? {
                return Ok(Some(token));
            }
            if self.session.webhook(Some(id)).await?.status != Status::Pending {
                return Ok(None);
            }
            if Instant::now() >= deadline {
                return Err(not_arrived(&*self.installation, self.wait_seconds));
            }
        }
    }

    /// Sends the token to CertCentral; false when it is refused.
    async fn check(&self, id: u64, token: &WaitingChallenge) -> CommandResult<bool> {
        match self.session.act(&admin::check_challenge(id, &token.token)).await {
            Ok(()) => Ok(true),
            Err(error) if error.is(INVALID_TOKEN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn final_test(&self) -> CommandResult<()> {
        self.test().await?;
        self.output.step("test", "done", "the endpoint accepted a test event with its key");
        Ok(())
    }

    async fn test(&self) -> CommandResult<()> {
        let request = admin::test_endpoint(&self.endpoint, Some(&self.key));
        let tested: Result<(), CallError> = self.session.act(&request).await;
        tested.map_err(|error| {
            about_endpoint(CommandError::from(error).during("test event"), PROVIDER, &self.endpoint)
        })
    }
}

fn named(webhook: &Webhook) -> String {
    format!("{} {}", webhook.id, webhook.endpoint)
}
