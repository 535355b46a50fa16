use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::Context;

/// Returns when the work of an invocation must end, so that `reserve` of its time is left to finish in
/// order. It is now when less than that is left; `None` only when the clock cannot represent it.
pub fn deadline(context: &Context, reserve: Duration) -> Option<Instant> {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now().checked_add(left.saturating_sub(reserve))
}
