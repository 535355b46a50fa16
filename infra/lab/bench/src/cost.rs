use serde::Serialize;

use crate::figures::{Figures, What, find};
use crate::quota::MEMORIES;
use crate::side::Side;

/// AWS Lambda Pricing (<https://aws.amazon.com/lambda/pricing/>), us-east-1, first tier, in USD.
const PER_MILLION_REQUESTS: f64 = 0.20;
const PER_GB_SECOND_ARM64: f64 = 0.000_013_333_4;
const PER_GB_SECOND_X86: f64 = 0.000_016_666_7;
const MB_PER_GB: f64 = 1024.0;

/// The cost of a million webhooks at one memory, in USD. Both architectures use the times of this machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Cost {
    pub side: &'static str,
    pub memory_mb: u32,
    /// If every webhook is handled by a started function.
    pub warm_arm64: f64,
    pub warm_x86: f64,
    /// If every webhook starts a function. Lambda bills the start as it bills the rest.
    pub cold_arm64: f64,
    pub cold_x86: f64,
}

/// The costs from the medians of the billed times. Sides without these times are left out.
pub fn of(all: &[Figures], sides: &[Side]) -> Vec<Cost> {
    let cost = |side: &Side, memory_mb: u32| {
        let median = |what| Some(find(all, what, Some(memory_mb))?.summary(side.name)?.median);
        let (warm, cold) = (median(What::Billed)?, median(What::Cold)?.ceil());
        let at = |millis, price| per_million(memory_mb, millis, price);
        Some(Cost {
            side: side.name,
            memory_mb,
            warm_arm64: at(warm, PER_GB_SECOND_ARM64),
            warm_x86: at(warm, PER_GB_SECOND_X86),
            cold_arm64: at(cold, PER_GB_SECOND_ARM64),
            cold_x86: at(cold, PER_GB_SECOND_X86),
        })
    };
    sides.iter().flat_map(|side| MEMORIES.iter().filter_map(|mb| cost(side, *mb))).collect()
}

fn per_million(memory_mb: u32, millis: f64, per_gb_second: f64) -> f64 {
    let seconds = millis / 1e3 * 1e6;
    PER_MILLION_REQUESTS + seconds * f64::from(memory_mb) / MB_PER_GB * per_gb_second
}

#[cfg(test)]
mod tests {
    use super::{PER_GB_SECOND_ARM64, PER_GB_SECOND_X86, per_million};

    #[test]
    fn costs_agree_with_the_price_list() {
        // This is a million seconds with one gigabyte.
        assert!((per_million(1024, 1000.0, PER_GB_SECOND_X86) - 16.8667).abs() < 1e-3);
        assert!((per_million(128, 1.0, PER_GB_SECOND_ARM64) - 0.2017).abs() < 1e-4);
    }
}
