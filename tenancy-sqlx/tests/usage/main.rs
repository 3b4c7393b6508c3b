//! Limits and the ledger on a real server: racing transactions, two processes, replayed keys.
#![cfg(feature = "embedded")]

#[path = "../kit/mod.rs"]
mod kit;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kit::{ACME, GLOBEX, Place, acme, globex, place};
use serde_json::json;
use sqlx::Row;
use tenancy_core::plan::{Catalogue, Meter};
use tenancy_core::usage::{CounterAuthority, Prepaid};
use tenancy_core::{SystemClock, TenantContext, TenantId};
use tenancy_sqlx::usage::{MeterUsage, Recorded, UsageError, UsageEvent};
use tenancy_sqlx::{Gate, Settings, TenantDatabase};
use uuid::Uuid;

/// A database with the tenants acme and globex, on the plan starter with these settings of acme's.
async fn tenants(settings: &str) -> Option<(Place, TenantDatabase)> {
    let place = place().await?;
    let tenant = |id, name, settings| {
        format!(
            "INSERT INTO control.tenants VALUES ('{id}', '{name}', '{name}', 'active', 'starter', '{settings}');"
        )
    };
    place.run(tenant(ACME, "acme", settings) + &tenant(GLOBEX, "globex", "{}")).await;
    let database = place.database(Settings::default()).await;
    Some((place, database))
}

async fn usage(database: &TenantDatabase, context: &TenantContext, meter: &Meter) -> MeterUsage {
    let all = database.begin_read(context).await.unwrap().usage().await.unwrap();
    all.into_iter().find(|usage| usage.meter == *meter).expect("the meter")
}

/// Admits one campaign in a transaction of its own; whether it was allowed.
async fn admit(database: &TenantDatabase, context: &TenantContext) -> bool {
    let mut tx = database.begin(context).await.expect("begin");
    let decision = tx.admit(&Meter::CAMPAIGNS, Uuid::now_v7(), 1).await.expect("a decision");
    if decision.is_allowed() {
        tx.commit().await.expect("commit");
    } else {
        assert_eq!((decision.used, decision.limit), (10, Some(10)));
    }
    decision.is_allowed()
}

/// AC34, U2: a gauge admits exactly its limit, however many ask at once, over two processes; and
/// another tenant does not notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_at_once_exactly_the_limit_is_admitted() {
    let Some((place, one)) = tenants(r#"{"limits": {"campaigns": 10}}"#).await else { return };
    let two = place.database(Settings::default()).await;
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let database = if n % 2 == 0 { one.clone() } else { two.clone() };
            tokio::spawn(async move { admit(&database, &acme()).await })
        })
        .collect();
    assert!(admit(&one, &globex()).await, "globex has a limit of its own");
    let mut admitted = 0;
    for task in tasks {
        admitted += usize::from(task.await.expect("no panic"));
    }
    assert_eq!(admitted, 10);
    assert_eq!(usage(&one, &acme(), &Meter::CAMPAIGNS).await.used, 10);
    assert_eq!(usage(&one, &globex(), &Meter::CAMPAIGNS).await.used, 1);
}

