use crate::events::{
    issued, later, observed, reconciled, repeated, revoked, unknown, validated, with_chain,
};
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
/// Index of [`ISSUED`] as CertCentral sends it once more.
const REPEATED: usize = 5;
/// Index of [`ISSUED`] as the reconciler finds it.
const RECONCILED: usize = 6;
/// Index of an event whose call-back fails for good.
pub const FAILED: usize = 7;
/// Index of [`FAILED`] as CertCentral sends it once more.
pub const FAILED_AGAIN: usize = 8;
/// Index of an event that came with a chain.
const WITH_CHAIN: usize = 9;
/// Index of the same event with another chain, later.
const OTHER_CHAIN: usize = 10;

/// Leaves of different certificates.
const CHAINS: [&str; 2] = [
    include_str!("../../../../shared/certificate/tests/fixtures/ec-p256.pem"),
    include_str!("../../../../shared/certificate/tests/fixtures/rsa.pem"),
];

/// Two copies of one message. There is one fault (a crash, a lost answer or a refusal) at any step, and
/// one outage of the provider before any call-back.
pub const COPIES: Bounds<'_> =
    Bounds { queue: &[ISSUED, ISSUED], workers: 2, faults: 1, outages: 1, ids: 1 };

/// Two unrelated events.
pub const TWO_EVENTS: Bounds<'_> = Bounds { queue: &[ISSUED, VALIDATED], ids: 2, ..COPIES };

/// Two events about the same certificates, each of which is delivered once.
pub const SAME_CERTIFICATES: Bounds<'_> =
    Bounds { queue: &[OBSERVED, OBSERVED_AGAIN], outages: 0, ids: 3, ..COPIES };

/// A revocation that may overtake the issuance of the same certificate.
pub const LIFECYCLE: Bounds<'_> =
    Bounds { queue: &[ISSUED, REVOKED], outages: 0, ids: 2, ..COPIES };

/// An event that the provider sends twice, and that the reconciler finds too: one event.
pub const REPEATS: Bounds<'_> =
    Bounds { queue: &[ISSUED, REPEATED, RECONCILED], outages: 0, ..COPIES };

/// An event whose call-back failed, and its repeat, of which the queue has a copy: two events.
pub const FAILED_REPEATS: Bounds<'_> =
    Bounds { queue: &[FAILED, FAILED_AGAIN, FAILED_AGAIN], outages: 0, ids: 2, ..COPIES };

/// The same id with two certificates, and nobody to decide: two events.
pub const CONFLICT: Bounds<'_> =
    Bounds { queue: &[WITH_CHAIN, OTHER_CHAIN], outages: 0, ids: 2, ..COPIES };

/// All of the above, with their names in the table of `make chaos`.
pub const SCENARIOS: [(&str, Bounds<'_>); 7] = [
    ("two copies", COPIES),
    ("two events", TWO_EVENTS),
    ("same certificates", SAME_CERTIFICATES),
    ("one lifecycle", LIFECYCLE),
    ("repeats", REPEATS),
    ("failed repeats", FAILED_REPEATS),
    ("conflict", CONFLICT),
];

/// The worker with the events of all scenarios.
pub fn machine() -> Machine {
    Machine::new(vec![
        issued("issued"),
        validated("validated"),
        observed("observed"),
        observed("observed-again"),
        revoked("revoked"),
        repeated("issued"),
        reconciled("issued"),
        unknown("unknown"),
        later(unknown("unknown")),
        with_chain("with-chain", CHAINS[0]),
        later(with_chain("with-chain", CHAINS[1])),
    ])
}
