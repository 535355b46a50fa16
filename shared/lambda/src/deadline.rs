use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::Context;

/// When the work on an invocation must end, so that `reserve` is left of its time to end it in order.
/// In the past where there is not even that; `None` only where the clock cannot express it.
pub fn deadline(context: &Context, reserve: Duration) -> Option<Instant> {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    Instant::now().checked_add(left.saturating_sub(reserve))
}
