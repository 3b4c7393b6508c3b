//! What tests need: a context from nothing, a clock moved by hand, stores in memory.
//!
//! Behind the feature `testing`, so that none of it can be reached from a production build by
//! accident.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::store::{
    Answer, Credential, CredentialStore, Directory, NewSession, Session, SessionStore, TokenHash,
};
use crate::{
    Actor, Clock, Identity, Lifecycle, Origin, Role, Tenant, TenantContext, TenantId, TenantKey,
    TenantRecord, UserId,
};

/// An active tenant with this address name.
///
/// # Panics
///
/// When `slug` is no slug.
pub fn tenant(slug: &str) -> Arc<Tenant> {
    Arc::new(Tenant::from_directory(record(slug)))
}

/// The record of an active tenant, to be changed before it is put in a directory.
///
/// # Panics
///
/// When `slug` is no slug.
pub fn record(slug: &str) -> TenantRecord {
    TenantRecord {
        id: TenantId::new(),
        slug: slug.parse().expect("a slug"),
        name: slug.to_owned(),
        status: Lifecycle::Active,
        plan: "starter".parse().expect("a plan"),
        settings: serde_json::json!({}),
    }
}

/// A context of a tenant that exists nowhere but in this test, with its owner as actor.
///
/// # Panics
///
/// When `slug` is no slug.
pub fn context(slug: &str) -> TenantContext {
    context_of(&tenant(slug))
}

/// A context of a tenant with its owner as actor.
///
/// # Panics
///
/// When the tenant is not active.
pub fn context_of(tenant: &Arc<Tenant>) -> TenantContext {
    let actor = Actor::Member { user: UserId::new(), role: Role::Owner };
    TenantContext::active(Arc::clone(tenant), actor, Origin::Test).expect("an active tenant")
}

/// A context of a tenant with this id, for tests whose tenants were made by SQL.
pub fn context_with_id(id: TenantId) -> TenantContext {
    context_of(&Arc::new(Tenant::from_directory(TenantRecord { id, ..record("test-tenant") })))
}

/// A clock that stands still until it is moved.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// A clock that shows this many seconds since 1970.
    pub fn at(seconds: u64) -> Self {
        Self(Arc::new(Mutex::new(UNIX_EPOCH + Duration::from_secs(seconds))))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tenants in memory.
#[derive(Debug, Default)]
pub struct MemoryDirectory(Mutex<Vec<Arc<Tenant>>>);

impl MemoryDirectory {
    /// A directory of these tenants.
    pub fn of(records: impl IntoIterator<Item = TenantRecord>) -> Self {
        Self(Mutex::new(records.into_iter().map(|r| Arc::new(Tenant::from_directory(r))).collect()))
    }
}

impl Directory for MemoryDirectory {
    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>> {
        let tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tenants.iter().find(|tenant| match key {
            TenantKey::Slug(slug) => tenant.slug() == slug,
            TenantKey::Id(id) => tenant.id() == *id,
        });
        let found = found.cloned();
        Box::pin(async move { Ok(found) })
    }
}

/// Passwords in memory.
#[derive(Debug, Default)]
pub struct MemoryCredentials(Mutex<Vec<(String, Credential)>>);

impl MemoryCredentials {
    /// Adds a member's credential.
    pub fn add(&self, email: &str, credential: Credential) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((email.to_lowercase(), credential));
    }
}

impl CredentialStore for MemoryCredentials {
    fn find<'a>(&'a self, tenant: TenantId, email: &'a str) -> Answer<'a, Option<Credential>> {
        let email = email.to_lowercase();
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = rows.iter().find(|(e, c)| *e == email && c.identity.tenant_id == tenant);
        let found = found.map(|(_, credential)| credential.clone());
        Box::pin(async move { Ok(found) })
    }
}

/// Sessions in memory; they do not expire.
#[derive(Debug, Default)]
pub struct MemorySessions(Mutex<HashMap<TokenHash, Session>>);

impl SessionStore for MemorySessions {
    fn open<'a>(&'a self, session: &'a NewSession) -> Answer<'a, ()> {
        let identity: Identity = session.identity.clone();
        let open = Session { id: session.id, identity };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(session.token, open);
        Box::pin(async { Ok(()) })
    }

    fn find<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, Option<Session>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn end<'a>(&'a self, token: &'a TokenHash) -> Answer<'a, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token);
        Box::pin(async { Ok(()) })
    }
}
