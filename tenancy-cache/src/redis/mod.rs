//! Entries in a redis server, shared by every process that is given its address.
//!
//! 1. *Bounded.* A request takes [`timeout`](Redis::timeout) at most; a call of the cache waits for one
//!    that fails and asks no further. After several failures in a row the server is left alone for a
//!    [`rest`](Redis::rest), and calls do not wait at all.
//! 2. *Not believed.* What lies under a key is a miss unless it is an envelope of that key, of the
//!    present epoch and within the bound; a larger value is not even fetched.
//! 3. *Nothing old comes back.* A change that does not reach the server, or is dropped on its way, is
//!    owed: the tenant reads nothing until it has been purged, which is tried until it is done.
//!
//! Several applications can share a server under different [`prefix`](Redis::prefix)es. The server
//! needs no setting; with a bound on its memory it should evict (`allkeys-lru`).

mod breaker;
mod command;
mod debt;
mod link;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ::redis::{Client, Pipeline, Value};
use tenancy_core::TenantId;

use self::command::{Commands, number};
use self::debt::Debts;
use self::link::Link;
use crate::BackendError;
use crate::backend::{Answer, Backend, Begun, Ticket};
use crate::envelope::Entry;
use crate::key::CacheKey;
use crate::ttl::{Random, SystemRandom};

/// Why a redis backend could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisError {
    /// The address has no form that is understood, such as `redis://host:6379/0`.
    #[error("not the address of a redis server")]
    Address(#[source] ::redis::RedisError),

    /// A prefix is 1 to 32 of `a-z`, `0-9`, `-` and `_`.
    #[error("a prefix of keys is 1 to 32 of a-z, 0-9, - and _")]
    Prefix,
}

/// A store of entries in a redis server. See the [module docs](self).
pub struct Redis {
    link: Arc<Link>,
    commands: Commands,
    debts: Arc<Debts>,
    random: Arc<dyn Random>,
}

impl Redis {
    /// A store in the server at `address`, which is not asked before the first request.
    pub fn open(address: &str) -> Result<Self, RedisError> {
        let client = Client::open(address).map_err(RedisError::Address)?;
        Ok(Self {
            link: Arc::new(Link::new(client)),
            commands: Commands { prefix: "tenancy".to_owned(), bound: 1024 * 1024 },
            debts: Arc::default(),
            random: Arc::new(SystemRandom),
        })
    }

    /// The longest that a request may take: 100 ms unless said otherwise.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.relinked(|link| link.timeout = timeout)
    }

    /// How long a server that failed is left alone: a second unless said otherwise.
    #[must_use]
    pub fn rest(self, rest: Duration) -> Self {
        self.relinked(|link| link.rest = rest)
    }

    /// The most bytes of an entry with its envelope: a mebibyte unless said otherwise.
    #[must_use]
    pub const fn max_bytes(mut self, bound: usize) -> Self {
        self.commands.bound = bound;
        self
    }

    /// What all keys begin with: `tenancy` unless said otherwise.
    pub fn prefix(mut self, prefix: &str) -> Result<Self, RedisError> {
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if !(1..=32).contains(&prefix.len()) || !prefix.bytes().all(known) {
            return Err(RedisError::Prefix);
        }
        prefix.clone_into(&mut self.commands.prefix);
        Ok(self)
    }

    /// Takes randomness, of which epochs are made, from `random` instead of the system.
    #[must_use]
    pub fn with_random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Before the first request the link is this value's alone.
    fn relinked(mut self, change: impl FnOnce(&mut Link)) -> Self {
        if let Some(link) = Arc::get_mut(&mut self.link) {
            change(link);
        }
        self
    }

    /// Asks on behalf of a tenant that owes nothing, or no longer.
    async fn ask(&self, tenant: TenantId, request: &Pipeline) -> Result<Vec<Value>, BackendError> {
        if let Some(debt) = self.debts.of(tenant) {
            self.link.ask(&self.commands.purge(tenant, self.random.next())).await?;
            self.debts.settled(tenant, debt);
        }
        self.link.ask(request).await
    }

    /// Makes a change, now or later.
    async fn change(&self, tenant: TenantId, request: &Pipeline) -> Result<(), BackendError> {
        let pending = self.debts.pending(tenant, || self.pay());
        self.ask(tenant, request).await?;
        pending.paid();
        Ok(())
    }

    /// Purges who owes, in a task of its own, until nobody does.
    fn pay(&self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.debts.take_over() {
            return;
        }
        let (link, debts) = (Arc::downgrade(&self.link), Arc::clone(&self.debts));
        let (commands, random) = (self.commands.clone(), Arc::clone(&self.random));
        runtime.spawn(async move {
            // Ends with the cache: the link is gone then.
            while let Some(link) = link.upgrade() {
                let tenants = debts.left();
                if tenants.is_empty() {
                    return;
                }
                for tenant in tenants {
                    let Some(debt) = debts.of(tenant) else { continue };
                    if link.ask(&commands.purge(tenant, random.next())).await.is_err() {
                        break;
                    }
                    debts.settled(tenant, debt);
                }
                let rest = link.rest;
                drop(link);
                tokio::time::sleep(rest).await;
            }
        });
    }

    fn open_entry(
        &self,
        key: &CacheKey,
        stored: &Value,
        epoch: &Value,
    ) -> Result<Option<Entry>, BackendError> {
        let Some(envelope) = self.commands.envelope(stored, epoch)? else { return Ok(None) };
        Entry::open(key, envelope).map(Some).ok_or(BackendError::Unreadable)
    }

    fn sealed(&self, entry: &Entry) -> Result<Vec<u8>, BackendError> {
        let (sealed, bound) = (entry.seal(), self.commands.bound);
        if sealed.len() > bound {
            return Err(BackendError::TooLarge { bytes: sealed.len(), bound });
        }
        Ok(sealed)
    }
}

