//! A hot standby, made as an administrator makes one: sealed transactions read there, nothing writes there,
//! and a key that is changed on the primary is changed there.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};
use tenancy_core::TenantContext;
use tenancy_sqlx::embedded::{Install, Server};
use tenancy_sqlx::proof::Policy;
use tenancy_sqlx::{SealKey, TenantDatabase, seal};

use crate::kit::{acme, globex, prepare, sealed_with, server_is_here};

const PASSWORD: &str = "of the roles of this test";

/// Copies a running server with `pg_basebackup -R`, which leaves a `standby.signal` in the copy, and starts it.
async fn standby_of(primary: &Server, from: &Path, to: &Path) -> Server {
    let owner = from.join("pgdata").metadata().expect("the primary's data");
    std::fs::create_dir(to).expect("a folder");
    std::fs::copy(from.join("password"), to.join("password")).expect("the superuser's password");
    for path in [to.to_owned(), to.join("password")] {
        std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid())).expect("the server's account");
    }
    std::fs::set_permissions(to, PermissionsExt::from_mode(0o700)).expect("closed to others");
    let admin = primary.address().admin();
    let copied = Command::new(primary.binaries().program("pg_basebackup"))
        .args(["--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync", "--pgdata"])
        .arg(to.join("pgdata"))
        .arg("--host")
        .arg(admin.get_socket().expect("a socket"))
        .args(["--port", &admin.get_port().to_string(), "--username", admin.get_username()])
        .env("PGPASSWORD", std::fs::read_to_string(from.join("password")).expect("the password"))
        .current_dir("/")
        .uid(owner.uid())
        .gid(owner.gid())
        .output()
        .expect("pg_basebackup");
    assert!(copied.status.success(), "{copied:?}");
    assert!(to.join("pgdata/standby.signal").exists(), "it would start as a primary");
    Server::start(to, Install::Never).await.expect("a standby")
}

fn login(server: &Server, role: &str) -> PgConnectOptions {
    server.address().options_for(role, PASSWORD, "postgres")
}

async fn database(server: &Server, key: &SealKey) -> Result<TenantDatabase, tenancy_sqlx::ConnectError> {
    TenantDatabase::connect_with(login(server, "app_rw"), sealed_with(key)).await
}

async fn names(database: &TenantDatabase, context: &TenantContext) -> Vec<String> {
    let mut tx = database.begin_read(context).await.expect("begin");
    let names = sqlx::query_scalar("SELECT tenant_id || ' ' || name FROM things ORDER BY id");
    names.fetch_all(&mut *tx).await.expect("rows")
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

#[tokio::test]
async fn a_hot_standby_serves_sealed_reads_and_nothing_else() {
    if !server_is_here() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("mode");
    let (first, second) = (folder.path().join("primary"), folder.path().join("standby"));
    let primary = Server::start(&first, Install::Never).await.expect("a primary");
    prepare(primary.address().admin(), PASSWORD.to_owned()).await.expect("the schema");
    let mut admin = PgConnection::connect_with(&primary.address().admin()).await.expect("a superuser");
    let key = SealKey::generate(1).expect("a key");
    seal::install(&mut admin, &key).await.expect("sealed");
    let standby = standby_of(&primary, &first, &second).await;

    let written = database(&primary, &key).await.expect("the primary");
    let read = database(&standby, &key).await.expect("the standby");
    let read = read.prove(Policy::default()).await.expect("it is proved there as well");
    for context in [acme(), globex()] {
        let rows = names(&read, &context).await;
        assert_eq!((rows.len(), &rows), (3, &names(&written, &context).await));
        assert!(rows.iter().all(|row| row.starts_with(&context.tenant_id().to_string())), "{rows:?}");
    }
    // A transaction that may write can be begun, and writes nothing.
    let mut tx = read.begin(&acme()).await.expect("begin");
    let refused = sqlx::query("DELETE FROM things").execute(&mut *tx).await.expect_err("a standby");
    assert_eq!(code(&refused).as_deref(), Some("25006"), "{refused}");
    drop(tx);
    // Whoever binds by hand is nobody there, too.
    let mut raw = PgConnection::connect_with(&login(&standby, "app_rw")).await.expect("a login");
    for bound in ["", "018f2f4e-0000-7000-8000-00000000000a"] {
        raw.execute(sqlx::AssertSqlSafe(format!("SET app.tenant_id = '{bound}'"))).await.expect("set");
        let refused = raw.execute("SELECT * FROM things").await.expect_err("no seal");
        assert_eq!(code(&refused).as_deref(), Some("28000"), "{refused}");
    }
    raw.close().await.expect("closed");

    // A row and a new key arrive; the key that they replace ends there when it ends on the primary.
    let mut tx = written.begin(&acme()).await.expect("begin");
    sqlx::query("INSERT INTO things (id, name) VALUES (4, 'four')").execute(&mut *tx).await.expect("written");
    tx.commit().await.expect("commit");
    let next = seal::rotate(&mut admin, Duration::ZERO).await.expect("another key");
    let start = Instant::now();
    let renewed = loop {
        match database(&standby, &next).await {
            Ok(renewed) => break renewed,
            Err(error) => {
                assert!(start.elapsed() < Duration::from_secs(30), "the key does not arrive: {error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(names(&renewed, &acme()).await.len(), 4);
    let mut tx = read.begin_read(&acme()).await.expect("begin");
    let refused = sqlx::query("SELECT * FROM things").execute(&mut *tx).await.expect_err("a revoked key");
    assert_eq!(code(&refused).as_deref(), Some("28000"), "{refused}");
    drop(tx);
    for database in [&read, &renewed, &written] {
        database.close().await;
    }
    admin.close().await.expect("closed");
    standby.stop().await.expect("stopped");
    primary.stop().await.expect("stopped");
}
