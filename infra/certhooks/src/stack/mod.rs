//! An installation on AWS, by the name of its CloudFormation stack.
//!
//! - [`deployed`]: its outputs, secrets, queues, ledger and archive, with the feature `aws`
//! - [`dead_letter_queues`]: its dead-letter queues
//! - [`absent`]: the same types without the feature `aws`, of which no value can exist

#[cfg(not(feature = "aws"))]
mod absent;
#[cfg(feature = "aws")]
mod dead_letter_queues;
#[cfg(feature = "aws")]
mod deployed;

#[cfg(not(feature = "aws"))]
pub(crate) use absent::{DeadLetterQueues, Stack, StackArchive, StackDeliveries};
#[cfg(feature = "aws")]
pub(crate) use aws::{S3Archive as StackArchive, SqsDeliveries as StackDeliveries};
#[cfg(feature = "aws")]
pub(crate) use dead_letter_queues::DeadLetterQueues;
#[cfg(feature = "aws")]
pub(crate) use deployed::{Stack, stored};

/// Numbers of messages in each queue, by SQS's approximate counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depths {
    pub(crate) events: Depth,
    pub(crate) deliveries: Depth,
    /// Dead letters of the events queue.
    pub(crate) dead: u64,
    /// Dead letters of the deliveries queue.
    pub(crate) undelivered: u64,
}

/// Numbers of messages in one queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    pub(crate) delayed: u64,
}
