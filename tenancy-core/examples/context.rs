//! From a name on the wire to an authority: `cargo run -p tenancy-core --example context --features testing`.

use tenancy_core::store::Directory;
use tenancy_core::testing::{MemoryDirectory, record};
use tenancy_core::{Identity, Permission, Role, TenantContext, TenantId, TenantKey, UserId};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let acme = record("acme");
    let acme_id = acme.id;
    let directory = MemoryDirectory::of([acme, record("globex")]);

    let key = TenantKey::Slug("acme".parse()?);
    let tenant = futures(directory.find(&key))?.ok_or("no such tenant")?;
    let context = TenantContext::for_request(tenant)?;
    println!("anonymous may read: {}", context.may(Permission::ViewAnalytics));

    let ann = Identity { tenant_id: acme_id, user_id: UserId::new(), role: Role::Analyst };
    println!("ann may read: {}", context.authenticated(&ann)?.may(Permission::ViewAnalytics));

    let stranger = Identity { tenant_id: TenantId::new(), ..ann };
    if let Err(refusal) = context.authenticated(&stranger) {
        println!("a stranger: {refusal}");
    }
    Ok(())
}

/// Runs a future that is ready at once, as those of stores in memory are.
fn futures<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut task = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut task) {
            return value;
        }
    }
}
