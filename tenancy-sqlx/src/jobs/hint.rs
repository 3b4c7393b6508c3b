//! A hint that looking into the queue may be worth while.

#[cfg(feature = "apalis")]
use std::sync::Arc;

use crate::control::Gate;
use crate::hint::Hints;

const CHANNEL: &str = "tenancy_jobs";

/// Hears that something was enqueued, on a connection of its own. Dropping it stops listening.
///
/// Any tenant can notify; a flood makes at most one hint per 100 ms, and a hint says nothing but
/// that. Missing one costs a poll interval, no more.
#[derive(Debug)]
pub struct JobHints(Hints);

impl JobHints {
    /// Begins to listen, and goes on through every loss of the connection.
    pub fn listen(gate: &Gate) -> Self {
        Self(Hints::listen(gate.pool.connect_options().as_ref().clone(), CHANNEL))
    }

    /// Waits for the next hint; one that came since the last call counts.
    pub async fn next(&self) {
        self.0.next().await;
    }

    /// The mark that hints leave, for a future that must not borrow.
    #[cfg(feature = "apalis")]
    pub(super) fn mark(&self) -> Arc<tokio::sync::Notify> {
        self.0.mark()
    }
}