#[tokio::test]
async fn what_is_rolled_back_was_not_used_and_what_is_released_is_free() {
    let Some((_place, database)) = tenants(r#"{"max_campaigns": 1}"#).await else { return };
    let used = || async { usage(&database, &acme(), &Meter::CAMPAIGNS).await.used };
    let mut tx = database.begin(&acme()).await.unwrap();
    assert!(tx.admit(&Meter::CAMPAIGNS, Uuid::now_v7(), 1).await.unwrap().is_allowed());
    tx.rollback().await.unwrap();
    assert_eq!(used().await, 0);

    let holder = Uuid::now_v7();
    let mut tx = database.begin(&acme()).await.unwrap();
    for _ in 0..2 {
        let decision = tx.admit(&Meter::CAMPAIGNS, holder, 1).await.unwrap();
        assert!(decision.is_allowed() && decision.used == 1, "the same holder counts once");
    }
    assert!(!tx.admit(&Meter::CAMPAIGNS, Uuid::now_v7(), 1).await.unwrap().is_allowed());
    tx.commit().await.unwrap();

    let mut foreign = database.begin(&globex()).await.unwrap();
    assert!(!foreign.release_held(&Meter::CAMPAIGNS, holder).await.unwrap(), "another tenant's holder");
    foreign.commit().await.unwrap();
    assert_eq!(used().await, 1);

    let mut tx = database.begin(&acme()).await.unwrap();
    assert!(tx.release_held(&Meter::CAMPAIGNS, holder).await.unwrap());
    assert!(!tx.release_held(&Meter::CAMPAIGNS, holder).await.unwrap(), "given back once");
    tx.commit().await.unwrap();
    assert_eq!(used().await, 0);
}

/// AC34: what cannot be an amount is a mistake, not a decision, and counts nothing.
#[tokio::test]
async fn misuse_is_an_error() {
    let Some((_place, database)) = tenants("{}").await else { return };
    for (meter, holder, amount) in [
        (Meter::CAMPAIGNS, Some(Uuid::now_v7()), 0),
        (Meter::CAMPAIGNS, Some(Uuid::now_v7()), u64::MAX),
        (Meter::CAMPAIGNS, None, 1),
        (Meter::ANALYSIS_RUNS_MONTH, Some(Uuid::now_v7()), 1),
        ("no_such_meter".parse().unwrap(), None, 1),
    ] {
        let mut tx = database.begin(&acme()).await.unwrap();
        let answer = match holder {
            Some(holder) => tx.admit(&meter, holder, amount).await,
            None => tx.count(&meter, amount).await,
        };
        assert!(matches!(answer, Err(UsageError::Misuse(_))), "{meter} {amount}: {answer:?}");
    }
    let mut tx = database.begin(&acme()).await.unwrap();
    let huge = tx.admit(&Meter::CAMPAIGNS, Uuid::now_v7(), 1_000_000_000_000_000).await.unwrap();
    assert!(!huge.is_allowed());
}

/// U2: two processes with chunks of their own never admit more than the limit, and admit all of it
/// once what they did not use is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn prepaid_calls_of_two_processes_never_exceed_the_limit() {
    let Some((place, database)) = tenants(r#"{"limits": {"api_calls_hour": 100}}"#).await else { return };
    let tenant: TenantId = ACME.parse().unwrap();
    let mut processes = Vec::new();
    for _ in 0..2 {
        let gate = Gate::connect_with(place.login("app_gate")).await.expect("the gate");
        let authority: Arc<dyn CounterAuthority> = Arc::new(gate);
        processes.push(Arc::new(Prepaid::new(authority, Meter::API_CALLS_HOUR, Arc::new(SystemClock))));
    }
    let tasks: Vec<_> = (0..200)
        .map(|n| {
            let process = Arc::clone(&processes[n % 2]);
            tokio::spawn(async move { process.take(tenant).await.expect("an answer").is_allowed() })
        })
        .collect();
    let mut admitted = 0_u64;
    for task in tasks {
        admitted += u64::from(task.await.expect("no panic"));
    }
    assert!(admitted <= 100, "{admitted} calls were admitted");
    for process in &processes {
        process.give_back(Duration::ZERO).await.expect("given back");
    }
    assert_eq!(usage(&database, &acme(), &Meter::API_CALLS_HOUR).await.used, admitted);
    while processes[0].take(tenant).await.unwrap().is_allowed() {
        admitted += 1;
    }
    assert_eq!(admitted, 100);
}

/// AC35, U3: a key counts once, another tenant's same key is another key.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replayed_event_counts_once() {
    let Some((_place, database)) = tenants("{}").await else { return };
    let meter: Meter = "exports".parse().unwrap();
    let event = || UsageEvent::new("exports".parse().unwrap(), 3, "key-1").properties(json!({"rows": 10}));
    let record = |context: TenantContext, event: UsageEvent| {
        let database = database.clone();
        async move {
            let mut tx = database.begin(&context).await.unwrap();
            let recorded = tx.record(&event).await?;
            tx.commit().await.unwrap();
            Ok::<_, UsageError>(recorded)
        }
    };
    let racing: Vec<_> = (0..10).map(|_| tokio::spawn(record(acme(), event()))).collect();
    let mut counted = 0;
    for task in racing {
        counted += usize::from(task.await.unwrap().unwrap() == Recorded::Counted);
    }
    assert_eq!(counted, 1);
    assert_eq!(record(globex(), event()).await.unwrap(), Recorded::Counted);
    let other = record(acme(), UsageEvent::new(meter.clone(), 4, "key-1")).await;
    assert!(matches!(other, Err(UsageError::KeyReused)), "{other:?}");
    for context in [acme(), globex()] {
        let totals = database.begin_read(&context).await.unwrap().recorded_this_month().await.unwrap();
        assert_eq!(totals, [(meter.clone(), 3)]);
    }
}

