//! How long the proof of a large schema takes.

use std::fmt::Write as _;
use std::time::Instant;

use tenancy_sqlx::proof::{self, Policy, Verdict};

use crate::Sizes;
use crate::kit::place;
use crate::measure::{goal, median};

const TABLES: usize = 200;

pub(crate) async fn run(sizes: &Sizes) {
    let place = place().await.expect("a server");
    let mut schema = String::from("SET ROLE app_owner;");
    for table in 1..=TABLES {
        let _ = write!(
            schema,
            "CREATE TABLE t{table} (tenant_id uuid NOT NULL, id integer NOT NULL, name text NOT NULL,
                 parent integer, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name),
                 FOREIGN KEY (tenant_id, parent) REFERENCES t{table} (tenant_id, id));"
        );
    }
    schema.push_str("RESET ROLE;");
    for table in 1..=TABLES {
        let _ = write!(schema, "SELECT tenancy.protect('t{table}');");
    }
    place.run(schema).await;
    let mut seconds = Vec::new();
    for _ in 0..sizes.rounds.min(11) {
        let start = Instant::now();
        let report = proof::prove(&place.login("app_rw"), &Policy::default()).await.expect("a report");
        seconds.push(start.elapsed().as_secs_f64());
        assert_ne!(report.verdict, Verdict::Refuse, "{report}");
    }
    let seconds = median(&mut seconds);
    goal(
        &format!("the proof of {TABLES} tables takes less than 0.5 s, login included"),
        seconds,
        seconds < 0.5,
    );
}
