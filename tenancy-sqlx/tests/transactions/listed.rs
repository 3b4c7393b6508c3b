//! Every public future of the crate: it is cut by the driver, or it says why nothing of a tenant's can be
//! left behind when it is dropped.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::error::DatabaseError;
use tenancy_core::JobId;
use tenancy_core::plan::Meter;
use tenancy_sqlx::jobs::NewJob;
use tenancy_sqlx::usage::UsageEvent;
use tenancy_sqlx::{Page, TenantDatabase, TenantTx};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{ACME, acme, one_connection, place};
use crate::repository::{Card, Words, cards};

/// Why a future is on the list, and which those are, by file and name.
const LIST: &[(&str, &[&str])] = &[
    (
        "cut in `cancelled.rs` and `savepoints.rs`, and also in `sessions.rs` and while waiting in `fair.rs`",
        &[
            "database.rs begin",
            "database.rs begin_read",
            "tx.rs commit",
            "tx.rs rollback",
            "savepoint.rs savepoint",
            "savepoint.rs release",
            "savepoint.rs rollback",
        ],
    ),
    (
        "cut below, in a transaction",
        &[
            "lock.rs lock",
            "lock.rs try_lock",
            "notify.rs notify",
            "bulk.rs execute",
            "repository.rs find",
            "repository.rs find_all",
            "repository.rs create",
            "repository.rs update",
            "repository.rs soft_delete",
            "repository.rs purge",
            "jobs/new_job.rs enqueue",
            "jobs/record.rs job",
            "jobs/cancel.rs cancel",
            "usage/ledger.rs record",
            "usage/ledger.rs recorded_this_month",
            "usage/admit.rs admit",
            "usage/admit.rs count",
            "usage/admit.rs release_held",
            "usage/admit.rs usage",
            "usage/outlook.rs outlook",
        ],
    ),
    (
        "queries of a transaction for a job that a worker holds, which a drop rolls back like any other's",
        &[
            "jobs/held.rs hold",
            "jobs/held.rs start",
            "jobs/held.rs progress",
            "jobs/held.rs done",
            "jobs/held.rs fail",
            "jobs/held.rs requeue",
        ],
    ),
    (
        "single statements on a pool that no tenant is ever bound on",
        &[
            "database.rs is_ready",
            "control/mod.rs is_ready",
            "control/mod.rs require",
            "control/credential.rs operator",
            "control/directory.rs tenant",
            "control/invitation.rs invitation",
            "control/invitation.rs accept_invitation",
            "control/password.rs open_reset",
            "control/password.rs find_reset",
            "control/password.rs use_reset",
            "control/password.rs own_password",
            "control/password.rs change_password",
            "control/operator_session.rs open_operator_session",
            "control/operator_session.rs operator_session",
            "control/operator_session.rs end_operator_session",
            "control/refresh.rs open_refresh",
            "control/refresh.rs rotate_refresh",
            "control/refresh.rs end_refresh",
            "jobs/claim.rs claim",
            "jobs/claim.rs extend_leases",
            "jobs/claim.rs release",
            "jobs/engine/queue.rs release",
            "operator/mod.rs create_tenant",
            "operator/mod.rs set_status",
            "operator/mod.rs add_member",
            "operator/mod.rs add_operator",
            "operator/onboard.rs onboard",
            "operator/onboard.rs invite",
            "operator/onboard.rs set_plan",
            "operator/read.rs tenants",
            "operator/read.rs is_free",
            "operator/read.rs events",
            "operator/read.rs ask",
        ],
    ),
    (
        "on a connection of its own or the caller's, or making the pool, before anybody is served",
        &[
            "database.rs connect",
            "database.rs connect_with",
            "database.rs prove",
            "database.rs prove_every",
            "control/mod.rs connect_with",
            "control/mod.rs connect_with_clock",
            "operator/mod.rs connect_with",
            "operator/mod.rs first_operator",
            "migrate/mod.rs migrate",
            "proof/mod.rs prove",
            "proof/mod.rs prove_on",
            "protect/mod.rs of",
            "protect/mod.rs apply",
            "seal/mod.rs install",
            "seal/mod.rs rotate",
            "notify.rs listen",
        ],
    ),
    (
        "waiting, without a statement",
        &[
            "database.rs close",
            "control/mod.rs close",
            "operator/mod.rs close",
            "jobs/hint.rs next",
            "jobs/lease.rs freed",
            "jobs/lease.rs lost",
            "notify.rs heard",
        ],
    ),
];

/// By file and name what a folder declares as `pub async fn`.
fn declared(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("a file").path();
        // Not part of a program that serves tenants.
        if path.ends_with("testing") || path.ends_with("embedded") {
            continue;
        }
        if path.is_dir() {
            declared(&path, root, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap_or_default();
        let file = path.strip_prefix(root).expect("below the root").display().to_string();
        for line in source.lines() {
            if let Some(rest) = line.trim_start().strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().unwrap_or_default();
                found.insert(format!("{file} {name}"));
            }
        }
    }
}

