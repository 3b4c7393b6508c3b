//! The directory on a real server: what is remembered, and when it is not believed any more.
#![cfg(feature = "embedded")]

#[path = "../kit/mod.rs"]
mod kit;

use std::time::{Duration, Instant};

use kit::{ACME, GLOBEX, Place, place};
use sqlx::{AssertSqlSafe, Connection as _};
use tenancy_core::TenantKey;
use tenancy_core::store::Directory as _;
use tenancy_sqlx::Gate;

/// What the directory promises, and the grain of clocks.
const BOUND: Duration = Duration::from_millis(1_050);

/// A database with the tenants acme and globex, and two nodes' directories on it.
async fn nodes() -> Option<(Place, [Gate; 2])> {
    let place = place().await?;
    let tenant = |id, name| {
        format!(
            "INSERT INTO control.tenants VALUES ('{id}', '{name}', '{name}', 'active', 'starter', '{{}}');"
        )
    };
    place.run(tenant(ACME, "acme") + &tenant(GLOBEX, "globex")).await;
    let gates = [gate(&place).await, gate(&place).await];
    Some((place, gates))
}

async fn gate(place: &Place) -> Gate {
    Gate::connect_with(place.login("app_gate")).await.expect("the gate")
}

fn slug(name: &str) -> TenantKey {
    TenantKey::Slug(name.parse().expect("a slug"))
}

fn id(text: &str) -> TenantKey {
    TenantKey::Id(text.parse().expect("an id"))
}

async fn name(gate: &Gate, key: &TenantKey) -> Option<String> {
    gate.find(key).await.expect("an answer").map(|tenant| tenant.name().to_owned())
}

fn rename(id: &str, name: &str) -> String {
    format!("UPDATE control.tenants SET name = '{name}' WHERE id = '{id}'")
}

