use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map of at most `capacity` entries, which evicts the oldest first. It bounds the memory for any number
/// of ids.
pub(crate) struct FifoCache<K, V> {
    capacity: usize,
    entries: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V: Clone> FifoCache<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, entries: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.get(key).cloned()
    }

    /// Inserts `value` unless `key` has one already, so that concurrent requests get the same value.
    pub(crate) fn get_or_insert(&mut self, key: K, value: V) -> V {
        if let Some(present) = self.entries.get(&key) {
            return present.clone();
        }
        if self.order.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.entries.insert(key, value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::FifoCache;

    #[test]
    fn the_oldest_entry_is_evicted_first_and_values_are_not_replaced() {
        let mut cache = FifoCache::new(2);
        assert_eq!(cache.get_or_insert("a", 1), 1);
        assert_eq!(cache.get_or_insert("a", 2), 1);
        cache.get_or_insert("b", 2);
        cache.get_or_insert("c", 3);
        assert_eq!((cache.get("a"), cache.get("b"), cache.get("c")), (None, Some(2), Some(3)));
        assert_eq!((cache.entries.len(), cache.order.len()), (2, 2));
    }
}
