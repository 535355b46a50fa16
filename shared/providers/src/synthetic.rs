use envelope::{Envelope, EventType, Provider};
use serde_json::Map;
use serde_json::value::RawValue;

use crate::envelope_builder::EnvelopeBuilder;
use crate::interpretation::{Interpretation, Plan};
use crate::json;
use crate::receiver::Receipt;

/// Followed by the provider whose door it took. No provider's events have it.
const SOURCE: &str = "/certhooks/canary/";
const EVENT: &str = "canary";

/// A synthetic event that goes the way of all others, through the door of `provider`, so that its
/// arrival shows that the way is open.
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

/// Whose door a canary took; `None` for any other event.
pub(crate) fn provider(envelope: &Envelope) -> Option<Provider> {
    let name = envelope.source.strip_prefix(SOURCE)?;
    Provider::ALL.iter().copied().find(|provider| provider.as_str() == name)
}

pub(crate) fn interpret(provider: Provider) -> Interpretation {
    Interpretation {
        provider,
        event: EVENT.to_owned(),
        kind: EventType::Canary,
        subject: format!("certhooks/canary/{provider}"),
        identifiers: Map::new(),
        plan: Plan::NotNeeded,
        problems: Vec::new(),
        dcv: None,
        certificates: Vec::new(),
        pem: None,
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::dispatch;

    #[test]
    fn it_is_read_as_what_it_is_and_nobody_else_sends_one() {
        let receipt = Receipt { at: OffsetDateTime::UNIX_EPOCH, traceparent: None };
        for provider in Provider::ALL {
            let canary = envelope(*provider, &receipt);
            let read = dispatch::interpret(&canary).unwrap();
            assert_eq!((read.provider, read.kind), (*provider, EventType::Canary));
            assert!(dispatch::challenge(&canary).is_none());
            assert_eq!((read.plan, read.subject), (Plan::NotNeeded, canary.subject));
        }
        let foreign = Envelope {
            source: "/digicert/certcentral".into(),
            ..envelope(Provider::Digicert, &receipt)
        };
        assert_eq!(dispatch::interpret(&foreign).unwrap().kind, EventType::Unrecognised);
        let nobody = Envelope { source: "/certhooks/canary/nobody".into(), ..foreign };
        assert!(dispatch::interpret(&nobody).is_none());
    }
}
