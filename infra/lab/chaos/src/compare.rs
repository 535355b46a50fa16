use std::collections::{BTreeMap, BTreeSet};

/// How what was delivered differs from what was acknowledged.
pub(crate) struct Comparison {
    pub(crate) lost: u64,
    /// The number of events that were delivered and never acknowledged.
    pub(crate) unknown: u64,
    pub(crate) repeated: u64,
}

/// Compares acknowledged ids with the number of deliveries of each id. A search at Meta makes several events
/// of one, with ids like `ID/SHA-256`.
pub(crate) fn compare(
    accepted: &BTreeSet<String>,
    delivered: &BTreeMap<String, u64>,
) -> Comparison {
    let stem = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let stems: BTreeSet<String> = delivered.keys().map(|id| stem(id)).collect();
    Comparison {
        lost: accepted.difference(&stems).count() as u64,
        unknown: stems.difference(accepted).count() as u64,
        repeated: delivered.values().map(|count| count - 1).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_unknown_and_repeated_events_are_counted() {
        let accepted = ["a", "b", "m"].map(str::to_owned).into();
        let delivered = [("a", 3), ("m/1", 1), ("m/2", 1), ("z", 1)];
        let delivered = delivered.map(|(id, count)| (id.to_owned(), count)).into();
        let Comparison { lost, unknown, repeated } = compare(&accepted, &delivered);
        assert_eq!((lost, unknown, repeated), (1, 1, 2));
    }
}
