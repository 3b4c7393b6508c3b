//! The seal: whoever cannot make one is nobody, whatever SQL they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tenancy_core::Clock;
use tenancy_sqlx::seal::{self, SealMismatch};
use tenancy_sqlx::{ConnectError, SealKey, TenantConn, TenantDatabase};

use crate::kit::{ACME, GLOBEX, Place, acme, globex, one_connection, place, sealed_with};

/// The system's clock, off by some seconds.
#[derive(Clone, Default)]
struct OffClock(Arc<AtomicI64>);

impl Clock for OffClock {
    fn now(&self) -> SystemTime {
        let off = self.0.load(Ordering::SeqCst);
        let by = Duration::from_secs(off.unsigned_abs());
        if off < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }
}

fn key(id: u8) -> SealKey {
    SealKey::generate(id).expect("a key")
}

async fn count(tx: &mut TenantConn) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(tx).await
}

/// The message of a 28000.
fn refusal(error: &sqlx::Error) -> &str {
    let error = error.as_database_error().unwrap_or_else(|| panic!("not the server's: {error:?}"));
    assert_eq!(error.code().as_deref(), Some("28000"), "{error}");
    error.message()
}

/// What a session with the application's password gets that binds by itself.
async fn by_hand(place: &Place, tenant: &str, seal: Option<&str>) -> sqlx::Result<i64> {
    let mut conn = PgConnection::connect_with(&place.login("app_rw")).await?;
    let seal = seal.map(|seal| format!("SET LOCAL app.tenant_seal = '{seal}';")).unwrap_or_default();
    conn.execute(AssertSqlSafe(format!("BEGIN; SET LOCAL app.tenant_id = '{tenant}'; {seal}"))).await?;
    let read = sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(&mut conn).await;
    conn.close().await?;
    read
}

/// A seal as injected SQL can read it in its own transaction.
async fn seal_of_acme(database: &TenantDatabase) -> String {
    let mut tx = database.begin(&acme()).await.expect("begin");
    let seal = sqlx::query_scalar("SELECT current_setting('app.tenant_seal')").fetch_one(&mut *tx).await;
    seal.expect("the seal")
}

#[tokio::test]
async fn a_sealed_transaction_reads_and_writes_like_any_other() {
    let Some(place) = place().await else { return };
    let key = key(1);
    place.seal(&key).await;
    let database = place.database(sealed_with(&key)).await;
    let mut tx = database.begin(&acme()).await.expect("begin");
    sqlx::query("INSERT INTO things (id, name) VALUES (4, 'four')").execute(&mut *tx).await.expect("written");
    let foreign =
        sqlx::query("INSERT INTO things (tenant_id, id, name) VALUES ($1::uuid, 5, 'five')").bind(GLOBEX);
    let mut savepoint = tx.savepoint().await.expect("a savepoint");
    foreign.execute(&mut *savepoint).await.expect_err("another tenant's row");
    savepoint.rollback().await.expect("rolled back");
    tx.commit().await.expect("commit");
    assert_eq!(count(&mut database.begin_read(&acme()).await.expect("begin")).await.expect("read"), 4);
    assert_eq!(count(&mut database.begin_read(&globex()).await.expect("begin")).await.expect("read"), 3);
}

