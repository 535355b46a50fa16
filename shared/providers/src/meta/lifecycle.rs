use envelope::Envelope;

use crate::interpretation::Interpretation;
use crate::lifecycle::Lifecycle;

/// None: its certificates are not the operator's, and two events say nothing of each other.
pub fn lifecycle(_: &Envelope, _: &Interpretation) -> Option<Lifecycle> {
    None
}
