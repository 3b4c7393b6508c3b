//! What isolation costs, beside what is not isolated, in one run on one machine.
//!
//! ```text
//! cargo bench -p tenancy-sqlx --features embedded --bench isolation -- [PART…] [NAME=VALUE…]
//! ```
//!
//! | part     | what is measured                                                     | goal                              |
//! |----------|----------------------------------------------------------------------|-----------------------------------|
//! | `local`  | every way to read and write, on the local socket                     | an unsealed read ≤ 1.35x the default pool; unsealed sessions at 90 % ≤ 0.75x the pool without ping |
//! | `remote` | the same through a proxy that holds every answer back for 2 ms       | a sealed read ≤ 1.05x the default pool, naive ≥ 1.8x ours; sealed sessions at 90 % ≤ 1.05x the pool without ping |
//! | `seal`   | what the seal adds to a statement of an open transaction             | ≤ 30 µs a SELECT, ≤ 60 µs an UPDATE or DELETE |
//! | `growth` | the same read with few tenants and with many                         | p50 ≤ 1.1x                        |
//! | `fair`   | one tenant's reads while another asks for ten times what it may have | p95 ≤ 1.5x of being alone         |
//! | `proof`  | the proof of a schema of 200 tables                                  | < 0.5 s                           |
//!
//! Without a part it runs all. Everything runs one after the other, on as many connections as are never
//! waited for. `rows=1000000 tenants=1000 rounds=101` are what it takes for granted, and ten
//! times as many tenants for `growth`. In each round the variants run in another order; what is printed is
//! the median over the rounds of the ratio within a round, so that a machine that is busy for a while
//! disturbs all of them alike. Times are the medians of single operations.

#[path = "../../tests/kit/mod.rs"]
mod kit;

mod fair;
mod growth;
mod measure;
mod proof;
mod seal;
mod speed;
mod ways;
mod world;

use std::collections::BTreeMap;

const PARTS: [&str; 6] = ["local", "remote", "seal", "growth", "fair", "proof"];

/// What the command line says.
struct Sizes {
    rows: u32,
    tenants: u32,
    rounds: u32,
}

#[tokio::main]
async fn main() -> Result<(), String> {
    let mut parts = Vec::new();
    let mut sizes = BTreeMap::from([("rows", 1_000_000), ("tenants", 1000), ("rounds", 101)]);
    for word in std::env::args().skip(1).filter(|word| word != "--bench") {
        match word.split_once('=') {
            Some((name, value)) => {
                let size = sizes.get_mut(name).ok_or(format!("there is no size {name:?}"))?;
                *size = value.parse().map_err(|error| format!("{word}: {error}"))?;
            }
            None if PARTS.contains(&word.as_str()) => parts.push(word),
            None => return Err(format!("there is no part {word:?}; there are {}", PARTS.join(", "))),
        }
    }
    let sizes = Sizes { rows: sizes["rows"], tenants: sizes["tenants"], rounds: sizes["rounds"].max(1) };
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    for part in PARTS.into_iter().filter(|part| wanted(part)) {
        println!("\n== {part}");
        match part {
            "local" => speed::run(&sizes, false).await,
            "remote" => speed::run(&sizes, true).await,
            "seal" => seal::run(&sizes).await,
            "growth" => growth::run(&sizes).await,
            "fair" => fair::run().await,
            _ => proof::run(&sizes).await,
        }
    }
    Ok(())
}
