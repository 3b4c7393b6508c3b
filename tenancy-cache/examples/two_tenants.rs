//! One cache, two tenants, the same key: `cargo run -p tenancy-cache --example two_tenants`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tenancy_cache::{Cache, Counters, Local};
use tenancy_core::testing::{ManualClock, context};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (clock, counters) = (ManualClock::at(0), Arc::new(Counters::default()));
    let cache =
        Cache::new(Local::with_entries(10_000), Arc::new(clock.clone())).observed_by(counters.clone());
    let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));

    // However many ask at once, one loads.
    let load = || async { Ok::<_, Infallible>(vec!["spring".to_owned(), "autumn".to_owned()]) };
    for _ in 0..3 {
        let campaigns: Vec<String> = acme.get_or_load("campaigns", "list", load).await?;
        println!("acme reads   {campaigns:?}");
    }
    println!("globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list").await?);

    globex.set_for("campaigns", "list", &["launch"], Duration::from_mins(5)).await?;
    acme.purge().await;
    println!("after acme's purge, acme reads   {:?}", acme.get::<Vec<String>>("campaigns", "list").await?);
    println!("after acme's purge, globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list").await?);

    clock.advance(Duration::from_mins(5));
    println!("five minutes later, globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list").await?);
    println!("{:?}", counters.read());
    Ok(())
}
