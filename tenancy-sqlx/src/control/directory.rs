//! Which tenants there are, remembered for a second.
//!
//! A change shows on every node within that second; a name that is not there is never remembered,
//! so a new tenant is served at once and strangers cannot fill the memory with names they make up.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use sqlx::Row;
use sqlx::postgres::PgRow;
use tenancy_core::store::{Answer, Directory};
use tenancy_core::{Clock, StoreError, Tenant, TenantId, TenantKey, TenantRecord};

use super::{Gate, parse, unavailable};
use crate::tx::TenantTx;

const REMEMBERED: Duration = Duration::from_secs(1);
const MOST: usize = 10_000;

/// Tenants that were looked up a moment ago.
pub(super) struct Near {
    clock: Arc<dyn Clock>,
    tenants: RwLock<HashMap<TenantKey, (SystemTime, Arc<Tenant>)>>,
}

impl Near {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tenants: RwLock::default() }
    }

    fn get(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        let now = self.clock.now();
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(key).filter(|(until, _)| *until > now).map(|(_, tenant)| Arc::clone(tenant))
    }

    fn put(&self, key: TenantKey, tenant: Arc<Tenant>) {
        let now = self.clock.now();
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        if tenants.len() >= MOST {
            tenants.retain(|_, (until, _)| *until > now);
        }
        if tenants.len() < MOST {
            tenants.insert(key, (now + REMEMBERED, tenant));
        }
    }
}

/// The memory of this node's directory, for whoever changes a tenant and wants to see it at once.
/// It can only forget: it finds nobody.
#[derive(Clone)]
pub struct DirectoryMemory(Arc<Near>);

impl DirectoryMemory {
    /// Forgets every tenant, so that the next request asks the database again.
    pub fn clear(&self) {
        self.0.tenants.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl fmt::Debug for DirectoryMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirectoryMemory(..)")
    }
}

impl Gate {
    /// The memory of this node's directory.
    pub fn directory_memory(&self) -> DirectoryMemory {
        DirectoryMemory(Arc::clone(&self.near))
    }
}

impl Directory for Gate {
    fn peek(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        self.near.get(key)
    }

    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>> {
        Box::pin(async move {
            if let Some(tenant) = self.near.get(key) {
                return Ok(Some(tenant));
            }
            let query = match key {
                TenantKey::Slug(slug) => {
                    sqlx::query("SELECT * FROM control.tenant_by_slug($1)").bind(slug.as_str().to_owned())
                }
                TenantKey::Id(id) => sqlx::query("SELECT * FROM control.tenant_by_id($1)").bind(id.as_uuid()),
                _ => return Ok(None),
            };
            let Some(row) = query.fetch_optional(&self.pool).await.map_err(unavailable)? else {
                return Ok(None);
            };
            let tenant = Arc::new(Tenant::from_directory(record(&row)?));
            self.near.put(key.clone(), Arc::clone(&tenant));
            Ok(Some(tenant))
        })
    }
}

impl TenantTx {
    /// The transaction's own tenant as the database has it now, where the context may be a moment old.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database refuses or what is stored cannot be read.
    pub async fn tenant(&mut self) -> Result<Tenant, StoreError> {
        let row = sqlx::query("SELECT * FROM control.own_tenant()").fetch_one(&mut **self).await;
        Ok(Tenant::from_directory(record(&row.map_err(unavailable)?)?))
    }
}

fn record(row: &PgRow) -> Result<TenantRecord, StoreError> {
    let text = |column| row.try_get::<String, _>(column).map_err(unavailable);
    Ok(TenantRecord {
        id: TenantId::from_uuid(row.try_get("id").map_err(unavailable)?),
        slug: parse(&text("subdomain")?)?,
        name: text("name")?,
        status: parse(&text("status")?)?,
        plan: parse(&text("plan")?)?,
        settings: row.try_get("settings").map_err(unavailable)?,
    })
}
