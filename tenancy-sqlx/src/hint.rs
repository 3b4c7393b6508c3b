//! LISTEN as a hint that asking may be worth while.
//!
//! Any tenant's statement can notify any channel, as often as it likes and with any text. So the
//! text is never read, and a flood makes at most one reaction per 100 ms: the connection is read as
//! fast as it delivers, into a single mark. Missing a notification costs a poll interval, no more.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(100);
const RECONNECT: Duration = Duration::from_secs(1);

/// Hears notifications of one channel, on a connection of its own. Dropping it stops listening.
#[derive(Debug)]
pub(crate) struct Hints {
    hint: Arc<Notify>,
    tasks: [JoinHandle<()>; 2],
}

impl Hints {
    /// Begins to listen, and goes on through every loss of the connection.
    pub(crate) fn listen(options: PgConnectOptions, channel: &'static str) -> Self {
        let (heard, hint) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let tasks = [
            tokio::spawn(keep_listening(options, channel, Arc::clone(&heard))),
            tokio::spawn(pace(heard, Arc::clone(&hint))),
        ];
        Self { hint, tasks }
    }

    /// Waits for the next hint; one that came since the last call counts.
    pub(crate) async fn next(&self) {
        self.hint.notified().await;
    }

    /// The mark that hints leave, for a future that must not borrow.
    #[cfg(feature = "apalis")]
    pub(crate) fn mark(&self) -> Arc<Notify> {
        Arc::clone(&self.hint)
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn keep_listening(options: PgConnectOptions, channel: &'static str, heard: Arc<Notify>) {
    loop {
        // A listener whose connection was reset answers the same error for ever: it is made anew.
        if let Err(error) = listen(options.clone(), channel, &heard).await {
            tracing::debug!(%error, channel, "not listening, polling goes on");
        }
        sleep(RECONNECT).await;
    }
}

async fn listen(options: PgConnectOptions, channel: &str, heard: &Notify) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(channel).await?;
    loop {
        // What was said before this line was not heard. `None` is a connection that came back.
        heard.notify_one();
        listener.try_recv().await?;
    }
}

async fn pace(heard: Arc<Notify>, hint: Arc<Notify>) {
    loop {
        heard.notified().await;
        hint.notify_one();
        sleep(PAUSE).await;
    }
}
