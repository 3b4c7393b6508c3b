//! A part of a transaction is undone alone, or the whole transaction is given up; never a mix.

use tenancy_sqlx::{CommitError, StatementRefused, TenantConn};

use crate::cut::{Outside, cut, drive, look};
use crate::kit::{acme, one_connection, place};

async fn insert(tx: &mut TenantConn, id: i32) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO things (id, name) VALUES ($1, 'new')").bind(id).execute(tx).await.map(drop)
}

#[tokio::test]
async fn what_is_rolled_back_is_gone_and_the_rest_is_committed() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, 10).await.expect("written");

    let mut kept = tx.savepoint().await.expect("a savepoint");
    insert(&mut kept, 11).await.expect("written");
    let mut inner = kept.savepoint().await.expect("a savepoint inside");
    insert(&mut inner, 12).await.expect("written");
    inner.rollback().await.expect("rolled back");
    kept.release().await.expect("released");

    let mut dropped = tx.savepoint().await.expect("a savepoint");
    insert(&mut dropped, 13).await.expect("written");
    drop(dropped);
    insert(&mut tx, 14).await.expect("written");
    tx.commit().await.expect("commit");
    for (id, there) in [(10, true), (11, true), (12, false), (13, false), (14, true)] {
        assert_eq!(outside.has(id).await, there, "{id}");
    }
    assert_eq!(look(&database, &outside).await, None);
    outside.close().await;
}

#[tokio::test]
async fn a_failed_statement_in_a_savepoint_that_is_rolled_back_lets_the_rest_be_committed() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, 10).await.expect("written");
    for explicitly in [true, false] {
        let mut savepoint = tx.savepoint().await.expect("a savepoint");
        insert(&mut savepoint, -1).await.expect_err("the check refuses it");
        let error = savepoint.savepoint().await.expect_err("nothing more until it is rolled back");
        assert_eq!(StatementRefused::in_error(&error), Some(&StatementRefused::Failed));
        if explicitly {
            savepoint.rollback().await.expect("rolled back");
        } else {
            drop(savepoint);
        }
        insert(&mut tx, 11 + i32::from(explicitly)).await.expect("the transaction goes on");
    }
    let mut savepoint = tx.savepoint().await.expect("a savepoint");
    insert(&mut savepoint, -1).await.expect_err("the check refuses it");
    assert!(matches!(savepoint.release().await, Err(CommitError::Aborted)));
    tx.commit().await.expect("commit");
    for id in 10..13 {
        assert!(outside.has(id).await, "{id}");
    }

    // Outside a savepoint there is nothing to go back to.
    let mut tx = database.begin(&acme()).await.expect("begin");
    insert(&mut tx, -1).await.expect_err("the check refuses it");
    tx.savepoint().await.expect_err("the transaction has failed");
    assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
    outside.close().await;
}

#[tokio::test]
async fn a_savepoint_that_is_forgotten_is_not_mistaken_for_a_commit() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.database(one_connection()).await, Outside::of(&place).await);
    for commit in [true, false] {
        let mut tx = database.begin(&acme()).await.expect("begin");
        let mut savepoint = tx.savepoint().await.expect("a savepoint");
        insert(&mut savepoint, 10).await.expect("written");
        std::mem::forget(savepoint);
        if commit {
            assert!(matches!(tx.commit().await, Err(CommitError::Aborted)));
        } else {
            drop(tx);
        }
        assert_eq!(look(&database, &outside).await, None);
        assert!(!outside.has(10).await);
    }
    outside.close().await;
}

/// The steps of a savepoint.
#[derive(Clone, Copy, Debug)]
enum Step {
    Set,
    Query,
    Release,
    Rollback,
}

#[tokio::test]
async fn a_step_that_is_dropped_gives_up_the_transaction_and_leaves_nothing() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    for step in [Step::Set, Step::Query, Step::Release, Step::Rollback] {
        let attempt = async |polls| {
            let mut tx = database.begin(&acme()).await.expect("begin");
            insert(&mut tx, 10).await.expect("written");
            let completed = if matches!(step, Step::Set) {
                cut(polls, tx.savepoint()).await.map(|set| set.expect("a savepoint")).is_some()
            } else {
                let mut savepoint = tx.savepoint().await.expect("a savepoint");
                match step {
                    Step::Query => cut(polls, insert(&mut savepoint, 11)).await.is_some(),
                    Step::Release => cut(polls, savepoint.release()).await.is_some(),
                    _ => cut(polls, savepoint.rollback()).await.is_some(),
                }
            };
            if !completed && !matches!(step, Step::Query) {
                let error = insert(&mut tx, 12).await.expect_err("given up");
                assert_eq!(
                    StatementRefused::in_error(&error),
                    Some(&StatementRefused::Interrupted),
                    "{error}"
                );
                assert!(matches!(tx.commit().await, Err(CommitError::Aborted)), "{step:?} {polls}");
            }
            completed
        };
        let left = drive(attempt, async || {
            let left = look(&database, &outside).await;
            left.or(outside.has(10).await.then(|| "what was given up is there".into()))
        });
        let left = left.await;
        assert!(left.is_empty(), "{step:?}: {left:?}");
    }
    outside.close().await;
}

#[tokio::test]
async fn a_failing_statement_that_is_dropped_unanswered_is_undone_with_its_savepoint() {
    let Some(place) = place().await else { return };
    let (database, outside) = (place.slow_database(one_connection()).await, Outside::of(&place).await);
    let attempt = async |polls: usize| {
        let mut tx = database.begin(&acme()).await.expect("begin");
        let id = i32::try_from(1000 + polls).expect("a small number");
        insert(&mut tx, id).await.expect("written");
        let mut savepoint = tx.savepoint().await.expect("a savepoint");
        let failing = sqlx::query("SELECT 1 / (id - id) FROM things").execute(&mut *savepoint);
        let completed = cut(polls, failing).await.is_some();
        savepoint.rollback().await.expect("rolled back");
        tx.commit().await.expect("commit");
        assert!(outside.has(id).await, "an acknowledged row was lost after {polls} polls");
        completed
    };
    let left = drive(attempt, async || look(&database, &outside).await).await;
    assert!(left.is_empty(), "{left:?}");
    outside.close().await;
}
