//! `platform migrate` on a server of its own, as somebody who runs the platform meets it.

use std::collections::BTreeMap;
use std::process::{Command, Output};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tenancy_sqlx::embedded::{Install, Server, to_stderr};
use tests::Caller;
use tests::demos::DataFolder;
use tests::program::{Process, binary, unconfigured};

/// A server that nothing was done to, with an empty database of this name.
async fn empty_server(folder: &DataFolder, database: &str) -> Server {
    let data = folder.path().join("postgres");
    let server = Server::start(&data, Install::WhenMissing(&to_stderr)).await.expect("a server");
    let mut admin = PgConnection::connect_with(&server.address().admin()).await.expect("a superuser");
    admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {database}"))).await.expect("a database");
    server
}

fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = unconfigured(binary());
    command.args(arguments).envs(variables.iter().copied());
    command.output().expect("the program")
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The variables of `NAME=value` lines, also of those in comments of SQL.
fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(|line| line.strip_prefix("-- ").unwrap_or(line));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let names = pairs.filter(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'));
    names.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The first operator's address and password.
fn operator(text: &str) -> Option<(String, String)> {
    let line = text.lines().find(|line| line.contains("The first operator signs in"))?;
    let (before, password) = line.split_once(" with the password ")?;
    let email = before.rsplit(' ').next()?;
    Some((email.to_owned(), password.to_owned()))
}

/// Serves with these variables, and asks as the operator for the list of tenants.
async fn serves(variables: &BTreeMap<String, String>, operator: &(String, String)) {
    let mut command = unconfigured(binary());
    command.args(["serve", "--operator"]).envs(variables);
    let mut served = Process::listening(command);
    served.ready(Duration::from_secs(30)).await;
    let caller =
        Caller::new(served.listeners[1], "admin.mmm.localhost").sign_in(&operator.0, &operator.1).await;
    let tenants = caller.get("/admin/tenants").await;
    assert_eq!((tenants.status, &tenants.json()["total"]), (StatusCode::OK, &json!(0)));
    let made = caller
        .post_json(
            "/admin/tenants",
            &json!({ "subdomain": "initech", "name": "Initech", "plan": "starter",
                     "admin_email": "ida@initech.example", "reason": "the first" }),
        )
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    served.stop().await;
}

/// D12, the last of item 7: from an empty server to an operator's first tenant; a second run changes
/// nothing; two at once apply everything once; `--rotate` makes new passwords and keys.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_server_becomes_a_platform_once() {
    let folder = DataFolder::new();
    let server = empty_server(&folder, "mmm").await;
    let url = server.admin_url("mmm");
    let admin = [("TENANCY_ADMIN_URL", url.as_str())];
    let migrate =
        || unconfigured(binary()).arg("migrate").envs(admin).stdout(std::process::Stdio::piped()).spawn();
    let both = [migrate().expect("one"), migrate().expect("another")];
    let both = both.map(|one| said(&one.wait_with_output().expect("an end")));
    let new: Vec<&String> = both.iter().filter(|text| operator(text).is_some()).collect();
    let [first] = new.as_slice() else { panic!("{both:?}") };
    let other = both.iter().find(|text| text != first).expect("the other");
    assert!(other.contains("up to date") && variables(other).is_empty(), "{other}");
    let set = variables(first);
    let names: Vec<&str> = set.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["DATABASE_URL", "TENANCY_GATE_URL", "TENANCY_OPS_URL", "TENANCY_SEAL_KEY", "TENANCY_TOKEN_KEY"]
    );
    serves(&set, &operator(first).expect("an operator")).await;

    // The door of the operators is for `serve --operator` alone.
    let pairs: Vec<(&str, &str)> = set.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for command in ["serve", "worker"] {
        let refused = run(&[command], &pairs);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && text.contains("TENANCY_OPS_URL"), "{command}: {text}");
    }

    let rotated = said(&run(&["migrate", "--rotate"], &admin));
    assert!(operator(&rotated).is_none(), "the first operator is made once: {rotated}");
    let rotated = variables(&rotated);
    for (name, value) in &set {
        assert_ne!(rotated.get(name), Some(value), "{name}");
    }
    let old = sqlx::PgPool::connect(&set["DATABASE_URL"]).await;
    assert!(old.is_err(), "the old password is over");
    server.stop().await.expect("stopped");
}

/// Item 7: where nobody but a provider's administrator is a superuser, psql does what `migrate` would
/// have done, and nothing is left to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_printed_sql_leaves_nothing_to_do() {
    let folder = DataFolder::new();
    let server = empty_server(&folder, "theirs").await;
    let url = server.admin_url("theirs");
    let admin = [("TENANCY_ADMIN_URL", url.as_str())];
    let sql = said(&run(&["migrate", "--print-sql", "--operator-email", "Ann@mmm.example"], &admin));
    let mut database = PgConnection::connect(&url).await.expect("a superuser");
    let made: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_rw')")
        .fetch_one(&mut database)
        .await
        .expect("an answer");
    assert!(!made, "printing does nothing");

    let file = folder.path().join("theirs.sql");
    std::fs::write(&file, &sql).expect("a file");
    let psql = server.binaries().program("psql");
    let done =
        Command::new(&psql).arg(&url).arg("--quiet").arg("--no-psqlrc").arg("--file").arg(&file).output();
    let done = done.unwrap_or_else(|error| panic!("{}: {error}", psql.display()));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));

    let shape = "
        SELECT c.oid::regclass::text || ' ' || pg_get_userbyid(c.relowner) || ' ' || coalesce(c.relacl::text, '')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ('public', 'control', 'tenancy', 'platform') ORDER BY 1";
    let before: Vec<String> = sqlx::query_scalar(shape).fetch_all(&mut database).await.expect("a shape");
    assert!(before.len() > 50, "{before:?}");
    let left = said(&run(&["migrate"], &admin));
    assert!(left.contains("up to date") && variables(&left).is_empty(), "{left}");
    let after: Vec<String> = sqlx::query_scalar(shape).fetch_all(&mut database).await.expect("a shape");
    assert_eq!(before, after);
    drop(database);

    let operator = operator(&sql).expect("an operator");
    assert_eq!(operator.0, "ann@mmm.example");
    serves(&variables(&sql), &operator).await;

    let again = Command::new(&psql).arg(&url).arg("--quiet").arg("--file").arg(&file).output().expect("psql");
    assert!(!again.status.success(), "it is for an empty database");
    server.stop().await.expect("stopped");
}

/// What is not a database is not migrated, and what is missing is named.
#[tokio::test]
async fn migrate_names_what_is_missing() {
    for (arguments, variables, said) in [
        (&["migrate"][..], &[][..], "TENANCY_ADMIN_URL is not set"),
        (&["migrate"], &[("TENANCY_ADMIN_URL", "nonsense")], "TENANCY_ADMIN_URL is not a database address"),
        (&["migrate", "--print-sql", "--rotate"], &[], "cannot be used with"),
        (&["migrate", "--print-sql", "--operator-email", "ann"], &[], "--operator-email"),
    ] {
        let output = run(arguments, variables);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(said), "{arguments:?}: {text}");
    }
}
