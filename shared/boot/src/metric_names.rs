use metrics::{Unit, describe_counter, describe_histogram};

/// The counters of functions and `certhooks local`, with what they count.
const COUNTERS: [(&str, &str); 23] = [
    ("Accepted", "Events that were put on the events queue, by provider"),
    ("Breaker", "Changes of a circuit breaker, by provider and new state"),
    ("Callback", "Ends of call-backs, by provider and outcome"),
    ("ColdStart", "Starts of a function, by function"),
    ("Conflicts", "Repeats with another certificate than was delivered, by provider"),
    ("DayKnown", "Events of the last whole day in a provider's records that the ledger knows"),
    ("DayMissing", "Events of the last whole day that have not arrived"),
    ("DayRecovered", "Events of the last whole day that a reconciliation put on the events queue"),
    ("DaySent", "Events of the last whole day in a provider's records"),
    ("Delivered", "Certificate events that were delivered, by provider and outcome"),
    ("Duplicates", "Events that were delivered before, by provider"),
    ("Held", "Events that wait because their provider is down, by provider"),
    ("KeyRefused", "Events whose API key was refused or cannot be used, by provider"),
    ("Known", "Events in a provider's records that the ledger knows"),
    ("NonCurrentSecretUsed", "Requests with another than the current webhook secret, by provider"),
    ("NotSent", "Events that a provider did not try to send"),
    ("Reconciled", "Complete reconciliations"),
    ("Recovered", "Events that a reconciliation put on the events queue"),
    ("Refused", "Requests that were refused, by provider and reason"),
    ("Seen", "Events in a provider's records"),
    ("Stale", "Events that are older than the state of their certificate, by provider"),
    ("StillMissing", "Events that a reconciliation has recovered and that have not arrived"),
    ("UnexpectedCertificates", "Certificates in the logs that nobody announced, by provider"),
];

/// Their histograms, in milliseconds, with what they measure.
const DURATIONS: [(&str, &str); 5] = [
    ("Age", "Milliseconds from receipt to delivery, by provider"),
    ("CallbackDuration", "Milliseconds that call-backs took, by provider"),
    ("CanaryAge", "Milliseconds since the last synthetic event arrived"),
    ("CanaryLatency", "Milliseconds that a synthetic event was on its way"),
    ("WaitingAge", "Milliseconds since the receipt of an event that goes back to the queue"),
];

/// Gives the recorder the unit of each metric, and what it means.
pub fn describe_metrics() {
    for (name, help) in COUNTERS {
        describe_counter!(name, Unit::Count, help);
    }
    for (name, help) in DURATIONS {
        describe_histogram!(name, Unit::Milliseconds, help);
    }
}
