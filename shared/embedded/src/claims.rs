use std::collections::HashMap;

/// The most leases before those that have ended are removed. Nearly all are removed when their work is done.
const MANY: usize = 1024;

/// Longer than any lease, in microseconds. One that ends later was granted before the clock was set back.
const LONGEST_LEASE: i64 = 15 * 60 * 1_000_000;

/// The leases on ids that are being worked on. They end with the process that owns the folder, which alone works on
/// events, so they are on no disk.
#[derive(Default)]
pub(crate) struct Claims {
    leases: HashMap<String, Lease>,
    /// What the changes of a transaction that is not committed yet replaced, in their order: it may be rolled back.
    replaced: Vec<(String, Option<Lease>)>,
}

struct Lease {
    owner: String,
    /// Microseconds since 1970.
    until: i64,
}

impl Claims {
    /// Grants a lease, unless another owner has one. Returns the end of that one.
    pub(crate) fn take(&mut self, id: &str, owner: &str, until: i64, now: i64) -> Option<i64> {
        let is_running = |until: i64| until > now && until <= now + LONGEST_LEASE;
        if let Some(lease) = self.leases.get(id)
            && lease.owner != owner
            && is_running(lease.until)
        {
            return Some(lease.until);
        }
        if self.leases.len() >= MANY {
            self.leases.retain(|_, lease| is_running(lease.until));
        }
        self.replace(id, Some(Lease { owner: owner.to_owned(), until }));
        None
    }

    pub(crate) fn release(&mut self, id: &str, owner: &str) {
        if self.leases.get(id).is_some_and(|lease| lease.owner == owner) {
            self.end(id);
        }
    }

    /// Ends the lease, whoever has it: the work is done.
    pub(crate) fn end(&mut self, id: &str) {
        self.replace(id, None);
    }

    fn replace(&mut self, id: &str, lease: Option<Lease>) {
        let before = set(&mut self.leases, id.to_owned(), lease);
        self.replaced.push((id.to_owned(), before));
    }

    pub(crate) fn commit(&mut self) {
        self.replaced.clear();
    }

    /// A place in the transaction to roll back to; its beginning is 0.
    pub(crate) fn savepoint(&self) -> usize {
        self.replaced.len()
    }

    /// Undoes what was changed since: nobody heard of it.
    pub(crate) fn roll_back_to(&mut self, savepoint: usize) {
        for (id, before) in self.replaced.drain(savepoint..).rev() {
            set(&mut self.leases, id, before);
        }
    }
}

fn set(leases: &mut HashMap<String, Lease>, id: String, lease: Option<Lease>) -> Option<Lease> {
    match lease {
        Some(lease) => leases.insert(id, lease),
        None => leases.remove(&id),
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, MANY};

    #[test]
    fn a_lease_ends_with_its_time_its_work_or_its_transaction() {
        let mut claims = Claims::default();
        assert_eq!(claims.take("id", "a", 10, 0), None);
        claims.commit();
        assert_eq!(claims.take("id", "b", 20, 9), Some(10));
        assert_eq!(claims.take("id", "a", 12, 9), None, "its own");
        claims.release("id", "b");
        assert_eq!(claims.take("id", "b", 20, 9), Some(12));
        assert_eq!(claims.take("id", "b", 20, 12), None, "ended");
        claims.end("id");
        assert_eq!(claims.take("id", "d", 30, 12), None, "done");
        assert_eq!(
            claims.take("id", "e", 30, -super::LONGEST_LEASE),
            None,
            "the clock was set back"
        );
    }

    /// Else another copy of an event would be worked on, or none, though nothing was written of it.
    #[test]
    fn what_is_rolled_back_leaves_the_leases_as_they_were() {
        let mut claims = Claims::default();
        claims.take("id", "a", 10, 0);
        claims.commit();
        claims.end("id");
        claims.take("new", "a", 10, 0);
        let savepoint = claims.savepoint();
        claims.end("new");
        claims.take("other", "a", 10, 0);
        claims.roll_back_to(savepoint);
        assert_eq!(claims.take("new", "b", 20, 0), Some(10), "it ended after the savepoint");
        assert_eq!(claims.take("other", "b", 20, 0), None, "granted after the savepoint");
        claims.roll_back_to(0);
        assert_eq!(claims.take("id", "b", 20, 0), Some(10), "ended in the transaction");
        assert_eq!(claims.take("new", "b", 20, 0), None, "granted in the transaction");
    }

    #[test]
    fn leases_that_have_ended_take_no_memory() {
        let mut claims = Claims::default();
        for number in 0..=MANY {
            claims.take(&number.to_string(), "a", 1, 0);
        }
        assert_eq!(claims.leases.len(), MANY + 1);
        claims.take("last", "a", 2, 1);
        assert_eq!(claims.leases.len(), 1);
    }
}
