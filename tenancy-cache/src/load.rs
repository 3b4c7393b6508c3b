//! Reading through the cache: what is not there is loaded, once, and stored if it is still true.
//!
//! 1. *Look.* A value that is there, fresh and of the right type is the answer. A backend that fails
//!    here is not asked again in this call, so it costs one bounded wait.
//! 2. *Join* the key's flight (see [`flight`](crate::flight)): one caller leads, the others wait.
//! 3. The leader *begins*: it gets a ticket, or a value that somebody stored since it looked.
//! 4. It *loads*, and *fills* by the ticket. A ticket that became worthless means that the key was
//!    changed meanwhile: the leader's own call began before the change, so it keeps what it loaded;
//!    those who waited may have come after it, and load again.
//!
//! Nothing of this fails because the cache does: only the loader's error comes out.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Ticket;
use crate::envelope::Entry;
use crate::flight::Outcome;
use crate::key::CacheKey;
use crate::observe::Event;
use crate::scope::TenantCache;
use crate::ttl;

/// What the cache knows of a key.
enum Look<T> {
    Found(T),
    Missing,
    /// The backend cannot say.
    Dark,
}

impl TenantCache {
    /// The value of `name` in `space`; `load` finds it where the cache has none, and it is kept for the
    /// default time, less a little [jitter](ttl).
    ///
    /// However many ask for a key at once in this process, one loader runs. Its failure reaches all of
    /// them, which is why it comes in an [`Arc`], and is not kept. Callers of one key should agree on
    /// the types of value and error: those who do not load for themselves.
    ///
    /// # Errors
    ///
    /// The loader's.
    pub async fn get_or_load<T, E, F>(
        &self,
        space: &str,
        name: &str,
        load: impl FnOnce() -> F,
    ) -> Result<T, Arc<E>>
    where
        T: Serialize + DeserializeOwned,
        E: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        self.get_or_load_for(space, name, self.cache.ttl, load).await
    }

    /// As [`get_or_load`](Self::get_or_load), with the value kept for `ttl`.
    ///
    /// # Errors
    ///
    /// The loader's.
    pub async fn get_or_load_for<T, E, F>(
        &self,
        space: &str,
        name: &str,
        ttl: Duration,
        load: impl FnOnce() -> F,
    ) -> Result<T, Arc<E>>
    where
        T: Serialize + DeserializeOwned,
        E: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let key = self.key(space, name);
        let lit = match self.look(&key).await {
            Look::Found(value) => return Ok(value),
            Look::Missing => true,
            Look::Dark => false,
        };
        // Taken by the flight that this call leads; a call leads one at most.
        let mut load = Some(load);
        loop {
            let mut own = None;
            let seat = self.cache.flights.join(&key);
            let lead = async {
                let Some(load) = load.take() else { return Outcome::Private };
                let (result, outcome) = self.lead(&key, ttl, lit, load).await;
                own = Some(result);
                outcome
            };
            let outcome = seat.outcome(lead).await;
            if let Some(result) = own {
                return result;
            }
            match outcome {
                Outcome::Value(json) => {
                    if let Ok(value) = serde_json::from_slice(json) {
                        self.record(&key, Event::Joined);
                        return Ok(value);
                    }
                    self.record(&key, Event::WrongType);
                }
                Outcome::Failure(error) => {
                    if let Ok(error) = Arc::clone(error).downcast::<E>() {
                        self.record(&key, Event::Joined);
                        return Err(error);
                    }
                }
                Outcome::Private => {}
            }
        }
    }

    async fn look<T: DeserializeOwned>(&self, key: &CacheKey) -> Look<T> {
        let look = match self.cache.backend.read(key).await {
            Ok(Some(entry)) if self.accepts(&entry, key) => {
                if let Ok(value) = serde_json::from_slice(entry.value()) {
                    Look::Found(value)
                } else {
                    self.record(key, Event::WrongType);
                    Look::Missing
                }
            }
            Ok(_) => Look::Missing,
            Err(error) => {
                self.failed(key, &error);
                // What lies there can be written over.
                if matches!(error, crate::BackendError::Unreadable) { Look::Missing } else { Look::Dark }
            }
        };
        self.record(key, if matches!(look, Look::Found(_)) { Event::Hit } else { Event::Miss });
        look
    }

    /// Loads for everybody aboard: the result for the leader, the outcome for the others.
    async fn lead<T, E, F>(
        &self,
        key: &CacheKey,
        ttl: Duration,
        lit: bool,
        load: impl FnOnce() -> F,
    ) -> (Result<T, Arc<E>>, Outcome)
    where
        T: Serialize + DeserializeOwned,
        E: Send + Sync + 'static,
        F: Future<Output = Result<T, E>>,
    {
        let mut ticket = None;
        if lit {
            match self.cache.backend.begin(key).await {
                Ok(begun) => {
                    ticket = Some(begun.ticket);
                    if let Some(entry) = begun.found.filter(|entry| self.accepts(entry, key))
                        && let Ok(value) = serde_json::from_slice(entry.value())
                    {
                        return (Ok(value), Outcome::Value(Arc::clone(entry.value())));
                    }
                }
                Err(error) => self.failed(key, &error),
            }
        }
        let value = match load().await {
            Ok(value) => value,
            Err(error) => {
                self.record(key, Event::LoadFailed);
                let error = Arc::new(error);
                let shared: Arc<dyn Any + Send + Sync> = Arc::<E>::clone(&error);
                return (Err(error), Outcome::Failure(shared));
            }
        };
        self.record(key, Event::Loaded);
        let Ok(json) = serde_json::to_vec(&value).map(Arc::<[u8]>::from) else {
            self.record(key, Event::WrongType);
            return (Ok(value), Outcome::Private);
        };
        let current = match ticket {
            Some(ticket) => self.fill(ticket, key, ttl, &json).await,
            None => true,
        };
        (Ok(value), if current { Outcome::Value(json) } else { Outcome::Private })
    }

    /// Stores what was loaded; false if the key changed meanwhile.
    async fn fill(&self, ticket: Ticket, key: &CacheKey, ttl: Duration, json: &Arc<[u8]>) -> bool {
        let now = self.cache.clock.now();
        let ttl = ttl::jittered(ttl, self.cache.random.next());
        let entry = Entry::new(key.clone(), ttl::expiry(now, ttl), Arc::clone(json));
        match self.cache.backend.fill(ticket, entry, now).await {
            Ok(true) => true,
            Ok(false) => {
                self.record(key, Event::Outdated);
                false
            }
            Err(error) => {
                self.failed(key, &error);
                true
            }
        }
    }
}