/// Asks until it is answered so. No question that was asked later than the bound after this call may
/// be answered otherwise, however slow the machine is. Answers how long it took.
async fn seen(gate: &Gate, key: &TenantKey, expected: Option<&str>) -> Duration {
    let changed = Instant::now();
    loop {
        let asked = changed.elapsed();
        let found = name(gate, key).await;
        if found.as_deref() == expected {
            return changed.elapsed();
        }
        assert!(asked < BOUND, "{key} was still {found:?} when it was asked for after {asked:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// R9, Y11: a tenant that does not change is asked for once, and known without asking from then on.
#[tokio::test]
async fn who_does_not_change_is_known_without_asking() {
    let Some((place, [gate, _])) = nodes().await else { return };
    assert!(gate.peek(&slug("acme")).is_none(), "nobody asked yet");
    // By then it has been told from where on changes count, and forgot what it had read before.
    for _ in 0..20 {
        assert_eq!(name(&gate, &slug("acme")).await.as_deref(), Some("acme"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let by_slug = "ALTER FUNCTION control.tenant_by_slug(text) RENAME TO renamed; ALTER FUNCTION control.tenant_by_id(uuid) RENAME TO gone";
    place.run(by_slug).await;
    let started = Instant::now();
    let mut longest = Duration::ZERO;
    let mut last = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        let known = gate.peek(&slug("acme")).is_some();
        longest = longest.max(last.elapsed());
        // A machine that did not let this test run did not let the directory ask.
        assert!(known || longest > Duration::from_millis(300), "forgotten after {:?}", started.elapsed());
        if !known {
            return;
        }
        last = Instant::now();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// R9: whatever changes a tenant, every node answers the new within a second; with the notification
/// it is a matter of moments.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_seen_at_every_node_within_a_second() {
    let Some((place, gates)) = nodes().await else { return };
    let mut waited = Vec::new();
    for round in 0..8 {
        for gate in &gates {
            for key in [slug("acme"), id(ACME), slug("globex")] {
                assert!(name(gate, &key).await.is_some());
            }
        }
        let new = format!("acme {round}");
        place.run(rename(ACME, &new)).await;
        for gate in &gates {
            waited.push(seen(gate, &slug("acme"), Some(&new)).await);
            seen(gate, &id(ACME), Some(&new)).await;
            assert_eq!(name(gate, &slug("globex")).await.as_deref(), Some("globex"));
        }
    }
    waited.sort_unstable();
    assert!(waited[waited.len() / 2] < Duration::from_millis(400), "{waited:?}");

    // Another address for a known tenant, and one for nobody.
    place.run(format!("UPDATE control.tenants SET subdomain = 'acme-two' WHERE id = '{ACME}'")).await;
    for gate in &gates {
        seen(gate, &slug("acme"), None).await;
        seen(gate, &slug("acme-two"), Some("acme 7")).await;
        assert_eq!(name(gate, &slug("later")).await, None);
    }
    let later =
        "INSERT INTO control.tenants VALUES (gen_random_uuid(), 'later', 'later', 'active', 'starter', '{}')";
    place.run(later).await;
    for gate in &gates {
        seen(gate, &slug("later"), Some("later")).await;
    }
}

/// R9: a name that nobody has costs one question a second, however often it is asked for; a tenant that
/// gets it is served within the second, also where nobody tells of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_nobody_has_is_asked_for_once_a_second() {
    const ASKED: &str = "SELECT calls::text FROM pg_stat_user_functions WHERE funcname = 'tenant_by_slug'";
    let Some((place, [gate, _])) = nodes().await else { return };
    place.run(format!("ALTER DATABASE \"{}\" SET track_functions = 'pl'", place.server.name())).await;
    // In PL/pgSQL, because the server counts no calls of a function that it puts into the question.
    place
        .run(
            "CREATE OR REPLACE FUNCTION control.tenant_by_slug(slug text)
                RETURNS TABLE (id uuid, subdomain text, name text, status text, plan text, settings jsonb)
                LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
             #variable_conflict use_column
             BEGIN
                RETURN QUERY SELECT t.id, t.subdomain, t.name, t.status, t.plan, t.settings
                    FROM control.tenants t WHERE t.subdomain = tenant_by_slug.slug;
             END $$;
             ALTER TABLE control.tenants DISABLE TRIGGER announce",
        )
        .await;
    gate.close().await;
    let gate = self::gate(&place).await;
    let start = Instant::now();
    let mut answers = 0_u32;
    while start.elapsed() < Duration::from_millis(2_500) {
        assert_eq!(name(&gate, &slug("nobody")).await, None);
        answers += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let later = "INSERT INTO control.tenants VALUES (gen_random_uuid(), 'nobody', 'nobody', 'active', 'starter', '{}')";
    place.run(later).await;
    seen(&gate, &slug("nobody"), Some("nobody")).await;
    gate.close().await;
    // The server counts what a session did when that ends.
    let asked = loop {
        let asked: u32 = place.text(ASKED).await.parse().expect("a number");
        if asked > 0 {
            break asked;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(answers > 100 && asked <= 12, "{asked} questions for {answers} answers");
}

/// R9: a notification that is lost, and a database that refuses to say what changed, cost time only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_notifications_and_without_answers_the_second_holds() {
    let Some((place, [one, other])) = nodes().await else { return };
    for (round, lost) in [
        "ALTER TABLE control.tenants DISABLE TRIGGER announce",
        "REVOKE EXECUTE ON FUNCTION control.tenants_changed(bigint) FROM app_gate",
    ]
    .into_iter()
    .enumerate()
    {
        place.run(lost).await;
        for gate in [&one, &other] {
            name(gate, &slug("acme")).await.expect("acme");
        }
        let new = format!("acme {round}");
        place.run(rename(ACME, &new)).await;
        for gate in [&one, &other] {
            seen(gate, &slug("acme"), Some(&new)).await;
        }
    }
}

/// A change that came between a node's first question about tenants and its first about changes is in
/// no answer about changes: what was read before is not believed because of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_before_the_first_answer_is_not_missed() {
    let Some((place, _)) = nodes().await else { return };
    let question = "EXECUTE ON FUNCTION control.tenants_changed(bigint)";
    place.run(format!("REVOKE {question} FROM app_gate")).await;
    let gate = gate(&place).await;
    name(&gate, &slug("acme")).await.expect("acme");
    place.run(rename(ACME, "new") + &format!("; GRANT {question} TO app_gate")).await;
    seen(&gate, &slug("acme"), Some("new")).await;
}

/// A change whose transaction began before another's and ended after it is in no answer's past.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_long_under_way_is_not_missed() {
    let Some((place, [gate, _])) = nodes().await else { return };
    let mut slow = place.admin().await;
    let mut tx = slow.begin().await.expect("a transaction");
    sqlx::query(AssertSqlSafe(rename(ACME, "late"))).execute(&mut *tx).await.expect("a change");
    for round in 0..3 {
        assert_eq!(name(&gate, &slug("acme")).await.as_deref(), Some("acme"));
        let new = format!("globex {round}");
        place.run(rename(GLOBEX, &new)).await;
        seen(&gate, &slug("globex"), Some(&new)).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(name(&gate, &slug("acme")).await.as_deref(), Some("acme"), "not before it is committed");
    tx.commit().await.expect("the change");
    seen(&gate, &slug("acme"), Some("late")).await;
}

/// Changes and questions at once: what is answered is never older than the bound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_many_changes_no_answer_is_older_than_the_bound() {
    let Some((place, [gate, _])) = nodes().await else { return };
    let changes = tokio::spawn(async move {
        // When each name was there for everybody to read.
        let mut there = Vec::new();
        let mut admin = place.admin().await;
        for n in 0..60 {
            let sql = rename(ACME, &n.to_string());
            sqlx::query(AssertSqlSafe(sql)).execute(&mut admin).await.expect("a change");
            there.push(Instant::now());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        (there, place)
    });
    let mut answers = Vec::new();
    while !changes.is_finished() {
        let asked = Instant::now();
        let found = name(&gate, &slug("acme")).await.expect("acme");
        answers.push((asked, found.parse::<usize>().ok()));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let (there, _place) = changes.await.expect("no panic");
    for (asked, found) in &answers {
        let next = found.map_or(0, |n| n + 1);
        if let Some(newer) = there.get(next) {
            let age = asked.saturating_duration_since(*newer);
            assert!(age < BOUND, "asked {age:?} after {next} was there, answered {found:?}");
        }
    }
    assert!(answers.iter().any(|(_, found)| found.is_some_and(|n| n > 50)), "{} answers", answers.len());
}
