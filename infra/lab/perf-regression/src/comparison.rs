use crate::Baseline;

/// Growth up to this many per cent passes.
const MARGIN_PERCENT: u64 = 5;

/// How the count of a function compares with the baseline.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Comparison {
    WithinMargin,
    /// The count fell by more than the margin. A new baseline keeps the gain.
    Improved,
    Regressed,
    /// The baseline has no count of this function.
    NotInBaseline,
}

/// Compares the measured `instructions` of `function` with the baseline.
pub fn compare(baseline: &Baseline, function: &str, instructions: u64) -> Comparison {
    let Some(&expected) = baseline.functions.get(function) else {
        return Comparison::NotInBaseline;
    };
    let margin = expected * MARGIN_PERCENT / 100;
    if instructions > expected + margin {
        Comparison::Regressed
    } else if instructions < expected - margin {
        Comparison::Improved
    } else {
        Comparison::WithinMargin
    }
}

#[cfg(test)]
mod tests {
    use super::{Comparison, compare};
    use crate::{Baseline, Tools};

    #[test]
    fn the_margin_is_five_per_cent() {
        let tools =
            Tools { rustc: String::new(), valgrind: String::new(), processor: String::new() };
        let baseline = Baseline { tools, functions: [("f".to_owned(), 1_000_000)].into() };
        for (function, instructions, comparison) in [
            ("f", 1_000_000, Comparison::WithinMargin),
            ("f", 1_050_000, Comparison::WithinMargin),
            ("f", 1_050_001, Comparison::Regressed),
            ("f", 950_000, Comparison::WithinMargin),
            ("f", 949_999, Comparison::Improved),
            ("g", 1, Comparison::NotInBaseline),
        ] {
            let found = compare(&baseline, function, instructions);
            assert_eq!(found, comparison, "{function} {instructions}");
        }
    }
}