/// How long the server is to keep the entry.
fn left(entry: &Entry, now: SystemTime) -> Duration {
    entry.expires().duration_since(now).unwrap_or_default()
}

impl Backend for Redis {
    fn read<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Option<Entry>> {
        Box::pin(async move {
            let answer = self.ask(key.tenant(), &self.commands.read(key)).await?;
            let [stored, epoch] = &answer[..] else { return Err(BackendError::Unreadable) };
            self.open_entry(key, stored, epoch)
        })
    }

    fn begin<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, Begun> {
        Box::pin(async move {
            let fresh = Ticket { epoch: self.random.next(), fence: self.random.next() };
            let answer = self.ask(key.tenant(), &self.commands.begin(key, fresh)).await?;
            let [Value::Array(parts)] = &answer[..] else { return Err(BackendError::Unreadable) };
            let [stored, epoch, fence] = &parts[..] else { return Err(BackendError::Unreadable) };
            let ticket = Ticket { epoch: number(epoch)?, fence: number(fence)? };
            // What cannot be read there is written over.
            Ok(Begun { found: self.open_entry(key, stored, epoch).unwrap_or_default(), ticket })
        })
    }

    fn fill(&self, ticket: Ticket, entry: Entry, now: SystemTime) -> Answer<'_, bool> {
        Box::pin(async move {
            let (key, sealed) = (entry.key(), self.sealed(&entry)?);
            let request = self.commands.fill(key, ticket, &sealed, left(&entry, now));
            let answer = self.ask(key.tenant(), &request).await?;
            Ok(answer == [Value::Int(1)])
        })
    }

    fn write(&self, entry: Entry, now: SystemTime) -> Answer<'_, ()> {
        Box::pin(async move {
            let key = entry.key();
            match self.sealed(&entry) {
                Ok(sealed) => {
                    let fresh = self.random.next();
                    let request = self.commands.write(key, fresh, &sealed, left(&entry, now));
                    self.change(key.tenant(), &request).await
                }
                // The one that it was to replace goes all the same.
                Err(error) => self.change(key.tenant(), &self.commands.remove(key)).await.and(Err(error)),
            }
        })
    }

    fn remove<'a>(&'a self, key: &'a CacheKey) -> Answer<'a, ()> {
        Box::pin(async move { self.change(key.tenant(), &self.commands.remove(key)).await })
    }

    fn purge(&self, tenant: TenantId) -> Answer<'_, ()> {
        Box::pin(async move { self.change(tenant, &self.commands.purge(tenant, self.random.next())).await })
    }
}

/// Without the address, which may hold a password.
impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.commands.prefix).finish_non_exhaustive()
    }
}
