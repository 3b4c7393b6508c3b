//! Jobs on a real server: two tenants, several workers, and what happens when one of them is gone.
#![cfg(feature = "embedded")]

#[cfg(feature = "apalis")]
mod engine;
mod world;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tenancy_core::{JobId, Lifecycle, TenantId};
use tenancy_sqlx::jobs::{Cancellation, ClaimedJob, JobError, JobHints, JobState, NewJob};
use world::{LONG, SHORT, policy, reason, world};

#[tokio::test]
async fn a_job_is_enqueued_with_its_transaction_or_not_at_all() {
    let Some(world) = world().await else { return };
    let mut tx = world.database.begin(&world.acme).await.expect("begin");
    let job = tx.enqueue(&NewJob::new("sum", json!({"a": 1}))).await.expect("enqueued");
    assert_eq!(world.claim(&policy(LONG, 9), 9).await, []);
    tx.rollback().await.expect("rollback");
    assert_eq!(world.claim(&policy(LONG, 9), 9).await, []);
    assert_eq!(world.read(&world.acme, job.job_id).await, None);

    let job = world.enqueue(&world.acme, "sum").await;
    let record = world.read(&world.acme, job).await.expect("the job");
    assert_eq!((record.state, record.percent, record.kind.as_str()), (JobState::Queued, 0, "sum"));
    let claimed = world.claim_one(&policy(LONG, 9)).await;
    assert_eq!((claimed.job_id(), claimed.tenant_id(), claimed.attempt()), (job, world.acme.tenant_id(), 1));
}

#[tokio::test]
async fn a_job_due_later_waits_and_priority_orders_a_tenants_own_jobs() {
    let Some(world) = world().await else { return };
    let mut tx = world.database.begin(&world.acme).await.expect("begin");
    let later = NewJob::new("later", json!({})).after(Duration::from_hours(1)).priority(9);
    tx.enqueue(&later).await.expect("enqueued");
    let plain = tx.enqueue(&NewJob::new("plain", json!({}))).await.expect("enqueued");
    let soon = tx.enqueue(&NewJob::new("soon", json!({})).priority(5)).await.expect("enqueued");
    tx.commit().await.expect("commit");
    let policy = policy(LONG, 9);
    assert_eq!(world.claim_one(&policy).await.job_id(), soon.job_id);
    assert_eq!(world.claim_one(&policy).await.job_id(), plain.job_id);
    assert_eq!(world.claim(&policy, 1).await, []);
}

#[tokio::test]
async fn another_tenant_neither_sees_nor_touches_a_job() {
    let Some(world) = world().await else { return };
    let job = world.enqueue(&world.acme, "sum").await;
    assert_eq!(world.read(&world.globex, job).await, None);
    let claimed = world.claim_one(&policy(LONG, 9)).await;
    let error = world.done(&world.globex, &claimed).await.expect_err("another tenant's job");
    assert!(error.is_lease_lost(), "{error}");
    world.done(&world.acme, &claimed).await.expect("done");
    let record = world.read(&world.acme, job).await.expect("the job");
    assert_eq!(
        (record.state, record.percent, record.result),
        (JobState::Done, 100, Some(json!({"answer": 42})))
    );
}

#[tokio::test]
async fn twenty_jobs_of_one_tenant_delay_anothers_first_by_one_at_most() {
    let Some(world) = world().await else { return };
    for _ in 0..20 {
        world.enqueue(&world.acme, "sum").await;
    }
    let policy = policy(LONG, 9);
    let first = world.claim_one(&policy).await;
    assert_eq!(first.tenant_id(), world.acme.tenant_id());
    let small = world.enqueue(&world.globex, "sum").await;
    world.done(&world.acme, &first).await.expect("done");
    assert_eq!(world.claim_one(&policy).await.job_id(), small);
    // And from then on in turns, with one or with several running.
    world.enqueue(&world.globex, "sum").await;
    let tenants: HashSet<TenantId> =
        world.claim(&policy, 2).await.iter().map(ClaimedJob::tenant_id).collect();
    assert_eq!(tenants.len(), 1, "globex has one running already, so acme comes first");
}

