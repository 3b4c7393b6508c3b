//! The suite as somebody else uses it: a crate outside the workspace with one line in its test file.

use std::path::{Path, PathBuf};
use std::process::Output;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tenancy_sqlx::embedded::{Cluster, Install, TestDatabase, to_stderr};
use tenancy_sqlx::{Passwords, Roles, migrate};
use tokio::process::Command;

const TEST: &str = "tenancy_sqlx::isolation_test!(\"DATABASE_URL\", \"TENANCY_TEST_ADMIN_URL\");\n";

const NOTES: &str = "
    SET ROLE app_owner;
    CREATE TABLE public.notes (tenant_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL, PRIMARY KEY (tenant_id, id));
    ALTER TABLE public.notes DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
    GRANT SELECT, INSERT, UPDATE, DELETE ON public.notes TO app_rw;
    RESET ROLE";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

/// The crate: a manifest, an empty library, and the line.
fn sample(folder: &Path) {
    let crates = workspace();
    // The same profiles and versions as here, so that nothing is compiled in another way.
    let own = std::fs::read_to_string(crates.join("Cargo.toml")).unwrap();
    let profiles = &own[own.find("[profile.dev]").unwrap()..];
    let path = crates.join("tenancy-sqlx");
    let manifest = format!(
        "[package]\nname = \"adopter\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dev-dependencies]\ntenancy-sqlx = {{ path = \"{}\", features = [\"testing\"] }}\n\n{profiles}",
        path.display()
    );
    for (name, text) in [("Cargo.toml", manifest.as_str()), ("src/lib.rs", ""), ("tests/isolation.rs", TEST)]
    {
        let file = folder.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    std::fs::copy(crates.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

async fn cargo_test(folder: &Path, app: &PgConnectOptions, admin: &PgConnectOptions) -> Output {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("adopter"))
        .env("DATABASE_URL", app.to_url_lossy().as_str())
        .env("TENANCY_TEST_ADMIN_URL", admin.to_url_lossy().as_str())
        .env("SQLX_OFFLINE", "true")
        .output()
        .await
        .expect("cargo")
}

async fn prepare(admin: PgConnectOptions, password: String) -> anyhow::Result<()> {
    let mut admin = PgConnection::connect_with(&admin).await?;
    let passwords =
        Passwords { gate: password.clone(), rw: password.clone(), ops: password.clone(), migrator: password };
    migrate::migrate(&mut admin, &Roles::default(), Some(&passwords), &[]).await?;
    admin.close().await?;
    Ok(())
}

async fn run(database: &TestDatabase, sql: &'static str) {
    let mut admin = PgConnection::connect_with(&database.admin()).await.unwrap();
    admin.execute(sql).await.unwrap();
    admin.close().await.unwrap();
}

/// V5: an unprotected table turns the one line red, and protecting it turns it green.
#[tokio::test]
async fn one_line_in_a_crate_of_its_own_finds_an_unprotected_table() {
    let cluster = Cluster::shared("platform", Install::WhenMissing(&to_stderr)).await.unwrap();
    let password = cluster.role_password().to_owned();
    let steps = migrate::TENANCY.steps.iter().map(|step| step.sql.len()).sum::<usize>();
    let key = format!("adopter-{}-{steps}", migrate::TENANCY.version());
    let after = "SELECT tenancy.grant_database()";
    let database = cluster.database(&key, |admin| prepare(admin, password), after).await.unwrap();
    let (app, admin) = (database.options_for("app_rw", cluster.role_password()), database.admin());
    let folder = tempfile::tempdir().unwrap();
    sample(folder.path());
    run(&database, NOTES).await;

    let red = cargo_test(folder.path(), &app, &admin).await;
    let said = String::from_utf8_lossy(&red.stdout).into_owned() + &*String::from_utf8_lossy(&red.stderr);
    assert!(!red.status.success(), "an unprotected table passed: {said}");
    assert!(
        said.contains("WRONG public.notes · select · direct") && said.contains("R10 error: public.notes"),
        "{said}"
    );

    run(&database, "SELECT tenancy.protect('public.notes')").await;
    let green = cargo_test(folder.path(), &app, &admin).await;
    let said = String::from_utf8_lossy(&green.stdout).into_owned() + &*String::from_utf8_lossy(&green.stderr);
    assert!(green.status.success(), "a protected table is refused: {said}");
    assert!(said.contains("1 passed"), "the test ran: {said}");
}
