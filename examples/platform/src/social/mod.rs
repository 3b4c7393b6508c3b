//! Social accounts: the accounts at other networks that campaigns run on.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row;
use tenancy_core::UserId;
use tenancy_core::plan::Meter;
use tenancy_tower::extract::Member;
use uuid::Uuid;

use crate::app::App;
use crate::failure::Failure;
use crate::usage;

const MISSING: Failure = Failure::Missing("Social account");

/// `GET /api/social-accounts`
pub async fn list(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let rows = sqlx::query(
        "SELECT id, network, handle FROM social_accounts WHERE deleted_at IS NULL
         ORDER BY network, lower(handle) LIMIT 500",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(Failure::internal)?;
    let accounts = rows.iter().map(|row| {
        let text = |column| row.try_get::<String, _>(column);
        Ok(account(row.try_get("id")?, &text("network")?, &text("handle")?))
    });
    let accounts = accounts.collect::<Result<Vec<Value>, sqlx::Error>>().map_err(Failure::internal)?;
    Ok(Json(json!({ "social_accounts": accounts })))
}

fn account(id: Uuid, network: &str, handle: &str) -> Value {
    json!({ "id": id, "network": network, "handle": handle })
}

/// What to connect.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    #[serde(alias = "platform")]
    network: String,
    #[serde(alias = "name")]
    handle: String,
}

/// `POST /api/social-accounts`: limit, row and ledger in one transaction.
pub async fn create(
    State(app): State<App>,
    Member { context, .. }: Member,
    body: Result<Json<Wanted>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let Ok(Json(wanted)) = body else {
        let form = "Send {\"network\": \"instagram\", \"handle\": \"@acme\"} as JSON.";
        return Err(Failure::invalid("bad_account", form));
    };
    let (network, handle) = (wanted.network.trim().to_ascii_lowercase(), wanted.handle.trim());
    check(&network, handle)?;
    let id = Uuid::now_v7();
    let mut tx = app.database.begin(&context).await?;
    usage::create(&mut tx, &context, &Meter::SOCIAL_ACCOUNTS, id, 1).await?;
    sqlx::query("INSERT INTO social_accounts (id, network, handle, created_by) VALUES ($1, $2, $3, $4)")
        .bind(id)
        .bind(&network)
        .bind(handle)
        .bind(context.actor().user().map(UserId::as_uuid))
        .execute(&mut *tx)
        .await
        .map_err(|error| match error {
            sqlx::Error::Database(error) if error.is_unique_violation() => Failure::Conflict {
                code: "account_exists",
                message: "This account is connected already.".to_owned(),
            },
            other => Failure::internal(other),
        })?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(account(id, &network, handle))))
}

fn check(network: &str, handle: &str) -> Result<(), Failure> {
    let plain = network.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain || network.len() > 40 || !network.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(Failure::invalid(
            "bad_network",
            "A network has 1 to 40 letters, digits and underscores.",
        ));
    }
    if handle.is_empty() || handle.chars().count() > 200 || handle.chars().any(char::is_control) {
        return Err(Failure::invalid("bad_handle", "A handle has 1 to 200 characters."));
    }
    Ok(())
}

/// `DELETE /api/social-accounts/{id}`: doing it again changes nothing.
pub async fn remove(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id: Uuid = id.parse().map_err(|_| MISSING)?;
    let mut tx = app.database.begin(&context).await?;
    let done =
        sqlx::query("UPDATE social_accounts SET deleted_at = coalesce(deleted_at, now()) WHERE id = $1")
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(Failure::internal)?;
    if done.rows_affected() == 0 {
        return Err(MISSING);
    }
    tx.release_held(&Meter::SOCIAL_ACCOUNTS, id).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_account_is_refused() {
        assert!(check("instagram", "@acme").is_ok());
        for (network, handle) in
            [("", "@a"), ("In", "@a"), ("7x", "@a"), ("a b", "@a"), ("x", ""), ("x", "a\nb")]
        {
            assert!(check(network, handle).is_err(), "{network:?} {handle:?}");
        }
        assert!(check("x", &"a".repeat(201)).is_err() && check(&"x".repeat(41), "a").is_err());
    }
}