#[tokio::test]
async fn parallel_claimers_never_exceed_a_tenants_cap() {
    let Some(world) = world().await else { return };
    for _ in 0..30 {
        world.enqueue(&world.acme, "sum").await;
    }
    let claims = (0..8).map(|_| {
        let (gate, policy) = (world.gate.clone(), policy(LONG, 3));
        tokio::spawn(async move { gate.claim(&policy, 2).await.expect("claimed").len() })
    });
    let mut taken = 0;
    for claim in claims.collect::<Vec<_>>() {
        taken += claim.await.expect("a claimer");
    }
    assert_eq!(taken, 3);
}

#[tokio::test]
async fn who_lost_the_lease_cannot_write_over_the_next_worker() {
    let Some(world) = world().await else { return };
    let job = world.enqueue(&world.acme, "sum").await;
    let (dead, next) = (policy(SHORT, 9), policy(LONG, 9));
    let first = world.claim_one(&dead).await;
    assert_eq!(world.claim(&next, 1).await, [], "the lease still runs");
    tokio::time::sleep(SHORT * 2).await;

    let second = world.claim_one(&next).await;
    assert_eq!((second.job_id(), second.attempt(), second.losses()), (job, 2, 1));
    assert_eq!(world.gate.extend_leases(&dead, std::slice::from_ref(&first)).await.expect("an answer"), []);
    let error = world.done(&world.acme, &first).await.expect_err("the lease is lost");
    assert!(matches!(error, JobError::LeaseLost { job: lost } if lost == job), "{error}");
    assert_eq!(world.read(&world.acme, job).await.expect("the job").state, JobState::Queued);
    // Nor can it give back what is another's.
    world.gate.release(&dead, &first, Duration::ZERO, false).await.expect("ignored");
    world.done(&world.acme, &second).await.expect("done");
}

#[tokio::test]
async fn a_job_that_is_given_back_is_free_at_once_and_nobodys_fault() {
    let Some(world) = world().await else { return };
    world.enqueue(&world.acme, "sum").await;
    let (stopping, next) = (policy(LONG, 9), policy(LONG, 9));
    let first = world.claim_one(&stopping).await;
    world.gate.release(&stopping, &first, Duration::ZERO, false).await.expect("given back");
    let second = world.claim_one(&next).await;
    assert_eq!((second.attempt(), second.losses()), (2, 0));
    assert!(world.done(&world.acme, &first).await.expect_err("given back").is_lease_lost());
    world.gate.release(&next, &second, Duration::ZERO, true).await.expect("given back");
    assert_eq!(world.claim_one(&next).await.losses(), 1);
}

#[tokio::test]
async fn a_held_job_stops_neither_claims_nor_the_leases_of_others() {
    let Some(world) = world().await else { return };
    let policy = policy(SHORT, 9);
    for _ in 0..2 {
        world.enqueue(&world.acme, "sum").await;
    }
    let jobs = world.claim(&policy, 2).await;
    let mut slow = world.database.begin(&world.acme).await.expect("begin");
    slow.hold(&jobs[0]).await.expect("held").progress(50, "writing").await.expect("progress");

    let own = world.gate.extend_leases(&policy, &jobs).await.expect("extended");
    let extended = |job: &ClaimedJob| own.iter().find(|own| own.job == job.job_id()).map(|own| own.extended);
    assert_eq!((extended(&jobs[0]), extended(&jobs[1])), (Some(false), Some(true)));
    tokio::time::sleep(SHORT * 2).await;
    let again: Vec<JobId> = world.claim(&policy, 9).await.iter().map(ClaimedJob::job_id).collect();
    assert_eq!(again, [jobs[1].job_id()], "the held one is passed over although its lease ran out");
    slow.commit().await.expect("its owner wrote last");
}

