//! A notes service on axum and sqlx, with tenancy added: `cargo run -p quickstart`, then
//!
//! ```text
//! curl -H 'Host: acme.app.localhost' -d 'buy coffee' http://127.0.0.1:3000/notes
//! curl -H 'Host: acme.app.localhost'   http://127.0.0.1:3000/notes      ["buy coffee"]
//! curl -H 'Host: globex.app.localhost' http://127.0.0.1:3000/notes      []
//! ```

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use sqlx::{Connection, PgConnection};
use tenancy_core::TenantId;
use tenancy_sqlx::embedded::{Address, Install, Server, to_stderr};
use tenancy_sqlx::migrate::{Schema, Step, migrate};
use tenancy_sqlx::{Gate, NewTenant, OperatorDoor, Passwords, Reason, Roles, Settings, TenantDatabase};
use tenancy_tower::TenantLayer;
use tenancy_tower::extract::Tenancy;
use tenancy_tower::locate::SubdomainLocator;

/// The application's own tables. `protect` gives a table its policies, its default and its grants.
const NOTES: Schema = Schema {
    name: "notes",
    table: "notes.migrations",
    steps: &[Step {
        version: 1,
        name: "notes",
        sql: "CREATE TABLE public.notes (tenant_id uuid NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY,
                                         body text NOT NULL, PRIMARY KEY (tenant_id, id));
              ALTER TABLE public.notes OWNER TO app_owner;
              SELECT tenancy.protect('public.notes');",
    }],
};

/// No tenant in the query: only the tenant's own notes are there.
async fn list(
    State(db): State<TenantDatabase>,
    Tenancy(context): Tenancy,
) -> Result<Json<Vec<String>>, StatusCode> {
    let mut tx = db.begin_read(&context).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    let notes = sqlx::query_scalar("SELECT body FROM notes ORDER BY id").fetch_all(&mut *tx).await;
    notes.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

/// No tenant in the insert: the column has the bound tenant as its default.
async fn add(State(db): State<TenantDatabase>, Tenancy(context): Tenancy, body: String) -> StatusCode {
    let Ok(mut tx) = db.begin(&context).await else { return StatusCode::SERVICE_UNAVAILABLE };
    let added = sqlx::query("INSERT INTO notes (body) VALUES ($1)").bind(body).execute(&mut *tx).await;
    match (added, tx.commit().await) {
        (Ok(_), Ok(())) => StatusCode::CREATED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The application: its routes, and one layer around them.
async fn application(database: &Address, passwords: &Passwords) -> anyhow::Result<Router> {
    let mut admin = PgConnection::connect_with(&database.admin_in("postgres")).await?;
    migrate(&mut admin, &Roles::default(), Some(passwords), &[NOTES]).await?;

    let gate = Gate::connect_with(database.options_for("app_gate", &passwords.gate, "postgres")).await?;
    let options = database.options_for("app_rw", &passwords.rw, "postgres");
    let tenants = TenantDatabase::connect_with(options, Settings::default()).await?;
    let locator = SubdomainLocator::new("app.localhost".parse()?);
    Ok(Router::new()
        .route("/notes", get(list).post(add))
        .with_state(tenants)
        .layer(TenantLayer::new(locator, Arc::new(gate))))
}

/// Two tenants, made by the operator's role, with a reason that is written down.
async fn make_tenants(database: &Address, passwords: &Passwords) -> anyhow::Result<()> {
    let door =
        OperatorDoor::connect_with(database.options_for("app_ops", &passwords.ops, "postgres")).await?;
    let reason =
        Reason::new("quickstart", "two tenants to try").ok_or_else(|| anyhow::anyhow!("a reason"))?;
    for slug in ["acme", "globex"] {
        let (name, plan) = (slug.to_owned(), "starter".parse()?);
        let tenant =
            NewTenant { id: TenantId::new(), slug: slug.parse()?, name, plan, settings: "{}".parse()? };
        door.create_tenant(&reason, &tenant).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A database for trying; an application that serves is given one.
    let folder = tempfile::Builder::new().prefix("quickstart").permissions(open_folder()).tempdir()?;
    let server = Server::start(folder.path().join("postgres"), Install::WhenMissing(&to_stderr)).await?;
    let passwords = Passwords::random()?;
    let router = application(server.address(), &passwords).await?;
    make_tenants(server.address(), &passwords).await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(server.stop().await?)
}

/// Under root the server has an account of its own, which must pass through the folder.
fn open_folder() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o711)
}

#[cfg(test)]
mod tests;
