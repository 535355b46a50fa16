use std::time::Duration;

use embedded::WaitingChallenge;
use providers::digicert::DEFAULT_EVENTS;
use providers::digicert::webhook::{
    self, Endpoint, Key, Parameters, Refusal, SecretChange, Settings, Spelling, Status, Webhook,
};
use tokio::time::Instant;

use super::access::Session;
use super::account::{Account, Trouble};
use super::challenge::not_arrived;
use super::change::Change;
use super::home::Home;
use super::wish::{Wish, endpoint};
use super::words::Subscribe;
use crate::fault::{Fault, Outcome};
use crate::output::Output;

/// Between two looks whether the worker completed the challenge by itself (`DIGICERT_AUTO_VERIFY`).
const LOOK: Duration = Duration::from_secs(2);

/// The way of a subscription. Every step looks first whether it was done.
struct Way<'a> {
    account: &'a Account,
    home: Home<'a>,
    endpoint: Endpoint,
    key: Key,
    wish: Wish,
    output: Output,
    /// Seconds to wait for the token.
    wait: u64,
}

pub(super) async fn run(arguments: &Subscribe) -> Outcome<()> {
    let output = Output { json: arguments.access.common.json };
    let named = arguments.endpoint.as_deref().map(endpoint).transpose()?;
    let wish = Wish::of(&arguments.wishes, output)?;
    let session = Session::open(&arguments.access).await?;
    let home = Home::open(&session, &arguments.here).await?;
    let endpoint = match named {
        Some(endpoint) => endpoint,
        None => home.endpoint()?,
    };
    let key = home.key().await?;
    let account = &session.account;
    let way = Way { account, home, endpoint, key, wish, output, wait: arguments.wait };
    let webhook = Box::pin(way.webhook()).await?;
    way.active(&webhook).await?;
    way.proved().await
}

