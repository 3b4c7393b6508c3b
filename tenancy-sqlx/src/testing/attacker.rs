//! Runs cases as the application's login, without anything of this crate in between.
//!
//! That is what SQL injected into a tenant's transaction has: the login's rights, the tenant's binding
//! and its seal. Every case runs in a transaction that is rolled back.

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgQueryResult};
use sqlx::{AssertSqlSafe, Connection, Either, Executor, PgConnection, SqlSafeStr};
use tenancy_core::TenantId;
use uuid::Uuid;

use super::case::{Came, Case, Way};
use super::error::{AttackError, at};
use super::scratch::Scratch;
use crate::seal::{Seal, SealKey};

/// Stands in scripts for what changes with the time: bindings and seals.
pub(super) mod token {
    /// Binds the attacked tenant, as its own transaction would be.
    pub(in crate::testing) const BIND_OTHER: &str = "$bind_other$";
    /// Binds the attacking tenant again.
    pub(in crate::testing) const BIND_MINE: &str = "$bind_mine$";
    /// Binds a tenant that does not exist, with a valid seal.
    pub(in crate::testing) const BIND_NOBODY: &str = "$bind_nobody$";
    /// That tenant.
    pub(in crate::testing) const NOBODY: &str = "$nobody$";
    /// Binds the attacked tenant with a seal that nobody's key made.
    pub(in crate::testing) const FORGED: &str = "$forged$";
    /// The same with the attacking tenant's own seal.
    pub(in crate::testing) const STOLEN: &str = "$stolen$";
    /// The same with a seal of the attacked tenant that was valid ten minutes ago.
    pub(in crate::testing) const REPLAYED: &str = "$replayed$";
}

/// Who attacks whom.
#[derive(Clone, Debug)]
pub(super) struct Sides {
    pub(super) mine: Uuid,
    pub(super) nobody: Uuid,
    /// The clone's key, where it is sealed.
    pub(super) key: Option<SealKey>,
}

impl Sides {
    fn bind(&self, tenant: Uuid, made: SystemTime) -> String {
        let id = TenantId::from_uuid(tenant);
        let seal = self.key.as_ref().map(|key| key.seal(id, made));
        set(tenant, seal.as_ref().map(Seal::as_str))
    }

    fn spell(&self, script: &str, other: Uuid) -> String {
        let now = SystemTime::now();
        let sealed = |tenant| self.key.as_ref().map(|key| key.seal(TenantId::from_uuid(tenant), now));
        let forged = sealed(other).map(|seal| {
            let (text, last) = seal.as_str().split_at(seal.as_str().len() - 1);
            format!("{text}{}", if last == "0" { "1" } else { "0" })
        });
        let own = sealed(self.mine);
        let long_ago = now - Duration::from_mins(10);
        [
            (token::BIND_OTHER, self.bind(other, now)),
            (token::BIND_MINE, self.bind(self.mine, now)),
            (token::BIND_NOBODY, self.bind(self.nobody, now)),
            (token::NOBODY, self.nobody.to_string()),
            (token::FORGED, set(other, forged.as_deref())),
            (token::STOLEN, set(other, own.as_ref().map(Seal::as_str))),
            (token::REPLAYED, self.bind(other, long_ago)),
        ]
        .into_iter()
        .fold(script.to_owned(), |script, (token, text)| script.replace(token, &text))
    }
}

fn set(tenant: Uuid, seal: Option<&str>) -> String {
    let seal = seal.map(|seal| format!("SET LOCAL app.tenant_seal = '{seal}'; ")).unwrap_or_default();
    format!("SET LOCAL app.tenant_id = '{tenant}'; {seal}")
}

/// A session of the application's login, and one of the administrator for what only schemas decide, which
/// also holds the locks of the tenants that are attacked.
pub(super) struct Attacker<'a> {
    app: PgConnection,
    admin: PgConnection,
    login: PgConnectOptions,
    sides: &'a Sides,
}

