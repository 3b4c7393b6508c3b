//! The leases a worker has, by its own clock.
//!
//! The database decides who owns a job. This book is the worker's side of it, kept so that work ends
//! even when the database cannot be asked: a lease counts from the moment *before* the question that
//! got or moved it, so here it never outlasts the server's. Dropping a [`Lease`] takes it out of the
//! book; it is then no longer extended and runs out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::{ClaimedJob, StillOwn};
use tenancy_core::{JobId, TenantId};

type Key = (TenantId, JobId, i32);

/// When a lease runs out; `None` once it is known to be lost.
type Deadline = Option<Instant>;

/// The book. Cheap to clone; all clones are one book.
#[derive(Clone, Default)]
pub struct Leases {
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
    freed: Arc<Notify>,
}

struct Entry {
    job: ClaimedJob,
    deadline: watch::Sender<Deadline>,
}

/// The right to work on a job, as long as it lasts.
pub struct Lease {
    key: Key,
    deadline: watch::Receiver<Deadline>,
    book: Leases,
}

/// A claimed job with its lease: what a worker is handed.
#[derive(Debug)]
pub struct LeasedJob {
    /// The job.
    pub claimed: ClaimedJob,
    /// The lease; work stops when it is lost.
    pub lease: Lease,
}

impl Leases {
    /// Enters a job that was claimed with a lease until `deadline`.
    pub fn enter(&self, claimed: ClaimedJob, deadline: Instant) -> LeasedJob {
        let key = key(&claimed);
        let (sender, receiver) = watch::channel(Some(deadline));
        self.lock().insert(key, Entry { job: claimed.clone(), deadline: sender });
        LeasedJob { claimed, lease: Lease { key, deadline: receiver, book: self.clone() } }
    }

    /// The jobs whose leases are to be extended.
    pub fn held(&self) -> Vec<ClaimedJob> {
        self.lock()
            .values()
            .filter(|entry| entry.deadline.borrow().is_some())
            .map(|e| e.job.clone())
            .collect()
    }

    /// How many jobs are being worked on, lost ones that have not stopped yet included.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing is being worked on.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the server's answer about the jobs it was `asked` about: what it moved lasts until
    /// `deadline`, what it does not list is lost.
    pub fn answered(&self, asked: &[ClaimedJob], own: &[StillOwn], deadline: Instant) {
        let entries = self.lock();
        for job in asked {
            let Some(entry) = entries.get(&key(job)) else { continue };
            let found = own.iter().find(|own| (own.tenant, own.job, own.attempt) == key(job));
            match found {
                Some(own) if own.extended => drop(entry.deadline.send_replace(Some(deadline))),
                Some(_) => {}
                None => drop(entry.deadline.send_replace(None)),
            }
        }
    }

    /// Waits until a lease was dropped; one that was dropped since the last call counts.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Whether the job is no longer this worker's.
    pub fn is_lost(&self) -> bool {
        self.deadline.borrow().is_none_or(|deadline| deadline <= Instant::now())
    }

    /// Waits until the job is no longer this worker's.
    pub async fn lost(&mut self) {
        loop {
            let Some(deadline) = *self.deadline.borrow_and_update() else { return };
            tokio::select! {
                () = sleep_until(deadline) => return,
                changed = self.deadline.changed() => if changed.is_err() { return },
            }
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.book.lock().remove(&self.key);
        self.book.freed.notify_one();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("job", &self.key.1)
            .field("attempt", &self.key.2)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leases").field("held", &self.len()).finish_non_exhaustive()
    }
}

fn key(job: &ClaimedJob) -> Key {
    (job.tenant_id(), job.job_id(), job.attempt())
}
