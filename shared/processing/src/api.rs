use envelope::{Outcome, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Call, Verdict};

use crate::asking::{Asking, Later, Settled};
use crate::breaker::Breaker;
use crate::client::{Called, Endpoint};
use crate::health::Health;
use crate::key::ApiKey;

/// One provider's API; without a key its call-back is `disabled`.
pub(crate) struct Api<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) key: Option<ApiKey<S>>,
    pub(crate) breaker: Breaker,
}

impl<S: SecretSource> Api<S> {
    pub(crate) fn is_disabled(&self) -> bool {
        self.key.is_none()
    }

    /// One question to the provider, to its end or to a later attempt.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        asking: Asking<'_>,
        judge: impl Fn(&Answer<'_>) -> Verdict<T>,
    ) -> PortResult<Result<Settled<T>, Later>> {
        let Some(key) = &self.key else {
            return Ok(Ok(Settled::Final(asking.uncalled(Outcome::Disabled, None))));
        };
        let usable = key.current().await?;
        if key.is_replacement(usable.as_ref()).await {
            self.breaker.key_replaced();
        }
        let pass = match self.breaker.admit() {
            Ok(pass) => pass,
            Err(wait) => return Ok(asking.hold(wait)),
        };
        let called = match &usable {
            Some(usable) => self.endpoint.call(call, usable, asking.is_first(), judge).await,
            None => Called::Answered {
                verdict: Verdict::KeyRefused { reason: Reason::Unauthorized },
                status: None,
            },
        };
        let (verdict, status) = match called {
            Called::Answered { verdict, status } => (verdict, status),
            Called::NoBudget(delay) => {
                self.breaker.give_back(pass);
                return Ok(Err(Later::no_budget(delay)));
            }
        };
        if matches!(verdict, Verdict::KeyRefused { .. }) {
            key.refuse(usable).await;
        }
        self.breaker.report(pass, &asking.envelope.id, Health::of(&verdict, status));
        Ok(asking.settle(verdict, status))
    }
}