#[tokio::test]
async fn a_cancelled_job_is_nobodys_and_only_its_own_tenant_can_cancel_it() {
    let Some(world) = world().await else { return };
    let policy = policy(LONG, 9);
    let queued = world.enqueue(&world.acme, "sum").await;
    assert_eq!(world.cancel(&world.globex, queued).await, Cancellation::Unknown);
    assert_eq!(world.read(&world.acme, queued).await.expect("the job").state, JobState::Queued);
    assert_eq!(world.cancel(&world.acme, queued).await, Cancellation::Cancelled);
    assert_eq!(world.claim(&policy, 9).await, []);
    let record = world.read(&world.acme, queued).await.expect("the job");
    assert_eq!((record.state, record.finished_at.is_some()), (JobState::Cancelled, true));
    assert_eq!(world.cancel(&world.acme, queued).await, Cancellation::Ended(JobState::Cancelled));

    world.enqueue(&world.acme, "sum").await;
    let claimed = world.claim_one(&policy).await;
    assert_eq!(world.cancel(&world.acme, claimed.job_id()).await, Cancellation::Cancelled);
    let own = world.gate.extend_leases(&policy, std::slice::from_ref(&claimed)).await.expect("an answer");
    assert_eq!(own, [], "the next heartbeat says so");
    assert!(world.done(&world.acme, &claimed).await.expect_err("cancelled").is_lease_lost());
    assert_eq!(world.read(&world.acme, claimed.job_id()).await.expect("the job").state, JobState::Cancelled);
}

#[tokio::test]
async fn a_job_whose_end_is_being_written_ends_by_itself_and_not_by_the_cancel_that_waited() {
    let Some(world) = world().await else { return };
    world.enqueue(&world.acme, "sum").await;
    let claimed = world.claim_one(&policy(LONG, 9)).await;
    let mut storing = world.database.begin(&world.acme).await.expect("begin");
    storing.hold(&claimed).await.expect("held").done(&json!({"answer": 42})).await.expect("done");
    let cancelling = world.cancel(&world.acme, claimed.job_id());
    let committing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        storing.commit().await.expect("commit");
    };
    let (cancelled, ()) = tokio::join!(cancelling, committing);
    assert_eq!(cancelled, Cancellation::Ended(JobState::Done));
    let record = world.read(&world.acme, claimed.job_id()).await.expect("the job");
    assert_eq!((record.state, record.result), (JobState::Done, Some(json!({"answer": 42}))));
}

#[tokio::test]
async fn jobs_of_a_suspended_tenant_wait_until_it_is_served_again() {
    let Some(world) = world().await else { return };
    let (tenant, policy) = (world.acme.tenant_id(), policy(LONG, 9));
    let job = world.enqueue(&world.acme, "sum").await;
    world.door.set_status(&reason(), tenant, Lifecycle::Suspended).await.expect("suspended");
    assert_eq!(world.claim(&policy, 9).await, []);
    world.door.set_status(&reason(), tenant, Lifecycle::Active).await.expect("resumed");
    assert_eq!(world.claim_one(&policy).await.job_id(), job);
}

#[tokio::test]
async fn a_flood_of_notifications_is_ten_hints_a_second_and_a_lost_connection_heals() {
    let Some(world) = world().await else { return };
    let hints = JobHints::listen(&world.gate);
    hints.next().await; // the listener is there
    let flood = async {
        for _ in 0..300 {
            let mut tx = world.database.begin(&world.globex).await.expect("begin");
            sqlx::query("SELECT pg_notify('tenancy_jobs', gen_random_uuid()::text)")
                .execute(&mut *tx)
                .await
                .expect("notified");
            tx.commit().await.expect("commit");
        }
    };
    let start = Instant::now();
    let mut heard = 0_u32;
    tokio::select! {
        () = flood => {}
        () = async { loop { hints.next().await; heard += 1; } } => {}
    }
    let most = 2 + u32::try_from(start.elapsed().as_millis() / 100).expect("a short time");
    assert!((1..=most).contains(&heard), "{heard} hints in {:?}", start.elapsed());

    world.as_admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '$db' AND query LIKE 'LISTEN%'").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    while tokio::time::timeout(Duration::from_millis(300), hints.next()).await.is_ok() {}
    tokio::time::sleep(Duration::from_millis(1500)).await;
    while tokio::time::timeout(Duration::from_millis(300), hints.next()).await.is_ok() {}
    world.enqueue(&world.acme, "sum").await;
    tokio::time::timeout(Duration::from_secs(5), hints.next()).await.expect("hears again");
}
