use envelope::{Outcome, Reason};
use ports::{PortResult, SecretSource};
use providers::api::{Answer, Call, Classification};

use crate::breaker::Breaker;
use crate::client::{Called, Endpoint};
use crate::enrichment::{CallContext, Resolved, Retry};
use crate::health::Health;
use crate::key::ApiKey;

/// The API of one provider. Without a key its call-backs are `disabled`.
pub(crate) struct ProviderApi<S> {
    pub(crate) endpoint: Endpoint,
    pub(crate) key: Option<ApiKey<S>>,
    pub(crate) breaker: Breaker,
}

impl<S: SecretSource> ProviderApi<S> {
    pub(crate) fn is_disabled(&self) -> bool {
        self.key.is_none()
    }

    /// Makes one call, and either resolves it or says when to retry.
    pub(crate) async fn call<T>(
        &self,
        call: &Call,
        context: CallContext<'_>,
        classify: impl Fn(&Answer<'_>) -> Classification<T>,
    ) -> PortResult<Result<Resolved<T>, Retry>> {
        let Some(key) = &self.key else {
            return Ok(Ok(Resolved::Final(context.uncalled(Outcome::Disabled, None))));
        };
        let current = key.current().await?;
        if key.is_replacement(current.as_ref()).await {
            self.breaker.key_replaced();
        }
        let permit = match self.breaker.permit() {
            Ok(permit) => permit,
            Err(wait) => return Ok(context.hold(wait)),
        };
        let called = match &current {
            Some(current) => self.endpoint.call(call, current, context.is_first(), classify).await,
            None => Called::Answered {
                classification: Classification::KeyRefused { reason: Reason::Unauthorized },
                status: None,
            },
        };
        let (classification, status) = match called {
            Called::Answered { classification, status } => (classification, status),
            Called::RateLimited(delay) => {
                self.breaker.give_back(permit);
                return Ok(Err(Retry::rate_limit(delay)));
            }
        };
        if matches!(classification, Classification::KeyRefused { .. }) {
            key.refuse(current).await;
        }
        self.breaker.report(permit, &context.envelope.id, Health::of(&classification, status));
        Ok(context.resolve(classification, status))
    }
}
