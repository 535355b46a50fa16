use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use intake::{Admission, BodyFault};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// CertCentral gives up after 10 s, so a body that takes longer is of no use.
const DEADLINE: Duration = Duration::from_secs(9);
/// How much of a body that is not wanted is read, in bytes. A sender that is still sending gets the answer
/// only if the server reads on instead of closing the connection.
const DISCARD_LIMIT: usize = 16 * 1024 * 1024;

const KIB: usize = 1024;
/// Bodies of this size need no permit: the number of connections limits them. Nearly all events are smaller.
const SMALL: usize = 16 * KIB;
/// The memory for the larger bodies of verified requests, in KiB, and for those of all others.
const VERIFIED_KIB: usize = 16 * KIB;
const UNVERIFIED_KIB: usize = 16 * KIB;

/// The bodies that are in memory, which are limited in all. Strangers cannot use up what verified requests
/// need.
pub(crate) struct Bodies {
    verified: Semaphore,
    unverified: Semaphore,
}

/// A body in memory.
pub(crate) struct Read<'a> {
    pub(crate) bytes: Bytes,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { verified: Semaphore::new(VERIFIED_KIB), unverified: Semaphore::new(UNVERIFIED_KIB) }
    }
}

impl Bodies {
    /// Reads a body up to one byte after its limit. `length` is what the request says of its size.
    ///
    /// # Errors
    /// It did not come whole and in time, or there is no memory for it.
    pub(crate) async fn read(
        &self,
        body: Incoming,
        length: Option<usize>,
        admission: Admission,
    ) -> Result<Read<'_>, BodyFault> {
        let reading = async {
            let room = length.unwrap_or(admission.body_limit).min(admission.body_limit);
            let permit = self.permit(room, admission.is_verified).await?;
            let bytes = collect(body, length.unwrap_or_default(), admission.body_limit).await;
            Ok(Read { bytes: bytes.ok_or(BodyFault::CutShort)?, _permit: permit })
        };
        timeout(DEADLINE, reading).await.unwrap_or(Err(BodyFault::TooSlow))
    }

    /// A verified request waits for memory; a stranger's is refused, so that none wait in its place.
    async fn permit(
        &self,
        room: usize,
        is_verified: bool,
    ) -> Result<Option<SemaphorePermit<'_>>, BodyFault> {
        if room <= SMALL {
            return Ok(None);
        }
        let (memory, all) = match is_verified {
            true => (&self.verified, VERIFIED_KIB),
            false => (&self.unverified, UNVERIFIED_KIB),
        };
        // A limit that the operator set may be larger than all of it.
        let kib = u32::try_from(room.div_ceil(KIB).min(all)).unwrap_or(u32::MAX);
        let permit = match is_verified {
            true => memory.acquire_many(kib).await.ok(),
            false => memory.try_acquire_many(kib).ok(),
        };
        permit.map(Some).ok_or(BodyFault::NoMemory)
    }
}

/// `None` where the sender ended the body too early.
async fn collect(mut body: Incoming, length: usize, limit: usize) -> Option<Bytes> {
    let mut kept = BytesMut::with_capacity(length.min(limit));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        let room = (limit + 1).saturating_sub(kept.len());
        kept.extend_from_slice(&data[..data.len().min(room)]);
        if kept.len() > limit {
            discard(body);
            break;
        }
    }
    Some(kept.freeze())
}

/// Reads on for a while, beside the answer, which need not wait for it.
pub(crate) fn discard(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(timeout(DEADLINE, async move {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > DISCARD_LIMIT {
                return;
            }
        }
    }));
}