impl Way<'_> {
    /// The webhook, with our endpoint, our key, and at least what shall be sent.
    async fn webhook(&self) -> Outcome<Webhook> {
        let found = self.account.find(None).await?;
        let Some((parameters, changes)) = self.needed(found.as_ref()) else {
            let webhook = found.ok_or(Refusal::NoWebhookInAccount)?;
            self.output.step("webhook", "already", &named(&webhook));
            return Ok(webhook);
        };
        // First of all, so that a door that would refuse every event changes nothing at CertCentral.
        self.test().await.map_err(|fault| fault.then("nothing was changed"))?;
        self.output.step("door", "done", "it takes a test event with its key");
        let change = Change { account: self.account, parameters, spelling: self.wish.spelling };
        let id = match &found {
            Some(webhook) => {
                change.update(webhook.id).await?;
                webhook.id
            }
            None => change.create().await?,
        };
        let settled = change.settled(id).await?;
        for setting in settled.not_taken {
            self.output.warn(&format!("CertCentral did not take {setting}"));
        }
        let outcome = if found.is_some() { "updated" } else { "created" };
        let detail = format!("{}{changes}", named(&settled.webhook));
        self.output.step("webhook", outcome, &detail);
        Ok(settled.webhook)
    }

    /// What must be sent to make `found` as it shall be, and that in words; nothing when it is.
    fn needed(&self, found: Option<&Webhook>) -> Option<(Parameters, String)> {
        let settings = self.settings();
        let parameters = |secret, events, settings| Parameters {
            endpoint: self.endpoint.clone(),
            secret,
            events,
            settings,
            spelling: Spelling::default(),
        };
        let Some(there) = found else {
            let secret = SecretChange::Set(self.key.clone());
            return Some((parameters(secret, Some(self.events(&[])), settings), String::new()));
        };
        let has_key = there.secret.as_ref().is_some_and(|key| key.matches(&self.key));
        let secret =
            if has_key { SecretChange::Leave } else { SecretChange::Set(self.key.clone()) };
        let all = self.events(&there.events);
        let added = all.len() - there.events.len();
        let missing = settings.missing_in(&there.settings);
        let has_moved = there.endpoint != self.endpoint;
        let changes = [
            has_moved.then(|| format!("endpoint (it was {})", there.endpoint.as_str())),
            (!has_key).then(|| "secret".to_owned()),
            (added > 0).then(|| format!("{added} more events")),
            (!missing.is_empty()).then(|| missing.join(", ")),
        ];
        let changes: Vec<_> = changes.into_iter().flatten().collect();
        let settings = if missing.is_empty() { Settings::default() } else { settings };
        let needed = parameters(secret, (added > 0).then_some(all), settings.over(&there.settings));
        (!changes.is_empty()).then(|| (needed, format!("; changed: {}", changes.join(", "))))
    }

    /// Those that are there, and what is missing of the wanted ones.
    fn events(&self, there: &[String]) -> Vec<String> {
        let default = || DEFAULT_EVENTS.iter().map(|event| (*event).to_owned()).collect();
        let wanted = self.wish.events.clone().unwrap_or_else(default);
        let missing = wanted.into_iter().filter(|event| !there.contains(event));
        there.iter().cloned().chain(missing).collect()
    }

    /// Instant issuance and both chains, unless told otherwise.
    fn settings(&self) -> Settings {
        let wish = &self.wish.settings;
        Settings {
            instant_issue: wish.instant_issue.or(Some(true)),
            frequency: wish.frequency.clone(),
            chain: wish.chain.or(Some(true)),
            instant_chain: wish.instant_chain.or(Some(true)),
        }
    }

    async fn active(&self, webhook: &Webhook) -> Outcome<()> {
        if webhook.status == Status::Active {
            self.output.step("challenge", "already", "");
            self.output.step("activate", "already", "");
            return Ok(());
        }
        // One that is inactive was verified before; CertCentral says so if not.
        if webhook.status != Status::Pending && self.activate(webhook.id).await? {
            return Ok(());
        }
        self.verified(webhook.id).await?;
        if self.activate(webhook.id).await? { Ok(()) } else { Err(Refusal::InvalidAction.into()) }
    }

    /// Whether it could be activated: not when it is not verified.
    async fn activate(&self, id: u64) -> Outcome<bool> {
        match self.account.act(&webhook::activate(id)).await {
            Ok(()) => {
                self.output.step("activate", "done", "");
                Ok(true)
            }
            Err(trouble) if trouble.is(&Refusal::InvalidAction) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn verified(&self, id: u64) -> Outcome<()> {
        let before = self.home.waiting(id).await?;
        if let Some(token) = &before
            && self.check(id, token).await?
        {
            self.output.step("verify", "done", "with the token that waited");
            return Ok(());
        }
        self.account.act(&webhook::send_challenge(id)).await?;
        self.output.step("challenge", "sent", "");
        let Some(token) = self.token(id, before.as_ref()).await? else {
            self.output.step("verify", "already", "the worker did it");
            return Ok(());
        };
        self.output.step("token", "arrived", "");
        // Refused once it was used: the worker may have been faster.
        let outcome = if self.check(id, &token).await? { "done" } else { "already" };
        self.output.step("verify", outcome, "");
        Ok(())
    }

    /// The token as it arrives; nothing when the webhook is verified without us.
    async fn token(
        &self,
        id: u64,
        before: Option<&WaitingChallenge>,
    ) -> Outcome<Option<WaitingChallenge>> {
        let end = Instant::now() + Duration::from_secs(self.wait);
        loop {
            let until = end.min(Instant::now() + LOOK);
            if let Some(token) = self.home.arriving(id, before, until).await? {
                return Ok(Some(token));
            }
            if self.account.webhook(Some(id)).await?.status != Status::Pending {
                return Ok(None);
            }
            if Instant::now() >= end {
                return Err(not_arrived(&self.home, self.wait));
            }
        }
    }

    /// Whether CertCentral takes the token.
    async fn check(&self, id: u64, token: &WaitingChallenge) -> Outcome<bool> {
        match self.account.act(&webhook::check_challenge(id, &token.token)).await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.is(&Refusal::InvalidToken) => Ok(false),
            Err(trouble) => Err(trouble.into()),
        }
    }

    async fn proved(&self) -> Outcome<()> {
        self.test().await?;
        self.output.step("test", "done", "the door took a test event with its key");
        Ok(())
    }

    async fn test(&self) -> Outcome<()> {
        let request = webhook::test_endpoint(&self.endpoint, Some(&self.key));
        let tested: Result<(), Trouble> = self.account.act(&request).await;
        tested.map_err(|trouble| Fault::from(trouble).during("test event"))
    }
}

fn named(webhook: &Webhook) -> String {
    format!("{} {}", webhook.id, webhook.endpoint.as_str())
}
