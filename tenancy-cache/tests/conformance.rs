//! The backend in memory keeps the rules of every backend.

#![cfg(feature = "testing")]

use std::time::Duration;

use tenancy_cache::Local;
use tenancy_cache::testing::Suite;

#[tokio::test]
async fn local_keeps_every_rule() {
    let local = Local::with_entries(100_000);
    Suite { one: &local, other: &local, within: Duration::ZERO }.run().await;
}

#[tokio::test]
async fn local_bounded_by_weight_keeps_every_rule() {
    let local = Local::with_weight(64 * 1024 * 1024);
    Suite { one: &local, other: &local, within: Duration::ZERO }.run().await;
}
