//! Notifications among processes of one tenant.
//!
//! The server's channels are everybody's. Here a channel is named after tenant and topic together, and
//! nobody gives the name: a transaction sends to its own tenant, a context listens to its own. What is heard
//! is a hint. It says that looking may be worth while, never that something is so: SQL that was injected
//! can send to any channel whose tenant it knows.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use sqlx::postgres::{PgListener, PgPoolOptions};
use tenancy_core::TenantId;

use crate::conn::TenantConn;
use crate::database::TenantDatabase;
use crate::scope::Authority;

/// What came over a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// What a transaction of the tenant said when it was committed.
    Said(String),
    /// The connection was lost and is back; anything may have been missed.
    Missed,
}

/// Hears one topic of one tenant, on a connection of its own. Dropping it stops listening.
#[derive(Debug)]
pub struct TenantListener(PgListener);

impl TenantConn {
    /// Tells who listens to this topic of this tenant, when the transaction is committed.
    ///
    /// # Errors
    ///
    /// The server's: among others for a text of 8000 bytes or more.
    pub async fn notify(&mut self, topic: &str, text: &str) -> sqlx::Result<()> {
        let channel = channel(self.tenant_id(), topic);
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(channel)
            .bind(text)
            .execute(self.within_transaction().await?)
            .await
            .map(drop)
    }
}

impl TenantDatabase {
    /// Listens to a topic of the context's tenant. It takes a direct connection: poolers do not pass
    /// notifications on.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached.
    pub async fn listen(
        &self,
        context: &(impl Authority + ?Sized),
        topic: &str,
    ) -> sqlx::Result<TenantListener> {
        let tenant = context.context().tenant_id();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(self.connect_options())
            .await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen(&channel(tenant, topic)).await?;
        Ok(TenantListener(listener))
    }
}

impl TenantListener {
    /// Waits for the next notification.
    ///
    /// # Errors
    ///
    /// When the connection is lost and cannot be made again.
    pub async fn heard(&mut self) -> sqlx::Result<Heard> {
        let heard = self.0.try_recv().await?;
        Ok(heard.map_or(Heard::Missed, |said| Heard::Said(said.payload().to_owned())))
    }
}

fn channel(tenant: TenantId, topic: &str) -> String {
    let hash = Sha256::new().chain_update(tenant.as_uuid()).chain_update(topic).finalize();
    let mut channel = String::from("tenant_");
    for byte in hash.iter().take(16) {
        let _ = write!(channel, "{byte:02x}");
    }
    channel
}
