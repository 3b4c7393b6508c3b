//! The driver: runs a future for its first k polls, drops it, and looks at what is left.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tenancy_sqlx::TenantDatabase;

use crate::kit::{GLOBEX, Place, globex};

/// Lets `future` be polled `polls` times, then drops it. Answers what it answered, if it came to that.
pub(crate) async fn cut<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|task| {
        left -= 1;
        match future.as_mut().poll(task) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Tries k = 1, 2, … until `attempt` says it completed, and looks after each. `attempt` gets k.
///
/// Every future is cut at least once, or the driver would prove nothing.
pub(crate) async fn drive(
    attempt: impl AsyncFn(usize) -> bool,
    look: impl AsyncFn() -> Option<String>,
) -> Vec<String> {
    let mut left = Vec::new();
    let mut polls = 0;
    while polls < 50_000 {
        // One by one at first; a pool that waits for a connection is polled hundreds of times.
        polls += 1 + polls / 8;
        let completed = attempt(polls).await;
        if let Some(what) = look().await {
            left.push(format!("dropped at poll {polls}: {what}"));
        }
        if completed {
            assert!(polls > 1, "the future completed in its first poll: nothing was cut");
            return left;
        }
    }
    panic!("the future never completed");
}

/// The view from outside: what the server says about the application's sessions.
pub(crate) struct Outside(tokio::sync::Mutex<PgConnection>);

impl Outside {
    pub(crate) async fn of(place: &Place) -> Self {
        Self::on(place.admin().await)
    }

    /// By way of a superuser's connection.
    pub(crate) fn on(admin: PgConnection) -> Self {
        Self(tokio::sync::Mutex::new(admin))
    }

    /// Sessions of the application that are still in a transaction after the time that a
    /// connection needs to be closed or rolled back.
    pub(crate) async fn open_transaction(&self) -> Option<String> {
        const OPEN: &str = "SELECT string_agg(format('session %s is %s: %s', pid, state, query), '; ')
            FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'app_rw' AND (state <> 'idle' OR xact_start IS NOT NULL)";
        let start = Instant::now();
        loop {
            let mut admin = self.0.lock().await;
            let open: Option<String> =
                sqlx::query_scalar(OPEN).fetch_one(&mut *admin).await.expect("pg_stat_activity");
            drop(admin);
            if open.is_none() || start.elapsed() > Duration::from_secs(2) {
                return open;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether a row of acme's was written.
    pub(crate) async fn has(&self, id: i32) -> bool {
        let mut admin = self.0.lock().await;
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM public.things WHERE id = $1)")
            .bind(id)
            .fetch_one(&mut *admin)
            .await
            .expect("the row")
    }

    /// Ends every session of the application, so that the next use meets a dead connection.
    pub(crate) async fn kill(&self) {
        let mut admin = self.0.lock().await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
             WHERE datname = current_database() AND usename = 'app_rw'",
        )
        .execute(&mut *admin)
        .await
        .expect("terminated");
    }

    pub(crate) async fn close(self) {
        self.0.into_inner().close().await.expect("closed");
    }
}

/// Looks at a pool of one as nobody, from outside, and as the other tenant.
pub(crate) async fn look(database: &TenantDatabase, outside: &Outside) -> Option<String> {
    // Nobody's statement is on the connection that the last one left. In an open transaction, the
    // server would say so afterwards.
    if !database.is_ready().await {
        return Some("nobody can use the connection".into());
    }
    if let Some(open) = outside.open_transaction().await {
        return Some(open);
    }
    let mut tx = match database.begin(&globex()).await {
        Ok(tx) => tx,
        Err(error) => return Some(format!("the other tenant cannot begin: {error}")),
    };
    let (bound, foreign): (String, i64) = sqlx::query_as(
        "SELECT current_setting('app.tenant_id'), count(*) FILTER (WHERE tenant_id <> $1::uuid) FROM things",
    )
    .bind(GLOBEX)
    .fetch_one(&mut *tx)
    .await
    .expect("the other tenant reads");
    tx.rollback().await.expect("rollback");
    (bound != GLOBEX || foreign != 0).then(|| format!("bound to {bound}, {foreign} rows of another"))
}
