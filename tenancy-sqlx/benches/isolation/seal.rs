//! What the seal adds to a statement, in a transaction that is open.

use std::time::{Duration, Instant};

use tenancy_sqlx::{Settings, TenantTx};

use crate::Sizes;
use crate::measure::{Dice, Rounds, goal};
use crate::world::{World, tenants};

const STATEMENTS: [(&str, &str, f64); 4] = [
    ("SELECT", "SELECT name FROM items WHERE id = $1", 30.0),
    ("UPDATE", "UPDATE items SET amount = amount + 1 WHERE id = $1", 60.0),
    ("DELETE", "DELETE FROM items WHERE id = $1", 60.0),
    ("INSERT", "INSERT INTO sink (id, name) VALUES ($1, 'new')", 60.0),
];

pub(crate) async fn run(sizes: &Sizes) {
    let each = (sizes.rows / sizes.tenants).max(1);
    let worlds = [World::new(sizes.tenants, each, false).await, World::new(sizes.tenants, each, true).await];
    let tenants = tenants(sizes.tenants);
    let mut databases = Vec::new();
    for world in &worlds {
        databases.push(world.database(Settings::default(), false).await);
    }
    let mut dice = Dice::new();
    for (name, sql, most) in STATEMENTS {
        // One transaction each, which is rolled back; statements of both alternate in it.
        let tenant = &tenants[dice.below(tenants.len())];
        let mut open: Vec<TenantTx> = Vec::new();
        for database in &databases {
            open.push(database.begin(tenant).await.expect("begin"));
        }
        let rounds = Rounds::run(2, sizes.rounds, 10, async |variant| {
            let row = dice.row(each);
            timed(&mut open[variant], sql, row).await
        })
        .await;
        let added = rounds.paired(1, 0, |sealed, open| sealed - open);
        println!("{name}: {:.1} µs, sealed {:.1} µs", rounds.time(0), rounds.time(1));
        goal(&format!("the seal adds at most {most} µs to one {name}"), added, added <= most);
    }
}

async fn timed(tx: &mut TenantTx, sql: &'static str, row: i32) -> Duration {
    let start = Instant::now();
    sqlx::query(sql).bind(row).execute(&mut **tx).await.expect("an answer");
    start.elapsed()
}
