use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// A map that holds so many entries and no more: the oldest leaves first. It keeps memory flat
/// over any number of ids.
pub(crate) struct Fifo<K, V> {
    limit: usize,
    entries: HashMap<K, V>,
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V: Clone> Fifo<K, V> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, entries: HashMap::new(), order: VecDeque::new() }
    }

    pub(crate) fn find<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.get(key).cloned()
    }

    /// Keeps what is there already, so that two requests at once get the same answer.
    pub(crate) fn keep(&mut self, key: K, value: V) -> V {
        if let Some(present) = self.entries.get(&key) {
            return present.clone();
        }
        if self.order.len() >= self.limit
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
    use super::Fifo;

    #[test]
    fn the_oldest_leaves_first_and_what_is_there_stays() {
        let mut fifo = Fifo::new(2);
        assert_eq!(fifo.keep("a", 1), 1);
        assert_eq!(fifo.keep("a", 2), 1);
        fifo.keep("b", 2);
        fifo.keep("c", 3);
        assert_eq!((fifo.find("a"), fifo.find("b"), fifo.find("c")), (None, Some(2), Some(3)));
        assert_eq!((fifo.entries.len(), fifo.order.len()), (2, 2));
    }
}
