use std::collections::{BTreeMap, BTreeSet};

/// What was acknowledged beside what was delivered.
pub(crate) struct Compared {
    pub(crate) lost: u64,
    /// Delivered, and never acknowledged.
    pub(crate) unknown: u64,
    pub(crate) repeated: u64,
}

/// `delivered` tells how often which id was. A Meta search makes many events of one, which are named
/// after it: `ID/SHA-256`.
pub(crate) fn compare(accepted: &BTreeSet<String>, delivered: &BTreeMap<String, u64>) -> Compared {
    let stem = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let stems: BTreeSet<String> = delivered.keys().map(|id| stem(id)).collect();
    Compared {
        lost: accepted.difference(&stems).count() as u64,
        unknown: stems.difference(accepted).count() as u64,
        repeated: delivered.values().map(|count| count - 1).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_is_too_much() {
        let accepted = ["a", "b", "m"].map(str::to_owned).into();
        let delivered = [("a", 3), ("m/1", 1), ("m/2", 1), ("z", 1)];
        let delivered = delivered.map(|(id, count)| (id.to_owned(), count)).into();
        let Compared { lost, unknown, repeated } = compare(&accepted, &delivered);
        assert_eq!((lost, unknown, repeated), (1, 1, 2));
    }
}
