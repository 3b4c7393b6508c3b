//! A server of one's own: who gets in, what survives, who is refused.

use crate::kit::{Other, connect, here, kill, open_folder, pid_of, runs, skipped, start, text, within};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;
use std::time::Duration;
use tenancy_sqlx::embedded::{EmbeddedError, Install, Server};

#[tokio::test]
async fn a_server_answers_on_its_socket_only_and_only_with_the_password() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = start(&data).await;
    let password = std::fs::read_to_string(data.join("password")).expect("a password");
    assert!(!format!("{server:?}").contains(&password), "printed by mistake");
    let admin = server.address().admin();
    assert_eq!(text(&admin, "SHOW listen_addresses").await, "");
    assert_eq!(text(&admin, "SHOW fsync").await, "on");
    assert_eq!(text(&admin, "SHOW server_encoding").await, "UTF8");
    assert!(admin.get_socket().expect("a socket").as_os_str().len() < 100 - 14);
    let wrong = server.address().options_for("postgres", "guessed", "postgres");
    let refused = PgConnection::connect_with(&wrong).await.expect_err("a wrong password");
    let code = refused.as_database_error().and_then(sqlx::error::DatabaseError::code).map(String::from);
    assert_eq!(code.as_deref(), Some("28P01"));
    assert_eq!(
        text(&admin, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules").await,
        "scram-sha-256"
    );
    let mode = data.join("password").metadata().expect("the password's file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_ne!(data.join("pgdata").metadata().expect("data").uid(), 0, "data of root");

    // The URL form, by the two programs that read it.
    let url = server.admin_url("postgres");
    let parsed: PgConnectOptions = url.parse().expect("a url");
    assert_eq!(text(&parsed, "SELECT 'sqlx'").await, "sqlx");
    let psql = server.binaries().program("psql");
    if psql.exists() {
        let output = Command::new(psql).args([&url, "-Atc", "SELECT 'psql'"]).output().expect("psql");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "psql\n", "{output:?}");
    }
    server.stop().await.expect("stopped");
    assert_eq!(pid_of(&data), None);
}

#[tokio::test]
async fn data_survives_a_stop_and_a_killed_server() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let server = start(&data).await;
    connect(&server.address().admin())
        .await
        .execute("CREATE TABLE kept AS SELECT 'here' AS note")
        .await
        .expect("table");
    server.stop().await.expect("stopped");

    let server = start(&data).await;
    assert_eq!(text(&server.address().admin(), "SELECT note FROM kept").await, "here");
    let killed = pid_of(&data).expect("a pid");
    kill("-9", &killed);
    drop(server);

    let server = start(&data).await;
    assert_ne!(pid_of(&data).expect("a pid"), killed);
    assert_eq!(text(&server.address().admin(), "SELECT note FROM kept").await, "here");
    server.stop().await.expect("stopped");

    // The number in the pid file may belong to another program by now. Not to this one: the server lets pass what
    // it descends from.
    let mut another = Command::new("sleep").arg("60").spawn().expect("another program");
    let (pid, folder) = (another.id(), data.display());
    let stale = format!("{pid}\n{folder}/pgdata\n1\n5432\n{folder}\n\n 1 1\nready\n");
    std::fs::write(data.join("pgdata/postmaster.pid"), stale).expect("a stale file");
    let started = Server::start(&data, Install::Never).await;
    another.kill().and_then(|()| another.wait()).expect("its end");
    started.expect("a server").stop().await.expect("stopped");
}

#[tokio::test]
async fn a_second_user_of_a_folder_is_told_so_and_a_killed_one_leaves_it_free() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    let mut other = Other::start("server", &data.to_string_lossy(), &[]);
    assert_eq!(other.says(), "started");
    let error = Server::start(&data, Install::Never).await.expect_err("in use");
    assert!(
        matches!(error, EmbeddedError::InUse { .. }) && error.to_string().contains("another process"),
        "{error}"
    );

    // Its server runs on, and is taken over with everything in it.
    let pid = pid_of(&data).expect("a pid");
    other.kill();
    assert!(runs(&pid));
    let server = start(&data).await;
    assert_eq!(pid_of(&data).as_deref(), Some(&*pid));
    assert_eq!(text(&server.address().admin(), "SELECT 'adopted'").await, "adopted");
    server.stop().await.expect("stopped");
    // The pid file goes a moment before the process.
    within(Duration::from_secs(5), "the adopted server is down", || !runs(&pid));
}

#[tokio::test]
async fn a_dropped_server_ends_by_itself() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    drop(start(&data).await);
    within(Duration::from_secs(10), "the server is down", || pid_of(&data).is_none());
}

#[tokio::test]
async fn a_deep_folder_gets_a_short_socket() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("deep-".repeat(20)).join("data");
    let server = start(&data).await;
    let socket = server.address().admin().get_socket().expect("a socket").clone();
    assert!(socket.as_os_str().len() < 80, "{}", socket.display());
    assert_eq!(socket.metadata().expect("its folder").permissions().mode() & 0o777, 0o700);
    assert_eq!(text(&server.address().admin(), "SELECT 'near'").await, "near");
    server.stop().await.expect("stopped");
    let _ = std::fs::remove_dir_all(socket);
}

#[tokio::test]
async fn a_start_that_fails_repeats_the_servers_own_reason() {
    if !here() {
        return;
    }
    let folder = open_folder();
    let data = folder.path().join("data");
    start(&data).await.stop().await.expect("stopped");
    let main = data.join("pgdata/postgresql.conf");
    let good = std::fs::read_to_string(&main).expect("settings");
    std::fs::write(&main, format!("{good}\nno_such_setting = 1\n")).expect("settings");
    let error = Server::start(&data, Install::Never).await.expect_err("a bad setting").to_string();
    assert!(error.contains("no_such_setting") && error.contains("postgres.log"), "{error}");
    std::fs::write(data.join("pgdata/PG_VERSION"), "14\n").expect("version");
    let error = Server::start(&data, Install::Never).await.expect_err("another version").to_string();
    assert!(error.contains("postgresql 14") && error.contains("remove the folder"), "{error}");
}

#[tokio::test]
async fn a_closed_folder_is_named_under_root() {
    if !here() {
        return;
    }
    let closed = tempfile::tempdir().expect("temp folder");
    std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).expect("mode");
    if closed.path().metadata().expect("folder").uid() != 0 {
        return skipped("only under root does the server have another account than its user");
    }
    let error =
        Server::start(closed.path().join("data"), Install::Never).await.expect_err("closed").to_string();
    assert!(error.contains(&*closed.path().to_string_lossy()) && error.contains("/var/lib"), "{error}");
}
