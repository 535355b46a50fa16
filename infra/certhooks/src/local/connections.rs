use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use boot::Sampler;
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::counter;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// Enough for any provider: each sends a few requests at a time.
const MAX_CONNECTIONS: u64 = 1024;
/// The file descriptors of this process for each connection. Three of four are left for database, archive
/// and calls to providers.
const DESCRIPTORS_PER_CONNECTION: u64 = 4;
/// How long a connection may wait, from its beginning or its last answer, until the header block of a
/// request is complete.
const HEADER_DEADLINE: Duration = Duration::from_secs(30);
/// How long the system waits for the other side to take what was sent: else a stranger who asks and never reads holds
/// the memory of a connection's buffers, which is megabytes, and the connection itself.
const ANSWER_DEADLINE: Duration = Duration::from_secs(30);
/// The largest header block in bytes. Memory for it is taken for each connection.
const MAX_HEADERS: usize = 16 * 1024;
/// The pause after a connection could not be taken, as where descriptors are used up.
const ERROR_PAUSE: Duration = Duration::from_millis(50);

static LOG: Sampler<&str> = Sampler::new();

/// Raises the limit of file descriptors as far as connections need it and the system permits, and returns
/// the number of connections for which it suffices.
pub(crate) fn connection_limit() -> usize {
    let wanted = MAX_CONNECTIONS * DESCRIPTORS_PER_CONNECTION;
    let limits = getrlimit(Resource::Nofile);
    if limits.current.is_some_and(|current| current < wanted) {
        let raised = limits.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        // A sandbox may forbid it. The limit that there is counts then.
        let _refused = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limits });
    }
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(wanted);
    let limit = (descriptors / DESCRIPTORS_PER_CONNECTION).clamp(1, MAX_CONNECTIONS);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Serves HTTP/1.1 until `stopped` turns true, then finishes the requests in progress. At most `limit`
/// connections are open: one more closes that which has waited for a request the longest.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    limit: usize,
    service: impl Fn(SocketAddr, Arc<Place>) -> S,
    mut stopped: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Future: Send> + Send + 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let waiting = Arc::new(Waiting::default());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            // An error means that the channel is closed, which is a stop too.
            _stop = stopped.wait_for(|stop| *stop) => break,
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept(), if connections.len() <= limit => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let place = Place::last_of(&waiting);
                let service = service(peer, Arc::clone(&place));
                connections.spawn(run(stream, service, place, stopped.clone()));
                if connections.len() > limit {
                    waiting.close_first();
                }
            }
            Err(error) => {
                report_failure(&error);
                tokio::time::sleep(ERROR_PAUSE).await;
            }
        }
    }
    while connections.join_next().await.is_some() {}
}

fn report_failure(error: &io::Error) {
    if let Some(left_out) = LOG.left_out("accept") {
        tracing::error!(%error, left_out, "failed to accept a connection");
    }
}

async fn run<S, B>(
    stream: TcpStream,
    service: S,
    place: Arc<Place>,
    mut stopped: watch::Receiver<bool>,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    // Without it answers are slower, and no less right.
    let _slower = stream.set_nodelay(true);
    limit_answers(&stream);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // What is wrong with a connection is its sender's fault.
    tokio::select! {
        _ended = connection.as_mut() => return,
        () = place.close.notified() => return,
        _stop = stopped.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ended = connection.await;
}

/// Other systems have no such limit; there such a connection is closed when another one needs its place.
fn limit_answers(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _unlimited = rustix::net::sockopt::set_tcp_user_timeout(
        stream,
        u32::try_from(ANSWER_DEADLINE.as_millis()).unwrap_or(u32::MAX),
    );
}

/// The connections that wait for a request, or for the rest of one that is not verified, by the order in
/// which they began to.
#[derive(Default)]
struct Waiting(Mutex<Line>);

#[derive(Default)]
struct Line {
    next: u64,
    places: BTreeMap<u64, Arc<Notify>>,
}

impl Waiting {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close_first(&self) {
        let Some((_, close)) = self.line().places.pop_first() else { return };
        close.notify_one();
        counter!("ConnectionsClosed").increment(1);
        if let Some(left_out) = LOG.left_out("limit") {
            tracing::warn!(
                left_out,
                "too many connections: closed the one that had waited for a request the longest"
            );
        }
    }
}

impl Line {
    fn enter(&mut self, close: &Arc<Notify>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.places.insert(number, Arc::clone(close));
        number
    }
}

/// The place of a connection among those that wait.
pub(crate) struct Place {
    waiting: Arc<Waiting>,
    number: AtomicU64,
    close: Arc<Notify>,
}

impl Place {
    fn last_of(waiting: &Arc<Waiting>) -> Arc<Self> {
        let close = Arc::new(Notify::new());
        let number = AtomicU64::new(waiting.line().enter(&close));
        Arc::new(Self { waiting: Arc::clone(waiting), number, close })
    }

    /// The connection does not wait until what this returns is dropped; then it is the last again.
    pub(crate) fn work(self: &Arc<Self>) -> Working {
        self.leave();
        Working(Arc::clone(self))
    }

    fn leave(&self) {
        self.waiting.line().places.remove(&self.number.load(Ordering::Relaxed));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// A request that keeps its connection open.
pub(crate) struct Working(Arc<Place>);

impl Drop for Working {
    fn drop(&mut self) {
        let Place { waiting, number, close } = &*self.0;
        number.store(waiting.line().enter(close), Ordering::Relaxed);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::net::sockopt::tcp_user_timeout;

    use super::*;

    #[tokio::test]
    async fn an_answer_that_nobody_takes_ends_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (server, _client) = tokio::join!(listener.accept(), client);
        let (stream, _) = server.unwrap();
        limit_answers(&stream);
        assert_eq!(u128::from(tcp_user_timeout(&stream).unwrap()), ANSWER_DEADLINE.as_millis());
    }
}