impl<'a> Attacker<'a> {
    pub(super) async fn connect(
        scratch: &Scratch,
        app: &PgConnectOptions,
        sides: &'a Sides,
        locks: &[i64],
    ) -> Result<Self, AttackError> {
        let login = scratch.login(app);
        let app = log_in(&login).await?;
        let mut admin = scratch.admin().await?;
        // As long as this session lasts, whoever asks for one of them waits.
        sqlx::query("SELECT pg_advisory_lock(key) FROM unnest($1::bigint[]) key")
            .bind(locks)
            .execute(&mut admin)
            .await
            .map_err(at("hold the other tenants' locks"))?;
        Ok(Self { app, admin, login, sides })
    }

    /// Tries it; the next case undoes what it did. `other` is whose rows it is after.
    pub(super) async fn attempt(&mut self, case: &Case, other: Uuid) -> Result<Came, AttackError> {
        let came = self.send(case, other).await;
        if came.is_err() && matches!(case.way, Way::CopyOut | Way::CopyIn) {
            // sqlx 0.9.0 does not wait for the end of a COPY that was refused.
            self.app = log_in(&self.login).await?;
        }
        match came {
            Ok(rows) => Ok(Came::Rows(rows)),
            Err(sqlx::Error::Database(error)) => {
                let code = error.code().map(Into::into).unwrap_or_default();
                let more = error.try_downcast_ref::<PgDatabaseError>().map(|error| {
                    let more = [error.detail(), error.hint(), error.r#where()];
                    more.into_iter().flatten().collect::<Vec<_>>().join("; ")
                });
                let text = format!("{} {}", error.message(), more.unwrap_or_default());
                let by = error.constraint().map(ToOwned::to_owned);
                Ok(Came::Refused { code, text: text.trim().to_owned(), by })
            }
            Err(source) => Err(at("try a case")(source)),
        }
    }

    async fn send(&mut self, case: &Case, other: Uuid) -> sqlx::Result<u64> {
        let text = self.sides.spell(&case.script, other);
        let bound = self.sides.bind(self.sides.mine, SystemTime::now());
        let bound = if matches!(case.way, Way::Unbound | Way::Admin) { "" } else { bound.as_str() };
        // Prepared statements outlive a rollback.
        let begin = format!("ROLLBACK; DEALLOCATE ALL; BEGIN; SET LOCAL statement_timeout = '10s'; {bound}");
        match case.way {
            Way::Bound | Way::Unbound => script(&mut self.app, format!("{begin}{text}")).await,
            Way::Admin => script(&mut self.admin, format!("{begin}{text}")).await,
            Way::CopyOut => {
                script(&mut self.app, begin).await?;
                let out = self.app.copy_out_raw(&text).await?;
                let chunks: Vec<_> = out.try_collect().await?;
                // One line a row.
                let lines = chunks.iter().flat_map(|chunk| chunk.iter()).filter(|byte| **byte == b'\n');
                Ok(lines.count() as u64)
            }
            Way::CopyIn => {
                script(&mut self.app, begin).await?;
                self.app.copy_in_raw(&text).await?.finish().await
            }
        }
    }

    pub(super) async fn leave(self) -> Result<(), AttackError> {
        self.app.close().await.map_err(at("leave the clone"))?;
        self.admin.close().await.map_err(at("leave the clone"))
    }
}

async fn log_in(login: &PgConnectOptions) -> Result<PgConnection, AttackError> {
    PgConnection::connect_with(login).await.map_err(at("log in to the clone as the application"))
}

/// Runs all statements; answers how many rows the last one reached.
async fn script(conn: &mut PgConnection, script: String) -> sqlx::Result<u64> {
    let mut steps = conn.fetch_many(sqlx::raw_sql(AssertSqlSafe(script).into_sql_str()));
    let mut last = PgQueryResult::default();
    while let Some(step) = steps.next().await {
        if let Either::Left(result) = step? {
            last = result;
        }
    }
    Ok(last.rows_affected())
}
