use serde::Serialize;

/// The median and the quartiles of a set of figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub count: usize,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
}

impl Summary {
    /// `None` if there are no figures, or one is not finite.
    pub fn of(figures: &[f64]) -> Option<Self> {
        if figures.is_empty() || figures.iter().any(|figure| !figure.is_finite()) {
            return None;
        }
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            count: sorted.len(),
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
        })
    }

    /// The ratios of `a` to `b`, round by round, because a disturbance of a round affects both.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Option<Self> {
        let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
        Self::of(&ratios)
    }
}

/// A quantile by linear interpolation (Hyndman and Fan's type 7, as in R and NumPy).
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

/// The figure with two or three significant digits.
pub fn significant(figure: f64) -> String {
    let decimals = match figure.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 0.1 => 2,
        _ => 3,
    };
    format!("{figure:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Summary, significant};

    fn of(figures: &[f64]) -> (f64, f64, f64) {
        let summary = Summary::of(figures).unwrap();
        (summary.lower_quartile, summary.median, summary.upper_quartile)
    }

    #[test]
    fn quartiles_agree_with_numpy() {
        assert_eq!(of(&[3.0]), (3.0, 3.0, 3.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), (1.75, 2.5, 3.25));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), (2.0, 3.0, 4.0));
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn figures_have_their_significant_digits() {
        for (figure, text) in [(123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.012, "0.012")] {
            assert_eq!(significant(figure), text);
        }
    }

    #[test]
    fn ratios_are_those_of_pairs() {
        // Medians alone would give 3 / 2; the pairs say 2, 3 and 1.
        let ratios = Summary::of_ratios(&[2.0, 3.0, 5.0], &[1.0, 1.0, 5.0]).unwrap();
        assert_eq!((ratios.count, ratios.median), (3, 2.0));
        assert_eq!(Summary::of_ratios(&[1.0], &[0.0]), None);
    }
}