/// T14: the application can add to the ledger, never change it.
#[tokio::test]
async fn the_ledger_is_append_only() {
    let Some((_place, database)) = tenants("{}").await else { return };
    for sql in
        ["UPDATE usage_events SET amount = 1", "DELETE FROM usage_events", "DELETE FROM control.usage_totals"]
    {
        let mut tx = database.begin(&acme()).await.unwrap();
        let error = sqlx::query(sql).execute(&mut *tx).await.expect_err(sql);
        let code = error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned));
        assert_eq!(code.as_deref(), Some("42501"), "{sql}: {error}");
    }
}

/// P1, U1: the plans of the database are those of the core, and seats are counted by the members.
#[tokio::test]
async fn plans_agree_with_the_core_and_seats_count_themselves() {
    let Some((place, database)) = tenants(r#"{"limits": {"users": 1}}"#).await else { return };
    let mut admin = place.admin().await;
    for (rank, plan) in (1_i16..).zip(Catalogue::standard().plans()) {
        let row = sqlx::query("SELECT name, rank, features FROM control.plans WHERE code = $1")
            .bind(plan.code().as_str())
            .fetch_one(&mut admin)
            .await
            .unwrap();
        assert_eq!((row.get::<&str, _>("name"), row.get::<i16, _>("rank")), (plan.name(), rank));
        let features: BTreeSet<String> = row.get::<Vec<String>, _>("features").into_iter().collect();
        assert_eq!(features, plan.features().iter().map(ToString::to_string).collect());
        let limits: Vec<(String, i64)> =
            sqlx::query_as("SELECT meter, cap FROM control.plan_limits WHERE plan = $1 ORDER BY meter")
                .bind(plan.code().as_str())
                .fetch_all(&mut admin)
                .await
                .unwrap();
        let ours: Vec<_> = plan.limits().iter().map(|(m, cap)| (m.to_string(), cap.cast_signed())).collect();
        assert_eq!(limits, ours, "{}", plan.name());
    }

    let member = |n: u8| {
        format!(
            "INSERT INTO control.users VALUES ('018f2f4e-0000-7000-8000-0000000001{n:02}', 'u{n}@acme.example', 'u', 'x');
             INSERT INTO control.tenant_users VALUES ('{ACME}', '018f2f4e-0000-7000-8000-0000000001{n:02}', 'viewer')"
        )
    };
    place.run(member(1)).await;
    assert!(place.try_run(member(2)).await.unwrap_err().to_string().contains("limit exceeded"));
    place.run("DELETE FROM control.tenant_users").await;
    assert_eq!(usage(&database, &acme(), &Meter::USERS).await.used, 0);
    place.run(member(3)).await;
}

/// N10: a limit that could not be read is not stored.
#[tokio::test]
async fn overrides_that_cannot_be_are_refused() {
    let Some((place, _database)) = tenants("{}").await else { return };
    for settings in [
        r#"{"limits": 7}"#,
        r#"{"limits": {"campaigns": -1}}"#,
        r#"{"limits": {"campaigns": 1.5}}"#,
        r#"{"limits": {"campaigns": "2"}}"#,
        r#"{"limits": {"campaigns": 1e400}}"#,
        r#"{"max_campaigns": "many"}"#,
        r#"{"features": ["ai_content"]}"#,
        r#"{"features": {"ai_content": 1}}"#,
        "[]",
    ] {
        let sql = format!("UPDATE control.tenants SET settings = '{settings}'");
        assert!(place.try_run(sql).await.is_err(), "{settings}");
    }
    place.run(r#"UPDATE control.tenants SET settings = '{"limits": {"campaigns": 2.0, "users": null}, "accent": "x"}'"#).await;
}
