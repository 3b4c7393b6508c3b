//! A socket between client and server that holds back every answer for a moment, counts round trips, and
//! spoils what is said if asked.
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

/// What begins name in their last statement.
const SETTING: &[u8] = b"statement_timeout";

const DELAY: Duration = Duration::from_millis(2);

/// What goes over the socket.
#[derive(Clone, Default)]
pub(crate) struct Wire {
    trips: Arc<AtomicUsize>,
    answered: Arc<AtomicBool>,
    spoils: Arc<AtomicBool>,
}

impl Wire {
    /// How often clients have spoken after the server had.
    pub(crate) fn trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }

    /// Lets the last statement of each begin fail on the server, which does not know the setting, or lets it be.
    pub(crate) fn spoil(&self, spoils: bool) {
        self.spoils.store(spoils, Ordering::SeqCst);
    }

    fn said_by_client(&self, bytes: &mut [u8]) {
        if self.answered.swap(false, Ordering::SeqCst) {
            self.trips.fetch_add(1, Ordering::SeqCst);
        }
        if self.spoils.load(Ordering::SeqCst)
            && let Some(at) = bytes.windows(SETTING.len()).position(|window| window == SETTING)
        {
            bytes[at] = b'x';
        }
    }

    fn said_by_server(&self, _: &mut [u8]) {
        self.answered.store(true, Ordering::SeqCst);
    }
}

/// The server of `options` by way of a slow socket, which is there until the runtime ends. User,
/// password and database are the caller's to add.
pub(crate) async fn slow(options: &PgConnectOptions) -> PgConnectOptions {
    watched(options).await.0
}

/// The same with a view of what goes over it; the count is right for one connection at a time.
pub(crate) async fn watched(options: &PgConnectOptions) -> (PgConnectOptions, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (target, wire) = (Target::of(options), Wire::default());
    let watching = wire.clone();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let _ = client.set_nodelay(true);
            tokio::spawn(target.clone().serve(client, watching.clone()));
        }
    });
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(port)
        .ssl_mode(sqlx::postgres::PgSslMode::Disable);
    (options, wire)
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

    async fn serve(self, client: TcpStream, wire: Wire) {
        match self {
            Self::Socket(path) => {
                if let Ok(server) = UnixStream::connect(path).await {
                    let (read, write) = server.into_split();
                    between(client, read, write, &wire).await;
                }
            }
            Self::Host(host, port) => {
                if let Ok(server) = TcpStream::connect((host, port)).await {
                    let (read, write) = server.into_split();
                    between(client, read, write, &wire).await;
                }
            }
        }
    }
}

async fn between(
    client: TcpStream,
    from_server: impl AsyncRead + Unpin,
    to_server: impl AsyncWrite + Unpin,
    wire: &Wire,
) {
    let (from_client, to_client) = client.into_split();
    // Whichever side ends first ends both.
    tokio::select! {
        () = pass(from_client, to_server, Duration::ZERO, |said| wire.said_by_client(said)) => {}
        () = pass(from_server, to_client, DELAY, |said| wire.said_by_server(said)) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
    said: impl Fn(&mut [u8]),
) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        tokio::time::sleep(delay).await;
        said(&mut bytes[..read]);
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
