//! A clone of the database under test. Whatever the suite does, it does there.
//!
//! `CREATE DATABASE … TEMPLATE` copies everything but what was granted on the database itself and what
//! was set for it: both are given to the clone as the original has them.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

use super::error::{AttackError, at};

/// Brings to the clone `$2` what the database `$1` has beside its contents.
const SAME_RIGHTS: &str = "
    SELECT format('REVOKE ALL ON DATABASE %1$I FROM PUBLIC; ALTER DATABASE %1$I OWNER TO %2$s', $2, d.datdba::regrole)
        || coalesce((SELECT string_agg(format('; GRANT %s ON DATABASE %I TO %s', x.privilege_type, $2,
                CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END), '')
            FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x), '')
        || coalesce((SELECT string_agg(format('; ALTER %s DATABASE %I SET %I TO %s',
                CASE WHEN s.setrole = 0 THEN '' ELSE format('ROLE %s IN', s.setrole::regrole) END, $2, split_part(c, '=', 1),
                CASE WHEN split_part(c, '=', 1) = 'search_path' THEN substr(c, 13) ELSE quote_literal(substr(c, strpos(c, '=') + 1)) END), '')
            FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE s.setdatabase = d.oid), '')
    FROM pg_database d WHERE d.datname = $1";

/// A database that this suite made.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) name: String,
    original: String,
    admin: PgConnectOptions,
}

impl Scratch {
    /// Clones `original`. `admin` logs in to the database under test; it never writes there.
    pub(super) async fn clone_of(admin: &PgConnectOptions, original: &str) -> Result<Self, AttackError> {
        let random = getrandom::u64().map_err(|error| AttackError::Database {
            step: "name a clone",
            source: sqlx::Error::Io(std::io::Error::other(error)),
        })?;
        let scratch = Self {
            name: format!("attack_{random:016x}"),
            original: original.to_owned(),
            admin: admin.clone(),
        };
        let mut conn = scratch.outside().await?;
        let made = format!(
            "CREATE DATABASE {} TEMPLATE \"{}\" STRATEGY FILE_COPY",
            scratch.name,
            original.replace('"', "\"\"")
        );
        match conn.execute(AssertSqlSafe(made).into_sql_str()).await {
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55006") => {
                return Err(AttackError::InUse(original.to_owned()));
            }
            Err(error) => return Err(at("clone the database")(error)),
        }
        let given = scratch.give_rights(&mut conn).await;
        conn.close().await.map_err(at("leave the server"))?;
        match given {
            Ok(()) => Ok(scratch),
            Err(error) => {
                scratch.remove().await?;
                Err(error)
            }
        }
    }

    async fn give_rights(&self, conn: &mut PgConnection) -> Result<(), AttackError> {
        let rights: String = sqlx::query_scalar(SAME_RIGHTS)
            .bind(&self.original)
            .bind(&self.name)
            .fetch_one(&mut *conn)
            .await
            .map_err(at("read what is granted on the database"))?;
        conn.execute(AssertSqlSafe(rights).into_sql_str())
            .await
            .map(drop)
            .map_err(at("grant on the clone what is granted on the database"))
    }

    /// Drops the clone, whoever is still in it.
    pub(super) async fn remove(self) -> Result<(), AttackError> {
        let mut conn = self.outside().await?;
        let gone = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        conn.execute(AssertSqlSafe(gone).into_sql_str()).await.map_err(at("drop the clone"))?;
        conn.close().await.map_err(at("leave the server"))
    }

    /// The superuser in the clone.
    pub(super) async fn admin(&self) -> Result<PgConnection, AttackError> {
        let options = self.admin.clone().database(&self.name);
        PgConnection::connect_with(&options).await.map_err(at("log in to the clone as the administrator"))
    }

    /// Any login, in the clone.
    pub(super) fn login(&self, options: &PgConnectOptions) -> PgConnectOptions {
        options.clone().database(&self.name)
    }

    async fn outside(&self) -> Result<PgConnection, AttackError> {
        PgConnection::connect_with(&self.admin).await.map_err(at("log in with the administrator's address"))
    }
}
