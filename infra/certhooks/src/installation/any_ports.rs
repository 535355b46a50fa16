use ports::{Archive, ArchiveReader, Deliveries, Delivery};

use crate::installation::PortFuture;

/// An archive, whichever it is.
pub(crate) trait AnyArchive: Send + Sync {
    fn list<'a>(&'a self, prefix: &'a str, after: &'a str) -> PortFuture<'a, Vec<String>>;
    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Vec<u8>>>;
    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> PortFuture<'a, String>;
}

impl<A: Archive + ArchiveReader> AnyArchive for A {
    fn list<'a>(&'a self, prefix: &'a str, after: &'a str) -> PortFuture<'a, Vec<String>> {
        Box::pin(ArchiveReader::list(self, prefix, after))
    }

    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Vec<u8>>> {
        Box::pin(ArchiveReader::get(self, key))
    }

    fn put<'a>(&'a self, key: &'a str, body: Vec<u8>) -> PortFuture<'a, String> {
        Box::pin(Archive::put(self, key, body))
    }
}

/// A deliveries queue, whichever it is.
pub(crate) trait AnyDeliveries: Send + Sync {
    fn body_limit(&self) -> Option<usize>;
    fn publish(&self, delivery: Delivery) -> PortFuture<'_, ()>;
}

impl<D: Deliveries> AnyDeliveries for D {
    fn body_limit(&self) -> Option<usize> {
        Deliveries::body_limit(self)
    }

    fn publish(&self, delivery: Delivery) -> PortFuture<'_, ()> {
        Box::pin(Deliveries::publish(self, delivery))
    }
}
