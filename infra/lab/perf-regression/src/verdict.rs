use crate::Blessed;

/// Growth up to this is no failure.
const MARGIN_PERCENT: u64 = 5;

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    Within,
    /// Smaller by more than the margin: worth blessing, so that it stays.
    Better,
    Grown,
    /// Never blessed.
    Unknown,
}

/// What `found` instructions of a function are, beside the blessed ones.
pub fn judge(blessed: &Blessed, function: &str, found: u64) -> Verdict {
    let Some(&agreed) = blessed.functions.get(function) else { return Verdict::Unknown };
    let margin = agreed * MARGIN_PERCENT / 100;
    if found > agreed + margin {
        Verdict::Grown
    } else if found < agreed - margin {
        Verdict::Better
    } else {
        Verdict::Within
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use crate::{Blessed, Tools};

    #[test]
    fn five_per_cent() {
        let tools =
            Tools { rustc: String::new(), valgrind: String::new(), processor: String::new() };
        let blessed = Blessed { tools, functions: [("f".to_owned(), 1_000_000)].into() };
        for (function, found, verdict) in [
            ("f", 1_000_000, Verdict::Within),
            ("f", 1_050_000, Verdict::Within),
            ("f", 1_050_001, Verdict::Grown),
            ("f", 950_000, Verdict::Within),
            ("f", 949_999, Verdict::Better),
            ("g", 1, Verdict::Unknown),
        ] {
            assert_eq!(judge(&blessed, function, found), verdict, "{function} {found}");
        }
    }
}