#[test]
fn every_public_future_is_on_the_list_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    declared(&root, &root, &mut found);
    let mut listed = BTreeSet::new();
    for (why, futures) in LIST {
        for future in *futures {
            assert!(listed.insert((*future).to_owned()), "{future} is on the list twice: {why}");
        }
    }
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "nobody drives {missing:?}, nor says why not");
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "the list names {gone:?}, which are no more");
}

/// Cuts what is done in a transaction after each poll, and drops the transaction with it.
async fn inside(name: &str, database: &TenantDatabase, outside: &Outside, step: impl AsyncFn(&mut TenantTx)) {
    let attempt = async |polls| {
        let mut tx = database.begin(&acme()).await.expect("begin");
        cut(polls, step(&mut tx)).await.is_some()
    };
    let left = drive(attempt, async || look(database, outside).await).await;
    assert!(left.is_empty(), "{name}: {left:?}");
}

/// Whether a statement got as far as the server's own checks, for steps that a tenant without a job or a
/// plan is refused.
fn asked<T, E: std::error::Error>(done: Result<T, E>) {
    let error = done.err().map(|error| {
        let source =
            std::error::Error::source(&error).and_then(|source| source.downcast_ref::<sqlx::Error>());
        let code = source.and_then(sqlx::Error::as_database_error).and_then(DatabaseError::code);
        code.map(std::borrow::Cow::into_owned)
    });
    assert!(error.as_ref().is_none_or(|code| code.as_deref() != Some("42601")), "{error:?}");
}

#[tokio::test]
async fn what_is_done_in_a_transaction_leaves_nothing_when_it_is_dropped() {
    let Some(place) = place().await else { return };
    place
        .run(format!(
            "INSERT INTO control.tenants (id, name, subdomain, status, plan) VALUES ('{ACME}', 'acme', 'acme', 'active', 'starter')"
        ))
        .await;
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let (d, o) = (&database, &outside);
    inside("lock", d, o, async |tx| tx.lock("a").await.expect("a lock")).await;
    inside("try_lock", d, o, async |tx| assert!(tx.try_lock("a").await.expect("asked"))).await;
    inside("notify", d, o, async |tx| tx.notify("a", "b").await.expect("sent")).await;
    let bulk = async |tx: &mut TenantTx| {
        let rows = tx.bulk_insert("things").column("id", vec![900, 901]).column("name", vec!["a", "b"]);
        assert_eq!(rows.execute().await.expect("inserted"), 2);
    };
    inside("bulk_insert", d, o, bulk).await;
    cards(&place).await;
    let (id, words) = (uuid::Uuid::nil(), || Words { title: "a".into(), stars: None });
    inside("find", d, o, async |tx| asked(tx.repository::<Card>().find(id).await)).await;
    inside("find_all", d, o, async |tx| asked(tx.repository::<Card>().find_all(Page::default()).await)).await;
    inside("create", d, o, async |tx| asked(tx.repository::<Card>().create(words()).await)).await;
    inside("update", d, o, async |tx| asked(tx.repository::<Card>().update(id, words()).await)).await;
    inside("soft_delete", d, o, async |tx| asked(tx.repository::<Card>().soft_delete(id).await)).await;
    inside("purge", d, o, async |tx| asked(tx.repository::<Card>().purge(Duration::ZERO).await)).await;
    let enqueue = async |tx: &mut TenantTx| asked(tx.enqueue(&NewJob::new("work", json!({}))).await);
    inside("enqueue", d, o, enqueue).await;
    inside("job", d, o, async |tx| asked(tx.job(JobId::new()).await)).await;
    inside("cancel", d, o, async |tx| asked(tx.cancel(JobId::new()).await)).await;
    let meter = || Meter::API_CALLS_HOUR;
    let record = async |tx: &mut TenantTx| asked(tx.record(&UsageEvent::new(meter(), 1, "k")).await);
    inside("record", d, o, record).await;
    inside("recorded_this_month", d, o, async |tx| asked(tx.recorded_this_month().await)).await;
    inside("admit", d, o, async |tx| asked(tx.admit(&meter(), uuid::Uuid::nil(), 1).await)).await;
    inside("count", d, o, async |tx| asked(tx.count(&meter(), 1).await)).await;
    inside("release_held", d, o, async |tx| asked(tx.release_held(&meter(), uuid::Uuid::nil()).await)).await;
    inside("usage", d, o, async |tx| asked(tx.usage().await)).await;
    inside("outlook", d, o, async |tx| asked(tx.outlook().await)).await;
    outside.close().await;
}
