//! What nobody should send and somebody will: each gets a clear answer, nothing is stored half-way,
//! and the platform goes on.

mod bodies;
mod files;
mod requests;
mod roles;
mod wire;

use reqwest::StatusCode;
use sqlx::AssertSqlSafe;
use tests::{Answer, Caller, World};

/// How many rows the tenants have in each of their tables.
async fn stored(world: &World) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    let mut admin = world.admin().await;
    for table in ["data_sources", "uploads", "marketing_data", "jobs", "mmm_models"] {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        counts.push((table, sqlx::query_scalar(sql).fetch_one(&mut admin).await.expect("a count")));
    }
    counts
}

/// An answer is a refusal that says what is wrong, and nothing about what is inside.
fn assert_clear(what: &str, answer: &Answer) {
    assert!(answer.status.is_client_error(), "{what}: {} {}", answer.status, answer.body);
    let inside =
        ["SELECT", "INSERT", "postgres", "sqlx", "panicked", "src/", "SQLSTATE", "relation ", "tokio"];
    for word in inside {
        assert!(!answer.body.contains(word), "{what} shows {word}: {}", answer.body);
    }
    if answer.header("content-type").starts_with("text/html") {
        return;
    }
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}: {}", answer.body);
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16(), "{what}: {body}");
    for field in ["code", "error", "title"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{what} has no {field}: {body}");
    }
}

/// The platform lives, and its people can work.
async fn assert_alive(what: &str, caller: &Caller) {
    for path in ["/healthz", "/readyz", "/auth/me"] {
        assert_eq!(caller.get(path).await.status, StatusCode::OK, "{path} after {what}");
    }
}
