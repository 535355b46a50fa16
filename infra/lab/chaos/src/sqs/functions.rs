use std::path::PathBuf;

use envelope::Provider;

/// The compiled functions. Without webhook functions, the events are put onto the queue as those would put
/// them.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    pub worker: PathBuf,
    pub webhooks: Vec<(Provider, PathBuf)>,
}
