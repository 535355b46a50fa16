use envelope::{Envelope, EventType, Provider};
use serde_json::value::RawValue;

use crate::envelope_builder::EnvelopeBuilder;
use crate::interpretation::Interpretation;
use crate::json;
use crate::receiver::Receipt;

/// Beginning of `source`, before the name of the provider whose endpoint received the event. No
/// provider's events have it.
const SOURCE: &str = "/certhooks/canary/";
const EVENT: &str = "canary";

/// A synthetic event that takes the same way as real ones, through the webhook endpoint of
/// `provider`. Its delivery shows that every step on the way works.
pub fn envelope(provider: Provider, receipt: &Receipt) -> Envelope {
    let kind = EventType::Canary.as_str();
    let builder = EnvelopeBuilder {
        id: json::id(&[kind, provider.as_str(), &envelope::rfc3339(receipt.at)]),
        source: format!("{SOURCE}{provider}"),
        kind: kind.to_owned(),
        time: None,
        data: RawValue::NULL.to_owned(),
    };
    builder.envelope(&interpret(provider).subject, receipt)
}

/// The name of the provider whose endpoint received a synthetic event, from its `source`. `None` for
/// any other event.
pub(crate) fn endpoint(source: &str) -> Option<&str> {
    source.strip_prefix(SOURCE)
}

/// Interprets a synthetic event.
pub(crate) fn interpret(provider: Provider) -> Interpretation {
    let subject = format!("certhooks/canary/{provider}");
    Interpretation::of(provider, EVENT, EventType::Canary, subject)
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::dispatch;
    use crate::interpretation::Plan;

    #[test]
    fn a_synthetic_event_is_recognised_by_its_source_only() {
        let receipt = Receipt { at: OffsetDateTime::UNIX_EPOCH, traceparent: None };
        for provider in Provider::ALL {
            let synthetic = envelope(*provider, &receipt);
            let interpretation = dispatch::interpret(&synthetic).unwrap();
            assert_eq!(
                (interpretation.provider, interpretation.kind),
                (*provider, EventType::Canary)
            );
            assert!(interpretation.challenge.is_none());
            assert_eq!(
                (interpretation.plan, interpretation.subject),
                (Plan::NotNeeded, synthetic.subject)
            );
        }
        let foreign = Envelope {
            source: "/digicert/certcentral".into(),
            ..envelope(Provider::DIGICERT, &receipt)
        };
        assert_eq!(dispatch::interpret(&foreign).unwrap().kind, EventType::Unrecognised);
        let unknown = Envelope { source: "/certhooks/canary/nobody".into(), ..foreign };
        assert!(dispatch::interpret(&unknown).is_none());
    }
}
