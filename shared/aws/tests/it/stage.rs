use aws::Session;
use axum::Router;
use boot::Environment;
use harness::Emulator;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The emulator, and a session that uses it.
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) session: Session,
}

pub(crate) async fn stage() -> Stage {
    let emulator = Emulator::start().await.unwrap();
    let session = session(emulator.environment());
    Stage { emulator, session }
}

fn session(variables: impl IntoIterator<Item = (String, String)>) -> Session {
    Session::start(&variables.into_iter().collect::<Environment>()).unwrap()
}

/// A test server for one service.
pub(crate) struct Server {
    /// Nothing listens at the endpoint of the other services.
    pub(crate) session: Session,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Server {
    /// Starts a server for the service whose endpoint the variable `endpoint` sets.
    pub(crate) async fn start(router: Router, endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        let variables = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            (endpoint, address.as_str()),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_SESSION_TOKEN", "of-a-session"),
        ];
        let session = session(variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self { session, serving }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
