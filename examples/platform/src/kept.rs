//! What was computed for a tenant and is kept, in this process or in a redis server that several share.
//!
//! | space           | name             | holds                       | right because                          |
//! |-----------------|------------------|-----------------------------|----------------------------------------|
//! | `tenant`        | `config`         | plan, features and limits   | [`forget`](Kept::forget) after a change |
//! | `mmm-run`       | the run          | a run that has ended        | it does not change again               |
//! | `mmm-results`   | source and run   | the figures of the overview | the name says what they were made from |
//!
//! Losing it costs time and nothing else: with the server away everything is computed again, and
//! `cache_errors_total` rises. Counters have a label for the space and none for the tenant.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tenancy_cache::redis::Redis;
use tenancy_cache::{Cache, DEFAULT_TTL, Event, Local, Observer};
use tenancy_core::{SystemClock, TenantContext, TenantId};

use crate::failure::Failure;

/// Bytes that are kept in this process where there is no server.
const LOCAL_BYTES: u64 = 32 * 1024 * 1024;

/// How long a configuration is kept in a server, should nobody be able to tell it of a change.
const CONFIG_SHARED: Duration = Duration::from_mins(5);

/// The same in this process, which hears of no other's changes.
const CONFIG_ALONE: Duration = Duration::from_secs(1);

/// A kind of thing that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// What a tenant may use.
    Config,
    /// Runs that have ended.
    Run,
    /// The figures of the overview.
    Results,
}

impl Space {
    const ALL: [Self; 3] = [Self::Config, Self::Run, Self::Results];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "tenant",
            Self::Run => "mmm-run",
            Self::Results => "mmm-results",
        }
    }
}

/// What is kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Kept {
    cache: Cache,
    config: Duration,
}

impl Kept {
    /// Keeps in the server, or in this process where there is none.
    pub fn new(server: Option<Redis>) -> Self {
        let clock = Arc::new(SystemClock);
        let (cache, config) = match server {
            Some(server) => (Cache::new(server, clock), CONFIG_SHARED),
            None => (Cache::new(Local::with_weight(LOCAL_BYTES), clock), CONFIG_ALONE),
        };
        Self { cache: cache.observed_by(Arc::new(Counted)), config }
    }

    /// What the tenant's people see of its plan; `load` asks the database.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    pub async fn config<T, F>(&self, context: &TenantContext, load: impl FnOnce() -> F) -> Result<T, Failure>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, Failure>>,
    {
        let cache = self.cache.scope(context);
        let loaded = cache.get_or_load_for(Space::Config.as_str(), "config", self.config, load).await;
        loaded.map_err(Failure::from)
    }

    /// What is found under a name that says all that it depends on; `load` makes it.
    ///
    /// # Errors
    ///
    /// Those of `load`.
    pub async fn made<T, F>(
        &self,
        context: &TenantContext,
        space: Space,
        name: &str,
        load: impl FnOnce() -> F,
    ) -> Result<T, Failure>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, Failure>>,
    {
        let loaded = self.cache.scope(context).get_or_load_for(space.as_str(), name, DEFAULT_TTL, load).await;
        loaded.map_err(Failure::from)
    }

    /// What was [put](Self::put) under this name. A value of an older program's shape counts as none.
    pub async fn find<T: DeserializeOwned>(
        &self,
        context: &TenantContext,
        space: Space,
        name: &str,
    ) -> Option<T> {
        self.cache.scope(context).get(space.as_str(), name).await.unwrap_or_default()
    }

    /// Keeps what will not change again.
    ///
    /// # Errors
    ///
    /// [`Failure::Internal`] for a value without a JSON form.
    pub async fn put<T: Serialize>(
        &self,
        context: &TenantContext,
        space: Space,
        name: &str,
        value: &T,
    ) -> Result<(), Failure> {
        let put = self.cache.scope(context).set(space.as_str(), name, value).await;
        put.map_err(Failure::internal)
    }

    /// Forgets everything of a tenant that was changed just now.
    pub async fn forget(&self, context: &TenantContext) {
        self.cache.scope(context).purge().await;
    }
}

/// Turns what happens in the cache into counters.
struct Counted;

impl Observer for Counted {
    fn record(&self, _: TenantId, space: Option<&str>, event: Event<'_>) {
        let known = Space::ALL.into_iter().find(|known| Some(known.as_str()) == space);
        let space = known.map_or("all", Space::as_str);
        match event {
            Event::Hit => counter!("cache_hits_total", "space" => space).increment(1),
            Event::Miss => counter!("cache_misses_total", "space" => space).increment(1),
            Event::Failed(error) => {
                tracing::debug!(error = error as &dyn std::error::Error, space, "the cache failed");
                counter!("cache_errors_total", "space" => space).increment(1);
            }
            _ => {}
        }
    }
}
