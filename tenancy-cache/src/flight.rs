//! One load per key and process at a time: who else asks waits for its result.
//!
//! 1. Whoever asks for a key *joins* its flight. The first becomes its leader and loads.
//! 2. The outcome reaches everybody aboard, a failure too. The flight has then left the table: the
//!    next to ask begins anew, so a failure is never remembered.
//! 3. A leader that is dropped, or panics, is replaced by one of those who wait.
//! 4. A change of the key takes its flight off the table: who asks after the change does not get what
//!    was loaded before it.
//!
//! The outcome is shared as JSON and each decodes its own; the leader keeps the value it has. An error
//! has one type per loader, unknown here, so it travels as `Any`.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenancy_core::TenantId;
use tokio::sync::OnceCell;

use crate::key::CacheKey;

/// How a load ended, for those who waited.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// With this value.
    Value(Arc<[u8]>),
    /// With this error.
    Failure(Arc<dyn Any + Send + Sync>),
    /// With something that only the leader may have: it was outdated by its end, or has no JSON form.
    Private,
}

type Cell = OnceCell<Outcome>;

/// The loads under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<CacheKey, Arc<Cell>>>);

impl Flights {
    /// A seat in the flight of `key`, which begins here if there is none.
    pub(crate) fn join<'a>(&'a self, key: &'a CacheKey) -> Seat<'a> {
        let cell = Arc::clone(self.table().entry(key.clone()).or_default());
        Seat { flights: self, key, cell }
    }

    /// Nobody joins the present flight of `key` any more.
    pub(crate) fn close(&self, key: &CacheKey) {
        self.table().remove(key);
    }

    /// Nobody joins a present flight of the tenant any more.
    pub(crate) fn close_all(&self, tenant: TenantId) {
        self.table().retain(|key, _| key.tenant() != tenant);
    }

    /// How many loads are under way.
    pub(crate) fn len(&self) -> usize {
        self.table().len()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<CacheKey, Arc<Cell>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seat in a flight; the last to leave clears the table.
pub(crate) struct Seat<'a> {
    flights: &'a Flights,
    key: &'a CacheKey,
    cell: Arc<Cell>,
}

impl Seat<'_> {
    /// The flight's outcome: another's, or that of `lead`.
    pub(crate) async fn outcome(&self, lead: impl Future<Output = Outcome>) -> &Outcome {
        let lead = async {
            let outcome = lead.await;
            self.leave();
            outcome
        };
        self.cell.get_or_init(|| lead).await
    }

    /// Takes this flight off the table, unless another has begun under the key.
    fn leave(&self) {
        let mut table = self.flights.table();
        if table.get(self.key).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell)) {
            table.remove(self.key);
        }
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut table = self.flights.table();
        // The table's and this one: seats are taken under the same lock, so no third can appear.
        let last = Arc::strong_count(&self.cell) == 2;
        if last && table.get(self.key).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell)) {
            table.remove(self.key);
        }
    }
}
