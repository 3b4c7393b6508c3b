//! A begin of which the server has done one half: its last statement fails, or the server has been
//! started anew in between.

use std::os::unix::fs::PermissionsExt;

use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection};
use tenancy_sqlx::embedded::{Install, Server};
use tenancy_sqlx::{BeginError, TenantDatabase, TenantTx};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{ACME, acme, one_connection, place, prepare, unique};

async fn insert(tx: &mut TenantTx, id: i32) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO things (id, name) VALUES ($1, 'new')")
        .bind(id)
        .execute(&mut **tx)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_begin_whose_last_statement_fails_leaves_nothing() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let (login, wire) = place.watched().await;
    let database = TenantDatabase::connect_with(login, one_connection()).await.expect("the database");
    let begin = async |polls| {
        wire.spoil(true);
        let begun = cut(polls, database.begin(&acme())).await;
        wire.spoil(false);
        let Some(begun) = begun else { return false };
        let BeginError::Unavailable { source, .. } = begun.expect_err("an unknown setting") else {
            panic!("another error")
        };
        let error = source.as_database_error().expect("the server's");
        assert_eq!(error.code().as_deref(), Some("42704"), "{error}");
        true
    };
    let left = drive(begin, async || look(&database, &outside).await).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}

#[tokio::test]
#[allow(clippy::disallowed_methods, reason = "this is what it leaves behind")]
async fn a_plain_pool_is_poisoned_by_one() {
    let Some(place) = place().await else { return };
    let outside = Outside::of(&place).await;
    let pool =
        PgPoolOptions::new().max_connections(1).connect_with(place.login("app_rw")).await.expect("a pool");
    let begin = format!("BEGIN; SET LOCAL app.tenant_id = '{ACME}'; SET LOCAL no_such_setting = 1");
    pool.begin_with(sqlx::AssertSqlSafe(begin)).await.map(drop).expect_err("an unknown setting");
    assert!(outside.open_transaction().await.is_some(), "the server is still in the transaction");
    sqlx::query("SELECT 1").execute(&pool).await.expect_err("and takes nothing more");
    pool.close().await;
    outside.close().await;
}

#[tokio::test]
async fn a_server_that_is_started_anew_keeps_what_was_promised_and_nothing_else() {
    let Some(place) = place().await else { return };
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("its mode");
    let mut server = Server::start(folder.path(), Install::Never).await.expect("a server");
    let (admin, password) = (server.address().admin(), unique("password"));
    prepare(admin.clone(), password.clone()).await.expect("the schema");
    let login = server.address().options_for("app_rw", &password, "postgres");
    let database = TenantDatabase::connect_with(login, one_connection()).await.expect("the database");
    drop(place);

    for polls in [1, 2, 4, 8, 16, 32, 64] {
        let id = 1000 + polls;
        let mut kept = database.begin(&acme()).await.expect("begin");
        insert(&mut kept, id).await.expect("acknowledged");
        kept.commit().await.expect("commit");
        let mut lost = database.begin(&acme()).await.expect("begin");
        insert(&mut lost, id + 500).await.expect("acknowledged");

        server.stop().await.expect("stopped");
        server = Server::start(folder.path(), Install::Never).await.expect("started anew");
        assert!(
            lost.commit().await.is_err(),
            "a commit was acknowledged by a server that knows nothing of it"
        );
        let cut_short = cut(polls as usize, database.begin(&acme())).await;
        assert!(
            cut_short.is_none_or(|begun| begun.is_ok()),
            "a begin that is not dropped finds the new server"
        );

        let outside =
            Outside::on(PgConnection::connect_with(&admin).await.expect("a superuser's connection"));
        assert_eq!(look(&database, &outside).await, None, "dropped at poll {polls}");
        assert!(outside.has(id).await && !outside.has(id + 500).await);
        outside.close().await;
    }
    database.close().await;
    server.stop().await.expect("stopped");
}
