//! The generated attacks on a real server: a schema that keeps tenants apart comes out clean, each way
//! to break it is found, and nothing is left of the clone.
#![cfg(all(feature = "embedded", feature = "testing"))]

#[path = "../kit/mod.rs"]
mod kit;

mod command;
mod fixture;

use fixture::{sealed_shop, shop, target};
use kit::Place;
use tenancy_sqlx::testing::{AttackError, AttackReport, attack, mutate};

async fn attacked(place: &Place) -> AttackReport {
    attack(&target(place)).await.expect("the attack")
}

#[tokio::test]
async fn a_schema_that_keeps_tenants_apart_comes_out_clean() {
    let Some(place) = sealed_shop().await else { return };
    let report = attacked(&place).await;
    assert!(report.is_clean(), "{report}");
    // Every relation, every verb, and every path that there is.
    for relation in
        ["customers", "orders", "visits", "visits_old", "clicks_0", "clicks_1", "log", "places", "nicks"]
    {
        for verb in ["select", "insert", "update", "delete"] {
            let name = format!("shop.{relation} · {verb} · direct");
            assert!(report.tried.iter().any(|tried| tried.name == name), "{name} was not tried");
        }
    }
    for path in [
        "join",
        "returning",
        "merge",
        "view",
        "function",
        "cursor",
        "error text",
        "prepared reuse",
        "savepoint",
        "advisory lock",
        "a key that is taken, one_nick",
        "a key that is taken, one_main",
        "a key that is taken, places_pkey",
        "set role",
        "reset",
        "row_security off",
        "injected set_config",
        "forged seal",
        "stolen seal",
        "replayed seal",
        "garbage bound",
        "unbound",
        "copy",
        "on conflict do nothing",
        "on conflict do update",
        "give away",
        "sequence",
        "own",
    ] {
        assert!(report.tried.iter().any(|tried| tried.name.ends_with(path)), "{path} was not tried");
    }
}

#[tokio::test]
async fn unsealed_the_rest_still_holds() {
    let Some(place) = shop().await else { return };
    let report = attacked(&place).await;
    assert!(report.is_clean(), "{report}");
    assert!(!report.tried.iter().any(|tried| tried.name.ends_with("forged seal")));
}

#[tokio::test]
async fn a_clone_is_dropped_and_the_database_stays_as_it_was() {
    let Some(place) = sealed_shop().await else { return };
    // A setting of the database is on its clone as well, as long as there is one.
    let name = place.server.name();
    place.run(format!("ALTER DATABASE \"{name}\" SET shop.mark = '{name}'")).await;
    attacked(&place).await;
    let marked =
        format!("SELECT count(*)::text FROM pg_db_role_setting WHERE 'shop.mark={name}' = ANY (setconfig)");
    assert_eq!(place.text(marked).await, "1");
    assert_eq!(place.text("SELECT count(*)::text FROM shop.customers").await, "0");
    assert_eq!(
        place.text("SELECT count(*)::text FROM pg_namespace WHERE nspname = 'tenancy_probe'").await,
        "0"
    );
}

#[tokio::test]
async fn a_database_in_use_is_named() {
    let Some(place) = shop().await else { return };
    let user = place.admin().await;
    let refused = attack(&target(&place)).await.expect_err("somebody is connected");
    assert!(matches!(&refused, AttackError::InUse(name) if name == place.server.name()), "{refused:?}");
    drop(user);
}

#[tokio::test]
async fn whatever_is_taken_away_is_noticed() {
    let Some(place) = sealed_shop().await else { return };
    let report = mutate(&target(&place).within(["shop"])).await.expect("the mutation run");
    println!("{report}");
    let defects: Vec<_> = report.defects().map(|mutant| &mutant.what).collect();
    assert!(defects.is_empty(), "nobody notices {defects:?}: {report}");
    assert!(report.is_clean() && report.guards > 40, "{report}");
}
