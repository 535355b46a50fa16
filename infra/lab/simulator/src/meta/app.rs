use std::sync::{Mutex, MutexGuard, PoisonError};

use super::subscriptions::Subscription;

/// What Graph keeps of the one simulated app, whatever the id in the path.
pub(crate) struct App(Mutex<Kept>);

pub(super) struct Kept {
    pub(super) subscription: Option<Subscription>,
    /// Subscribed for certificate alerts.
    pub(super) domains: Vec<String>,
    /// Subscribed for phishing alerts.
    pub(super) phishing_domains: Vec<String>,
}

impl App {
    pub(crate) fn new(domains: Vec<String>) -> Self {
        let kept = Kept { subscription: None, domains, phishing_domains: Vec::new() };
        Self(Mutex::new(kept))
    }

    /// Never held over something that waits.
    pub(super) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
