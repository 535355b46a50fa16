use crate::events::{issued, observed, revoked, validated};
use crate::machine::Machine;
use crate::search::Bounds;

/// Index in [`machine`]'s events of an event that needs a call-back.
pub const ISSUED: usize = 0;
/// Index of an event that is delivered without a call-back.
pub const VALIDATED: usize = 1;
/// Index of an event with three certificates, each of which becomes an event of its own.
const OBSERVED: usize = 2;
/// Index of another event about the same three certificates.
const OBSERVED_AGAIN: usize = 3;
/// Index of an event about the certificate of [`ISSUED`], later in its lifecycle.
pub const REVOKED: usize = 4;

/// Two copies of one message. There is one fault (a crash, a lost answer or a refusal) at any step, and
/// one outage of the provider before any call-back.
pub const COPIES: Bounds<'_> =
    Bounds { queue: &[ISSUED, ISSUED], workers: 2, faults: 1, outages: 1 };

/// Two unrelated events.
pub const TWO_EVENTS: Bounds<'_> = Bounds { queue: &[ISSUED, VALIDATED], ..COPIES };

/// Two events about the same certificates, each of which is delivered once.
pub const SAME_CERTIFICATES: Bounds<'_> =
    Bounds { queue: &[OBSERVED, OBSERVED_AGAIN], outages: 0, ..COPIES };

/// A revocation that may overtake the issuance of the same certificate.
pub const LIFECYCLE: Bounds<'_> = Bounds { queue: &[ISSUED, REVOKED], outages: 0, ..COPIES };

/// All of the above, with their names in the table of `make chaos`.
pub const SCENARIOS: [(&str, Bounds<'_>); 4] = [
    ("two copies", COPIES),
    ("two events", TWO_EVENTS),
    ("same certificates", SAME_CERTIFICATES),
    ("one lifecycle", LIFECYCLE),
];

/// The worker with the events of all scenarios.
pub fn machine() -> Machine {
    Machine::new(vec![
        issued("issued"),
        validated("validated"),
        observed("observed"),
        observed("observed-again"),
        revoked("revoked"),
    ])
}
