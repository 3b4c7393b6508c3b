//! The ways to the same rows, and the questions that are asked on each.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgExecutor};
use tenancy_core::TenantContext;
use tenancy_sqlx::{Mode, Settings, TenantDatabase};
use uuid::Uuid;

use crate::measure::Dice;
use crate::world::World;

/// Enough that one is always given back before it is its turn again.
const CONNECTIONS: u32 = 4;

/// How the rows are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// sqlx's pool as it comes, nothing isolated but by `WHERE`.
    Pool,
    /// The same without the ping before each use.
    NoPing,
    /// Begin, set, ask, commit, each on its own, on the pool as it comes.
    Naive,
    /// `begin_read`, ask, drop.
    Read { sealed: bool },
    /// `begin`, ask, commit.
    Write { sealed: bool },
    /// `begin_read`, ask five times, drop; the time of one of the five.
    Five { sealed: bool },
    /// `begin_read` on a session, which was the same tenant's this often in a hundred.
    Session { sealed: bool, again: usize },
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// A row by its key.
    Point,
    /// A thousand rows, or as many as a tenant has.
    Range,
    /// A sum over all rows of a tenant.
    Sum,
    /// A thousand new rows.
    Bulk,
}

/// Everything that is opened before the clock runs.
pub(crate) struct Ways {
    pool: PgPool,
    no_ping: PgPool,
    transactions: [TenantDatabase; 2],
    sessions: [TenantDatabase; 2],
    tenants: Vec<TenantContext>,
    each: u32,
    last: usize,
    dice: Dice,
}

impl Ways {
    pub(crate) async fn open(worlds: &[World; 2], tenants: Vec<TenantContext>, each: u32, far: bool) -> Self {
        let [open, sealed] = worlds;
        let login = if far { open.place.slow_login().await } else { open.place.login("app_rw") };
        let mut few = Settings::default();
        few.max_connections = CONNECTIONS;
        let mut session = few.clone();
        session.mode = Mode::Session;
        Self {
            pool: pool(&login, true).await,
            no_ping: pool(&login, false).await,
            transactions: [open.database(few.clone(), far).await, sealed.database(few, far).await],
            sessions: [open.database(session.clone(), far).await, sealed.database(session, far).await],
            tenants,
            each,
            last: 0,
            dice: Dice::new(),
        }
    }

    /// One operation, timed.
    pub(crate) async fn ask(&mut self, way: Way, question: Question) -> Duration {
        if !matches!(way, Way::Session { again, .. } if self.dice.below(100) < again) {
            self.last = (self.last + 1 + self.dice.below(self.tenants.len() - 1)) % self.tenants.len();
        }
        let row = self.dice.row(self.each);
        // What has been given back is given back before the clock runs again.
        tokio::task::yield_now().await;
        let start = Instant::now();
        let asked = self.asked(way, question, row).await;
        let asked = asked.unwrap_or_else(|error| panic!("{way:?} {question:?}: {error}"));
        start.elapsed() / asked
    }

    async fn asked(&self, way: Way, question: Question, row: i32) -> sqlx::Result<u32> {
        let context = &self.tenants[self.last];
        let id = context.tenant_id().as_uuid();
        match way {
            Way::Pool => by_hand(question, &self.pool, id, row).await?,
            Way::NoPing => by_hand(question, &self.no_ping, id, row).await?,
            Way::Naive => {
                let mut tx = self.pool.begin().await?;
                let set = format!("SET LOCAL app.tenant_id = '{id}'");
                sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *tx).await?;
                isolated(question, &mut *tx, row).await?;
                tx.commit().await?;
            }
            Way::Read { sealed } => {
                let mut tx = begun(self.transactions[usize::from(sealed)].begin_read(context).await);
                isolated(question, &mut *tx, row).await?;
            }
            Way::Write { sealed } => {
                let mut tx = begun(self.transactions[usize::from(sealed)].begin(context).await);
                isolated(question, &mut *tx, row).await?;
                tx.commit().await.expect("commit");
            }
            Way::Five { sealed } => {
                let mut tx = begun(self.transactions[usize::from(sealed)].begin_read(context).await);
                for _ in 0..5 {
                    isolated(question, &mut *tx, row).await?;
                }
                return Ok(5);
            }
            Way::Session { sealed, .. } => {
                let mut tx = begun(self.sessions[usize::from(sealed)].begin_read(context).await);
                isolated(question, &mut *tx, row).await?;
            }
        }
        Ok(1)
    }
}

fn begun<T, E: std::fmt::Debug>(begun: Result<T, E>) -> T {
    begun.expect("begin")
}

async fn pool(login: &PgConnectOptions, ping: bool) -> PgPool {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(ping);
    options.connect_with(login.clone()).await.expect("a pool")
}

async fn isolated(question: Question, on: impl PgExecutor<'_>, row: i32) -> sqlx::Result<()> {
    match question {
        Question::Point => {
            let point = sqlx::query_scalar::<_, String>("SELECT name FROM items WHERE id = $1").bind(row);
            point.fetch_one(on).await.map(drop)
        }
        Question::Range => {
            let range = "SELECT id, amount FROM items WHERE id BETWEEN 1 AND 1000";
            sqlx::query_as::<_, (i32, i64)>(range).fetch_all(on).await.map(drop)
        }
        Question::Sum => {
            let sum = sqlx::query_scalar::<_, i64>("SELECT sum(amount)::bigint FROM items");
            sum.fetch_one(on).await.map(drop)
        }
        Question::Bulk => {
            let (ids, names) = thousand();
            sqlx::query("INSERT INTO sink (id, name) SELECT * FROM unnest($1::integer[], $2::text[])")
                .bind(ids)
                .bind(names)
                .execute(on)
                .await
                .map(drop)
        }
    }
}

async fn by_hand(question: Question, on: impl PgExecutor<'_>, tenant: Uuid, row: i32) -> sqlx::Result<()> {
    match question {
        Question::Point => {
            let point = "SELECT name FROM plain WHERE tenant_id = $1 AND id = $2";
            sqlx::query_scalar::<_, String>(point).bind(tenant).bind(row).fetch_one(on).await.map(drop)
        }
        Question::Range => {
            let range = "SELECT id, amount FROM plain WHERE tenant_id = $1 AND id BETWEEN 1 AND 1000";
            sqlx::query_as::<_, (i32, i64)>(range).bind(tenant).fetch_all(on).await.map(drop)
        }
        Question::Sum => {
            let sum = "SELECT sum(amount)::bigint FROM plain WHERE tenant_id = $1";
            sqlx::query_scalar::<_, i64>(sum).bind(tenant).fetch_one(on).await.map(drop)
        }
        Question::Bulk => {
            let (ids, names) = thousand();
            sqlx::query("INSERT INTO plain_sink (tenant_id, id, name) SELECT $1, * FROM unnest($2::integer[], $3::text[])")
                .bind(tenant)
                .bind(ids)
                .bind(names)
                .execute(on)
                .await
                .map(drop)
        }
    }
}

fn thousand() -> (Vec<i32>, Vec<String>) {
    (1..=1000).map(|id| (id, format!("new {id}"))).unzip()
}
