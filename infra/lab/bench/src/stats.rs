use serde::Serialize;

/// Middle and spread of a set of figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    pub count: usize,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
}

impl Summary {
    /// `None` of nothing, and of what is no number.
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

    /// Of `a` to `b`, round by round: what disturbed a round disturbed both.
    pub fn of_ratios(a: &[f64], b: &[f64]) -> Option<Self> {
        let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
        Self::of(&ratios)
    }
}

/// Between the two nearest where it falls between them (Hyndman and Fan's type 7, as R and NumPy).
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::Summary;

    fn of(figures: &[f64]) -> (f64, f64, f64) {
        let summary = Summary::of(figures).unwrap();
        (summary.lower_quartile, summary.median, summary.upper_quartile)
    }

    #[test]
    fn quartiles_as_numpy_has_them() {
        assert_eq!(of(&[3.0]), (3.0, 3.0, 3.0));
        assert_eq!(of(&[4.0, 1.0, 2.0, 3.0]), (1.75, 2.5, 3.25));
        assert_eq!(of(&[5.0, 1.0, 4.0, 2.0, 3.0]), (2.0, 3.0, 4.0));
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn ratios_are_those_of_pairs() {
        // Medians alone would give 3 / 2; the pairs say 2, 3 and 1.
        let ratios = Summary::of_ratios(&[2.0, 3.0, 5.0], &[1.0, 1.0, 5.0]).unwrap();
        assert_eq!((ratios.count, ratios.median), (3, 2.0));
        assert_eq!(Summary::of_ratios(&[1.0], &[0.0]), None);
    }
}
