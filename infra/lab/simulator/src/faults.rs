use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::{Fault, Rule};

/// The rules in force, of which the first that matches applies. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

impl Faults {
    /// Replaces the list.
    pub fn set(&self, rules: impl IntoIterator<Item = Rule>) {
        *self.rules() = rules.into_iter().collect();
    }

    /// Adds a rule at the end.
    pub fn add(&self, rule: Rule) {
        self.rules().push(rule);
    }

    pub fn clear(&self) {
        self.rules().clear();
    }

    /// The rules that are still in force, with the `times` that remain.
    pub fn list(&self) -> Vec<Rule> {
        self.rules().clone()
    }

    /// The fault for a request to `path`. This uses up one of the rule's `times`.
    pub(crate) fn take(&self, path: &str) -> Option<Fault> {
        let mut rules = self.rules();
        rules.retain(|rule| rule.times != Some(0));
        let rule = rules.iter_mut().find(|rule| path.starts_with(&rule.path))?;
        rule.times = rule.times.map(|times| times - 1);
        let fault = rule.fault.clone();
        rules.retain(|rule| rule.times != Some(0));
        Some(fault)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;
    use crate::fault::{Fault, Rule};

    #[test]
    fn the_first_match_applies_until_its_times_are_used_up() {
        let faults = Faults::default();
        faults.set([
            Rule::new("/a", Fault::Hang).times(2),
            Rule::new("/a/b", Fault::Empty),
            Rule::new("/c", Fault::Html).times(0),
        ]);
        let taken: Vec<_> = (0..3).map(|_| faults.take("/a/b/c")).collect();
        assert_eq!(taken, [Some(Fault::Hang), Some(Fault::Hang), Some(Fault::Empty)]);
        assert_eq!(faults.take("/a"), None);
        assert_eq!(faults.take("/c"), None);
        assert_eq!(faults.list(), [Rule::new("/a/b", Fault::Empty)]);
        faults.clear();
        assert_eq!(faults.take("/a/b"), None);
    }
}
