//! A socket between client and server that holds back every answer for a moment, and counts round trips.
//!
//! On a local socket an answer may be there before the client looks for it, and a future is over in
//! one poll. With this in between it never is.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

const DELAY: Duration = Duration::from_millis(2);

/// How often clients have spoken after the server had.
#[derive(Clone, Default)]
pub(crate) struct Trips {
    count: Arc<AtomicUsize>,
    answered: Arc<AtomicBool>,
}

impl Trips {
    /// All since the start.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

/// The server of `options` by way of a slow socket, which is there until the runtime ends. User,
/// password and database are the caller's to add.
pub(crate) async fn slow(options: &PgConnectOptions) -> PgConnectOptions {
    counted(options).await.0
}

/// The same with the count of its round trips, which is right for one connection at a time.
pub(crate) async fn counted(options: &PgConnectOptions) -> (PgConnectOptions, Trips) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (target, trips) = (Target::of(options), Trips::default());
    let counting = trips.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = client.set_nodelay(true);
            tokio::spawn(target.clone().serve(client, counting.clone()));
        }
    });
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .ssl_mode(sqlx::postgres::PgSslMode::Disable);
    (options, trips)
}

#[derive(Clone)]
enum Target {
    Socket(PathBuf),
    Host(String, u16),
}

impl Target {
    fn of(options: &PgConnectOptions) -> Self {
        let (host, port) = (options.get_host().to_owned(), options.get_port());
        match options.get_socket() {
            Some(folder) => Self::Socket(folder.join(format!(".s.PGSQL.{port}"))),
            None => Self::Host(host, port),
        }
    }

    async fn serve(self, client: TcpStream, trips: Trips) {
        match self {
            Self::Socket(path) => {
                if let Ok(server) = UnixStream::connect(path).await {
                    let (read, write) = server.into_split();
                    between(client, read, write, &trips).await;
                }
            }
            Self::Host(host, port) => {
                if let Ok(server) = TcpStream::connect((host, port)).await {
                    let (read, write) = server.into_split();
                    between(client, read, write, &trips).await;
                }
            }
        }
    }
}

async fn between(
    client: TcpStream,
    from_server: impl AsyncRead + Unpin,
    to_server: impl AsyncWrite + Unpin,
    trips: &Trips,
) {
    let (from_client, to_client) = client.into_split();
    let spoken = || {
        if trips.answered.swap(false, Ordering::SeqCst) {
            trips.count.fetch_add(1, Ordering::SeqCst);
        }
    };
    let answered = || trips.answered.store(true, Ordering::SeqCst);
    // Whichever side ends first ends both.
    tokio::select! {
        () = pass(from_client, to_server, Duration::ZERO, spoken) => {}
        () = pass(from_server, to_client, DELAY, answered) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
    seen: impl Fn(),
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        seen();
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