#[tokio::test]
async fn program_and_database_must_agree_about_the_seal() {
    let Some(place) = place().await else { return };
    let right = key(1);
    let connect = async |settings| match TenantDatabase::connect_with(place.login("app_rw"), settings).await {
        Ok(_) => None,
        Err(ConnectError::Seal(mismatch)) => Some(mismatch),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(connect(sealed_with(&right)).await, Some(SealMismatch::NotSealed));
    assert_eq!(connect(one_connection()).await, None);
    place.seal(&right).await;
    place.seal(&right).await;
    assert_eq!(connect(sealed_with(&right)).await, None);
    assert_eq!(connect(one_connection()).await, Some(SealMismatch::KeyMissing));
    for wrong in [key(1), key(2)] {
        let mismatch = connect(sealed_with(&wrong)).await.expect("refused");
        assert!(matches!(&mismatch, SealMismatch::Rejected { kid, .. } if kid == wrong.kid()), "{mismatch}");
    }
    for (off, fine) in [(-25, true), (25, true), (-40, false), (40, false), (-3600, false), (3600, false)] {
        let clock = OffClock::default();
        clock.0.store(off, Ordering::SeqCst);
        let mut settings = sealed_with(&right);
        settings.clock = Arc::new(clock);
        let mismatch = connect(settings).await;
        assert_eq!(mismatch.is_none(), fine, "{off} s: {mismatch:?}");
        assert!(fine || matches!(mismatch, Some(SealMismatch::Clock { .. })));
    }
    // An id is not taken from a key that is in use.
    let taken = seal::install(&mut place.admin().await, &key(1)).await.expect_err("the id is taken");
    assert_eq!(
        taken.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(),
        Some("23505")
    );
}

/// AC21, N2: whatever is bound without its seal is an error, and never a row.
#[tokio::test]
async fn what_is_not_sealed_for_this_tenant_and_moment_is_nobody() {
    let Some(place) = place().await else { return };
    // Unsealed, the password alone binds anybody: that is the weaker promise.
    assert_eq!(by_hand(&place, GLOBEX, None).await.expect("unsealed"), 3);
    let key = key(7);
    place.seal(&key).await;
    let clock = OffClock::default();
    let mut settings = sealed_with(&key);
    settings.clock = Arc::new(clock.clone());
    let database = place.database(settings).await;
    let seal = seal_of_acme(&database).await;
    assert_eq!(by_hand(&place, ACME, Some(&seal)).await.expect("its own, within the minute"), 3);

    let flipped = |at: usize| {
        let mut bytes = seal.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).expect("ascii")
    };
    let for_globex = seal.replace(ACME, GLOBEX);
    for (tenant, seal, words) in [
        (GLOBEX, None, "carries no seal"),
        (GLOBEX, Some(""), "carries no seal"),
        (GLOBEX, Some(&*seal), "another tenant"),
        (GLOBEX, Some(&*for_globex), "forged"),
        (ACME, Some(&*flipped(113)), "forged"),
        (ACME, Some(&*flipped(45)), "forged"),
        (ACME, Some(&seal[..113]), "forged"),
        (ACME, Some(&*format!("{seal}0")), "forged"),
        (ACME, Some(&*seal.to_uppercase()), "forged"),
        (ACME, Some(&*format!("8{}", &seal[1..])), "unknown or revoked"),
        (ACME, Some("7"), "forged"),
        (ACME, Some("x"), "unknown or revoked"),
        ("", Some(&*seal), "no tenant is bound"),
        ("not-a-uuid", Some(&*seal), "another tenant"),
    ] {
        let error = by_hand(&place, tenant, seal).await.expect_err(words);
        assert!(refusal(&error).contains(words), "{tenant} {seal:?}: {error}");
    }
    // Made too early, or with a clock that is ahead.
    for (off, fine) in [(-55, true), (-65, false), (55, true), (65, false)] {
        clock.0.store(off, Ordering::SeqCst);
        let read = count(&mut database.begin(&acme()).await.expect("begin")).await;
        match read {
            Ok(rows) => assert!(fine && rows == 3, "{off} s"),
            Err(error) => assert!(!fine && refusal(&error).contains("expired"), "{off} s: {error}"),
        }
    }
}

#[tokio::test]
async fn keys_change_without_a_pause_and_an_old_one_ends() {
    let Some(place) = place().await else { return };
    let mut admin = place.admin().await;
    let first = seal::rotate(&mut admin, Duration::ZERO).await.expect("the first key");
    let old = place.database(sealed_with(&first)).await;
    let second = seal::rotate(&mut admin, Duration::from_hours(1)).await.expect("the second key");
    assert_ne!(first.kid(), second.kid());
    let new = place.database(sealed_with(&second)).await;
    for database in [&old, &new] {
        assert_eq!(
            count(&mut database.begin(&acme()).await.expect("begin")).await.expect("both are valid"),
            3
        );
    }
    let third = seal::rotate(&mut admin, Duration::ZERO).await.expect("the third key");
    for database in [&old, &new] {
        let read = count(&mut database.begin(&acme()).await.expect("begin")).await;
        assert!(refusal(&read.expect_err("revoked")).contains("unknown or revoked"));
    }
    // With every key revoked it is still sealed.
    place.run("UPDATE tenancy.seal_keys SET not_after = now()").await;
    let error = by_hand(&place, ACME, None).await.expect_err("still sealed");
    assert!(refusal(&error).contains("carries no seal"));
    // Ids come round again, and a key that has ended gives its id back.
    for _ in 0..20 {
        seal::rotate(&mut admin, Duration::ZERO).await.expect("a key");
    }
    drop(third);
    admin.close().await.expect("closed");
}

