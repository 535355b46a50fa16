use envelope::{Outcome, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Call, Classification};

use crate::breaker::Breaker;
use crate::client::{Called, Endpoint};
use crate::enrichment::{CallContext, Resolved, Retry};
use crate::health::Health;
use crate::key::ApiKey;

/// One provider's API; without a key its call-back is `disabled`.
pub(crate) struct ProviderApi<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) key: Option<ApiKey<S>>,
    pub(crate) breaker: Breaker,
}

impl<S: SecretSource> ProviderApi<S> {
    pub(crate) fn is_disabled(&self) -> bool {
        self.key.is_none()
    }

    /// One question to the provider, to its end or to a later attempt.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        context: CallContext<'_>,
        classify: impl Fn(&Answer<'_>) -> Classification<T>,
    ) -> PortResult<Result<Resolved<T>, Retry>> {
        let Some(key) = &self.key else {
            return Ok(Ok(Resolved::Final(context.uncalled(Outcome::Disabled, None))));
        };
        let usable = key.current().await?;
        if key.is_replacement(usable.as_ref()).await {
            self.breaker.key_replaced();
        }
        let pass = match self.breaker.admit() {
            Ok(pass) => pass,
            Err(wait) => return Ok(context.hold(wait)),
        };
        let called = match &usable {
            Some(usable) => self.endpoint.call(call, usable, context.is_first(), classify).await,
            None => Called::Answered {
                classification: Classification::KeyRefused { reason: Reason::Unauthorized },
                status: None,
            },
        };
        let (classification, status) = match called {
            Called::Answered { classification, status } => (classification, status),
            Called::NoBudget(delay) => {
                self.breaker.give_back(pass);
                return Ok(Err(Retry::no_budget(delay)));
            }
        };
        if matches!(classification, Classification::KeyRefused { .. }) {
            key.refuse(usable).await;
        }
        self.breaker.report(pass, &context.envelope.id, Health::of(&classification, status));
        Ok(context.resolve(classification, status))
    }
}
