//! The same read with few tenants and with many.

use std::time::{Duration, Instant};

use tenancy_core::TenantContext;
use tenancy_sqlx::{Settings, TenantDatabase};

use crate::Sizes;
use crate::measure::{Dice, Rounds, goal};
use crate::world::{World, tenants};

const FEW: u32 = 10;
const EACH: u32 = 100;

pub(crate) async fn run(sizes: &Sizes) {
    let many = sizes.tenants * 10;
    let mut of = Vec::new();
    for count in [FEW, many] {
        let world = World::new(count, EACH, true).await;
        of.push((world.database(Settings::default(), false).await, tenants(count), world));
    }
    let mut dice = Dice::new();
    let rounds = Rounds::run(2, sizes.rounds, 20, async |variant| {
        let (database, tenants, _) = &of[variant];
        let row = dice.row(EACH);
        read(database, &tenants[dice.below(tenants.len())], row).await
    })
    .await;
    println!("{FEW} tenants {:.1} µs, {many} tenants {:.1} µs", rounds.time(0), rounds.time(1));
    let ratio = rounds.ratio(1, 0);
    goal(&format!("p50 with {many} tenants is at most 1.1x that with {FEW}"), ratio, ratio <= 1.1);
}

async fn read(database: &TenantDatabase, tenant: &TenantContext, row: i32) -> Duration {
    tokio::task::yield_now().await;
    let start = Instant::now();
    let mut tx = database.begin_read(tenant).await.expect("begin");
    let name = sqlx::query_scalar::<_, String>("SELECT name FROM items WHERE id = $1").bind(row);
    name.fetch_one(&mut *tx).await.expect("a row");
    start.elapsed()
}
