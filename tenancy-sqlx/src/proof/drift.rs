//! Watches that what was proved at the start still holds.
//!
//! A fingerprint of everything that the rules look at is taken with the proof. It is taken again on a
//! timer, and soon after a change that the database tells of (a hint: anybody may send it, it is never
//! read). Where it differs the proof runs again.
//!
//! The fingerprint stays in `tenancy.proofs` with its verdict, so that a program that starts says whether
//! the database is the one that was proved before. It proves either way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};
use tokio::task::JoinHandle;

use super::{Policy, Report, Verdict, prove_on};
use crate::hint::Hints;

const CHANNEL: &str = "tenancy_ddl";

/// What was proved, and when that was looked at last.
#[derive(Debug)]
pub(crate) struct Watch {
    refused: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Proves, and goes on looking every `period` until it is dropped.
    ///
    /// Answers the first report; it is the caller's to refuse.
    pub(crate) async fn begin(
        pool: &PgPool,
        policy: Policy,
        period: Duration,
    ) -> Result<(Report, Self), sqlx::Error> {
        let mut conn = pool.acquire().await?;
        // Before the proof: what changes in between is noticed next time.
        let known = fingerprint(&mut conn).await?;
        let report = timed(&mut conn, &policy).await?;
        if let Some((before, at)) =
            record(&mut conn, &known, &report).await?.filter(|(before, _)| *before != known)
        {
            tracing::info!(%before, %at, now = %known, "the database has changed since it was proved last");
        }
        drop(conn);
        let refused = Arc::new(AtomicBool::new(policy.refuses(report.verdict)));
        let task = tokio::spawn(watch(pool.clone(), policy, period, known, Arc::clone(&refused)));
        Ok((report, Self { refused, task }))
    }

    /// Whether the last proof refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn watch(pool: PgPool, policy: Policy, period: Duration, mut known: String, refused: Arc<AtomicBool>) {
    let hints = Hints::listen((*pool.connect_options()).clone(), CHANNEL);
    loop {
        // Either way it is time to look.
        let _ = tokio::time::timeout(period, hints.next()).await;
        if pool.is_closed() {
            return;
        }
        match look(&pool, &policy, &known).await {
            Ok(None) => {}
            Ok(Some((found, report))) => {
                known = found;
                say(&report);
                refused.store(policy.refuses(report.verdict), Ordering::Relaxed);
            }
            // A server that is away is noticed by everybody; what was proved is asked for again later.
            Err(error) => tracing::warn!(%error, "the database could not be proved again"),
        }
    }
}

/// The proof anew, if anything has changed.
async fn look(pool: &PgPool, policy: &Policy, known: &str) -> Result<Option<(String, Report)>, sqlx::Error> {
    let mut conn = pool.acquire().await?;
    let found = fingerprint(&mut conn).await?;
    if found == known {
        return Ok(None);
    }
    let report = timed(&mut conn, policy).await?;
    record(&mut conn, &found, &report).await?;
    Ok(Some((found, report)))
}

/// Keeps in the database what was proved, and answers the fingerprint before and its time. A standby takes
/// nothing down, and a database without the schema `tenancy`, or for another login, has no place for it.
async fn record(
    conn: &mut PgConnection,
    fingerprint: &str,
    report: &Report,
) -> Result<Option<(String, String)>, sqlx::Error> {
    // Not prepared: a pooler may be between. Both values are words without anything to quote.
    let sql = format!(
        "SELECT before, to_char(before_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at
         FROM tenancy.record_proof('{fingerprint}', '{}')",
        report.verdict.as_str()
    );
    match sqlx::raw_sql(AssertSqlSafe(sql)).fetch_optional(conn).await {
        Ok(before) => before.map(|row| Ok((row.try_get("before")?, row.try_get("at")?))).transpose(),
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("25006" | "3F000" | "42501" | "42883")) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn fingerprint(conn: &mut PgConnection) -> Result<String, sqlx::Error> {
    sqlx::raw_sql(include_str!("sql/fingerprint.sql")).fetch_one(conn).await?.try_get(0)
}

async fn timed(conn: &mut PgConnection, policy: &Policy) -> Result<Report, sqlx::Error> {
    let start = Instant::now();
    let report = prove_on(conn, policy).await?;
    let (millis, findings) = (start.elapsed().as_millis(), report.findings.len());
    tracing::info!(millis, findings, verdict = ?report.verdict, "the isolation of tenants was proved");
    Ok(report)
}

fn say(report: &Report) {
    match report.verdict {
        Verdict::Pass => {}
        Verdict::Warn => tracing::warn!(%report, "the database has changed"),
        Verdict::Refuse => {
            tracing::error!(%report, "the database has changed, and tenants are no longer apart");
        }
    }
}
