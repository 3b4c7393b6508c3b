//! News of runs for everybody who watches: one poller a process, however many pages are open.
//!
//! A watcher takes a [`Seat`] at a run. While any seat is taken, one task asks the database twice a
//! second, tenant by tenant, each in its own transaction, for all runs of that tenant that are
//! watched, and publishes what changed. It ends with the last seat. So the load on the database does
//! not grow with the number of watchers, and a watcher who stays away costs nothing: dropping the
//! seat is all there is to leaving, and the run never knows that it was watched.
//!
//! Seats are limited per tenant: streams are connections, and one tenant must not have them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenancy_core::{JobId, TenantContext, TenantId};
use tenancy_sqlx::TenantDatabase;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::analysis::{self, Run};

/// How many seats one tenant may have in this process.
pub const SEATS: usize = 20;

/// How often the database is asked.
const POLL: Duration = Duration::from_millis(500);

/// How long one tenant's answer may take before the others' turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The shared poller. Cheap to clone; it runs only while somebody watches.
#[derive(Clone, Debug)]
pub struct Feed {
    database: TenantDatabase,
    tenants: Arc<Mutex<Tenants>>,
}

#[derive(Debug, Default)]
struct Tenants {
    watched: HashMap<TenantId, Watched>,
    polling: bool,
}

#[derive(Debug)]
struct Watched {
    /// Of the watcher who came last; only the tenant in it is used.
    context: TenantContext,
    seats: usize,
    runs: HashMap<JobId, watch::Sender<Run>>,
}

/// The tenant's seats are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {SEATS} live views of this tenant are in use")]
pub struct Full;

/// A place to watch one run from. Dropping it is leaving.
#[derive(Debug)]
pub struct Seat {
    news: watch::Receiver<Run>,
    tenant: TenantId,
    feed: Feed,
}

impl Feed {
    /// A feed nobody watches yet.
    pub fn new(database: TenantDatabase) -> Self {
        Self { database, tenants: Arc::default() }
    }

    /// Takes a seat at a run that was read in this context just now.
    ///
    /// # Errors
    ///
    /// [`Full`].
    pub fn watch(&self, context: &TenantContext, run: Run) -> Result<Seat, Full> {
        let tenant = context.tenant_id();
        let mut tenants = self.lock();
        let watched = tenants.watched.entry(tenant).or_insert_with(|| Watched {
            context: context.clone(),
            seats: 0,
            runs: HashMap::new(),
        });
        if watched.seats >= SEATS {
            return Err(Full);
        }
        watched.seats += 1;
        watched.context = context.clone();
        let news = watched.runs.entry(run.id).or_insert_with(|| watch::Sender::new(run)).subscribe();
        if !tenants.polling {
            tenants.polling = true;
            tokio::spawn(self.clone().poll());
        }
        Ok(Seat { news, tenant, feed: self.clone() })
    }

    async fn poll(self) {
        let _stopped = Stopped(&self);
        let mut tick = interval(POLL);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Some(asked) = self.asked() else { return };
            for (context, runs) in asked {
                match timeout(PATIENCE, self.read(&context, &runs)).await {
                    Ok(Ok(news)) => self.publish(context.tenant_id(), &runs, &news),
                    Ok(Err(error)) => tracing::debug!(%error, "no news of watched runs"),
                    Err(_) => tracing::debug!("no news of watched runs: the database took too long"),
                }
            }
        }
    }

    /// What is watched, without what nobody watches any more; `None` ends the poller.
    fn asked(&self) -> Option<Vec<(TenantContext, Vec<JobId>)>> {
        let mut tenants = self.lock();
        tenants.watched.retain(|_, watched| {
            watched.runs.retain(|_, news| news.receiver_count() > 0);
            watched.seats > 0
        });
        if tenants.watched.is_empty() {
            // Within the lock, so that whoever comes next starts another poller.
            tenants.polling = false;
            return None;
        }
        let watched = tenants.watched.values().filter(|watched| !watched.runs.is_empty());
        Some(watched.map(|w| (w.context.clone(), w.runs.keys().copied().collect())).collect())
    }

    async fn read(&self, context: &TenantContext, runs: &[JobId]) -> anyhow::Result<Vec<Run>> {
        let mut tx = self.database.begin_read(context).await?;
        Ok(analysis::read_all(&mut tx, runs).await?)
    }

    /// Tells the news. A run that has ended, or is gone, is not asked about again.
    fn publish(&self, tenant: TenantId, asked: &[JobId], news: &[Run]) {
        let mut tenants = self.lock();
        let Some(watched) = tenants.watched.get_mut(&tenant) else { return };
        for id in asked {
            let run = news.iter().find(|run| run.id == *id);
            if let (Some(run), Some(sender)) = (run, watched.runs.get(id)) {
                sender.send_if_modified(|last| {
                    let changed = last != run;
                    last.clone_from(run);
                    changed
                });
            }
            if run.is_none_or(|run| run.state.is_final()) {
                watched.runs.remove(id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that there is no poller, whatever ended it.
struct Stopped<'a>(&'a Feed);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().polling = false;
        }
    }
}

impl Seat {
    /// How the run stands.
    pub fn now(&mut self) -> Run {
        self.news.borrow_and_update().clone()
    }

    /// Waits for news; `false` once there will be none.
    pub async fn changed(&mut self) -> bool {
        self.news.changed().await.is_ok()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(watched) = self.feed.lock().watched.get_mut(&self.tenant) {
            watched.seats -= 1;
        }
    }
}