/// What SQL injected into a statement of acme's may try: each ends with a read of `things`.
const INJECTIONS: [&str; 5] = [
    "SELECT set_config('app.tenant_id', '018f2f4e-0000-7000-8000-00000000000b', true), NULL::uuid
     UNION ALL SELECT name, tenant_id FROM things",
    "SELECT set_config('app.tenant_id', '018f2f4e-0000-7000-8000-00000000000b', false), NULL::uuid
     UNION ALL SELECT name, tenant_id FROM things",
    "WITH s AS MATERIALIZED (SELECT set_config('app.tenant_id', '018f2f4e-0000-7000-8000-00000000000b', true),
                                    set_config('app.tenant_seal', '', true))
     SELECT name, tenant_id FROM s, things",
    "WITH s AS MATERIALIZED (SELECT set_config('app.tenant_seal',
             replace(current_setting('app.tenant_seal'), '00000000000a', '00000000000b'), true) AS seal,
             set_config('app.tenant_id', '018f2f4e-0000-7000-8000-00000000000b', true) AS tenant)
     SELECT seal, NULL::uuid FROM s UNION ALL SELECT name, tenant_id FROM things",
    "SELECT query_to_xml($$SELECT set_config('app.tenant_id', '018f2f4e-0000-7000-8000-00000000000b', true)$$,
             true, true, '')::text, NULL::uuid
     UNION ALL SELECT name, tenant_id FROM things",
];

/// AC26: what is injected binds nobody else.
#[tokio::test]
async fn sql_injected_into_one_tenants_transaction_does_not_reach_another() {
    let Some(place) = place().await else { return };
    // As on a server where nobody may revoke it.
    place.run("GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC").await;
    let foreign = async |database: &TenantDatabase, sql: &'static str| {
        let mut tx = database.begin(&acme()).await.expect("begin");
        let rows: sqlx::Result<Vec<(Option<String>, Option<sqlx::types::Uuid>)>> =
            sqlx::query_as(sql).fetch_all(&mut *tx).await;
        rows.map(|rows| rows.iter().filter(|row| row.1.is_some_and(|id| id.to_string() == GLOBEX)).count())
    };
    let unsealed = place.database(one_connection()).await;
    assert_eq!(foreign(&unsealed, INJECTIONS[0]).await.expect("unsealed"), 3, "this is what the seal is for");
    unsealed.close().await;

    let key = key(1);
    place.seal(&key).await;
    let database = place.database(sealed_with(&key)).await;
    for sql in INJECTIONS {
        match foreign(&database, sql).await {
            Ok(rows) => assert_eq!(rows, 0, "{sql}"),
            Err(error) => drop(refusal(&error)),
        }
        // Whatever it left on the connection, the next transaction is bound to its own tenant.
        assert_eq!(count(&mut database.begin(&globex()).await.expect("begin")).await.expect("read"), 3);
    }
    let first = foreign(&database, INJECTIONS[0]).await.expect_err("28000");
    assert!(refusal(&first).contains("another tenant"));
}

#[tokio::test]
async fn nobody_but_the_keeper_reads_or_writes_keys() {
    let Some(place) = place().await else { return };
    let key = key(1);
    place.seal(&key).await;
    for role in ["app_rw", "app_gate", "app_ops", "app_migrator"] {
        let mut conn = PgConnection::connect_with(&place.login(role)).await.expect(role);
        for sql in [
            "SELECT * FROM tenancy.seal_keys",
            "DELETE FROM tenancy.seal_keys",
            "SELECT tenancy.add_seal_key('2', decode(repeat('00', 32), 'hex'))",
            "SELECT tenancy.retire_seal_keys('2', '0')",
        ] {
            let error = conn.execute(sql).await.expect_err(sql);
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
            assert_eq!(code.as_deref(), Some("42501"), "{role}: {sql}");
        }
    }
}
