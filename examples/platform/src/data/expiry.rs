//! The end of files that nobody gave roles to: a job that is due when a file's hour is over.
//!
//! The job is enqueued in the transaction that keeps the file, so that a file without an end cannot be.
//! It removes whatever of the tenant is over by then, and finds nothing where the file has become a
//! source meanwhile.

use serde_json::json;
use std::time::Duration;
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::jobs::{JobError, NewJob};

use super::store;
use crate::worker::{Handler, HandlerFuture, Work};

/// The kind of these jobs.
const KIND: &str = "upload_expiry";

/// How long a file waits; the column `expires_at` of `uploads` has the same default.
const WAITS: Duration = Duration::from_hours(1);

/// Has the files that are over by the end of an hour from now removed then.
pub(super) async fn schedule(tx: &mut TenantTx) -> Result<(), JobError> {
    tx.enqueue(&NewJob::new(KIND, json!({})).after(WAITS)).await?;
    Ok(())
}

/// Removes the tenant's files whose hour is over.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryHandler;

impl Handler for ExpiryHandler {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run<'a>(&'a self, work: &'a Work) -> HandlerFuture<'a> {
        Box::pin(async {
            let mut tx = work.begin().await?;
            let mut job = tx.hold(work.claimed()).await?;
            let removed = store::drop_expired_uploads(job.tx()).await?;
            job.done(&json!({ "removed": removed })).await?;
            Ok(tx.commit().await?)
        })
    }
}
