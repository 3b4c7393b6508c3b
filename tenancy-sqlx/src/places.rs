//! Who may hold how many connections: no tenant has all of them, whatever it asks for.
//!
//! A pool serves whoever comes first, so one tenant that asks often enough keeps every other waiting. Here
//! a caller takes one of its tenant's *places* before it asks the pool:
//!
//! 1. A tenant has as many places as its plan has connections, and never the pool's last connection.
//! 2. Who finds none waits in its own tenant's line, first come, first served.
//! 3. A place is given back when its connection is: also a rollback, and a statement whose caller has
//!    gone, keep the connection busy and so the place.
//!
//! So the pool's line holds no more callers of one tenant than it has places. Nothing is lost when a
//! waiting caller is dropped: a place that reaches nobody goes on to the next in line.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tenancy_core::TenantId;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The places of all tenants that hold one or wait for one.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<TenantId, Line>>);

/// A tenant's right to hold one connection. Dropping it lets the next in line have it.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    tenant: TenantId,
}

#[derive(Debug, Default)]
struct Line {
    most: usize,
    held: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

impl Places {
    /// Waits for a place of a tenant that has this many; `None` when there was none in time.
    pub(crate) async fn take(
        self: &Arc<Self>,
        tenant: TenantId,
        most: usize,
        wait: Duration,
    ) -> Option<Place> {
        let (caller, place) = oneshot::channel();
        self.change(tenant, |line| {
            line.most = most;
            line.waiting.push_back(caller);
        });
        timeout(wait, place).await.ok()?.ok()
    }

    /// Changes a tenant's line, then gives out what is free in it.
    fn change(self: &Arc<Self>, tenant: TenantId, change: impl FnOnce(&mut Line)) {
        let mut served = Vec::new();
        {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut entry = match lines.entry(tenant) {
                Entry::Occupied(entry) => entry,
                Entry::Vacant(entry) => entry.insert_entry(Line::default()),
            };
            let line = entry.get_mut();
            change(line);
            while line.held < line.most {
                let Some(caller) = line.waiting.pop_front() else { break };
                if !caller.is_closed() {
                    line.held += 1;
                    served.push(caller);
                }
            }
            if line.held == 0 {
                entry.remove();
            }
        }
        for caller in served {
            // A caller that left in between does not take it, and dropping it serves the next.
            drop(caller.send(Place { places: Arc::clone(self), tenant }));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.change(self.tenant, |line| line.held = line.held.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    const LONG: Duration = Duration::from_mins(1);

    fn polled<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    async fn have(places: &Arc<Places>, tenant: TenantId, most: usize) -> Place {
        places.take(tenant, most, LONG).await.expect("a place")
    }

    fn held(places: &Places) -> usize {
        places.0.lock().unwrap().values().map(|line| line.held).sum()
    }

    #[tokio::test]
    async fn a_tenant_has_no_more_than_its_places_and_the_first_in_line_is_served_first() {
        let (places, a, b) = (Arc::new(Places::default()), TenantId::new(), TenantId::new());
        let (first, second) = (have(&places, a, 2).await, have(&places, a, 2).await);
        let (mut third, mut fourth) = (pin!(places.take(a, 2, LONG)), pin!(places.take(a, 2, LONG)));
        assert!(polled(third.as_mut()).is_pending() && polled(fourth.as_mut()).is_pending());
        let other = have(&places, b, 2).await;
        drop(first);
        assert!(polled(fourth.as_mut()).is_pending());
        let Poll::Ready(Some(third)) = polled(third) else { panic!("the first in line was not served") };
        assert_eq!(held(&places), 3);
        drop((second, third, other));
        assert!(matches!(polled(fourth), Poll::Ready(Some(_))));
        assert!(places.0.lock().unwrap().is_empty(), "a tenant that holds nothing is still known");
    }

    #[tokio::test]
    async fn a_place_goes_past_those_who_have_left() {
        let (places, a) = (Arc::new(Places::default()), TenantId::new());
        let only = have(&places, a, 1).await;
        {
            let mut gone = pin!(places.take(a, 1, LONG));
            assert!(polled(gone.as_mut()).is_pending());
        }
        let mut patient = pin!(places.take(a, 1, LONG));
        {
            let mut served = pin!(places.take(a, 1, LONG));
            assert!(polled(served.as_mut()).is_pending() && polled(patient.as_mut()).is_pending());
            drop(only);
            // The place is on its way to the first, who leaves without looking.
        }
        assert!(matches!(polled(patient), Poll::Ready(Some(_))));
        assert_eq!(held(&places), 0);
    }

    #[tokio::test]
    async fn a_changed_plan_counts_from_the_next_caller_on() {
        let (places, a) = (Arc::new(Places::default()), TenantId::new());
        let one = have(&places, a, 1).await;
        let mut waiting = pin!(places.take(a, 1, LONG));
        assert!(polled(waiting.as_mut()).is_pending());
        let mut upgraded = pin!(places.take(a, 3, LONG));
        let Poll::Ready(Some(_three)) = polled(upgraded.as_mut()) else { panic!("the plan has three") };
        let Poll::Ready(Some(_two)) = polled(waiting) else { panic!("who waited may go as well") };
        let mut downgraded = pin!(places.take(a, 1, LONG));
        drop(one);
        assert!(polled(downgraded.as_mut()).is_pending(), "two are still held");
    }

    #[tokio::test]
    async fn waiting_ends() {
        let (places, a) = (Arc::new(Places::default()), TenantId::new());
        let _only = have(&places, a, 1).await;
        assert!(places.take(a, 1, Duration::from_millis(5)).await.is_none());
    }
}
