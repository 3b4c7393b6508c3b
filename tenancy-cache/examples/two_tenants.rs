//! One cache, two tenants, the same key: `cargo run -p tenancy-cache --example two_tenants`.

use std::sync::Arc;
use std::time::Duration;

use tenancy_cache::{Cache, CacheError, Local};
use tenancy_core::testing::{ManualClock, context};

fn main() -> Result<(), CacheError> {
    let clock = ManualClock::at(0);
    let cache = Cache::new(Local::with_entries(10_000), Arc::new(clock.clone()));
    let (acme, globex) = (cache.scope(&context("acme")), cache.scope(&context("globex")));

    acme.set("campaigns", "list", &["spring", "autumn"])?;
    println!("acme reads   {:?}", acme.get::<Vec<String>>("campaigns", "list")?);
    println!("globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list")?);

    globex.set_for("campaigns", "list", &["launch"], Duration::from_mins(5))?;
    acme.purge();
    println!("after acme's purge, acme reads   {:?}", acme.get::<Vec<String>>("campaigns", "list")?);
    println!("after acme's purge, globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list")?);

    clock.advance(Duration::from_mins(5));
    println!("five minutes later, globex reads {:?}", globex.get::<Vec<String>>("campaigns", "list")?);
    Ok(())
}
