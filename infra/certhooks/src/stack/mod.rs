//! A door that is deployed on AWS, by the name of its stack.
//!
//! - [`deployed`]: with the feature `aws`
//! - [`dead_letter_queues`]: its dead-letter queues
//! - [`absent`]: without it there is no such door

#[cfg(not(feature = "aws"))]
mod absent;
#[cfg(feature = "aws")]
mod dead_letter_queues;
#[cfg(feature = "aws")]
mod deployed;

#[cfg(not(feature = "aws"))]
pub(crate) use absent::{Dead, DeadQueues, Objects, Queue, Stack};
#[cfg(feature = "aws")]
pub(crate) use aws::{S3Archive as Objects, SqsDeadLetter as Dead, SqsDeliveries as Queue};
use clap::Args;
#[cfg(feature = "aws")]
pub(crate) use dead_letter_queues::DeadQueues;
#[cfg(feature = "aws")]
pub(crate) use deployed::{Stack, stored};
use time::{Duration, OffsetDateTime};

/// Where our side is kept: by default in the state folder.
#[derive(Args, Debug)]
pub(crate) struct Here {
    /// CloudFormation stack of the door, in place of a state folder (with the feature `aws`)
    #[arg(long, value_name = "NAME", hide = cfg!(not(feature = "aws")))]
    pub(crate) stack: Option<String>,
}

/// How many messages are where, by SQS's approximate counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depths {
    pub(crate) events: Depth,
    pub(crate) deliveries: Depth,
    /// Of the events queue, and of the deliveries queue.
    pub(crate) dead: u64,
    pub(crate) undelivered: u64,
}

/// Of one queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    pub(crate) delayed: u64,
}

/// How long the oldest message of each queue waits. None where CloudWatch has nothing to say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ages {
    pub(crate) events: Option<Age>,
    pub(crate) deliveries: Option<Age>,
}

/// Of one queue, and when that was so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Age {
    pub(crate) oldest: Duration,
    pub(crate) at: OffsetDateTime,
}
