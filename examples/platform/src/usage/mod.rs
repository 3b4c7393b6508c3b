//! What the tenant's plan allows and what is used of it: for programs, for people, and for the areas
//! that create what is counted.

mod api;
mod pages;

use std::sync::{Arc, LazyLock};

pub use api::{check, config, track, usage};
pub use pages::page;
pub(crate) use pages::{bar_of, plan_name, watched};

use tenancy_core::plan::{Catalogue, Entitlements, Meter};
use tenancy_core::{Decision, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::usage::UsageEvent;
use uuid::Uuid;

use crate::failure::Failure;

/// The plans of this platform.
pub fn plans() -> &'static Arc<Catalogue> {
    static PLANS: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::standard()));
    &PLANS
}

/// What the context's tenant may use.
pub fn entitlements(context: &TenantContext) -> Entitlements<'static> {
    plans().entitlements(context.tenant())
}

/// Goes on where a decision allows it; a refusal becomes the answer that names meter and figures.
pub fn allowed(meter: &Meter, decision: Decision) -> Result<(), Failure> {
    if decision.is_allowed() {
        Ok(())
    } else {
        Err(Failure::LimitExceeded { meter: meter.clone(), decision })
    }
}

/// Admits a thing that this transaction creates, and writes it into the ledger.
pub async fn create(
    tx: &mut TenantTx,
    context: &TenantContext,
    meter: &Meter,
    holder: Uuid,
    amount: u64,
) -> Result<(), Failure> {
    allowed(meter, tx.admit(meter, holder, amount).await?)?;
    let by = context.actor().user().map(|user| user.to_string());
    let event = UsageEvent::new(meter.clone(), amount, format!("{meter}:{holder}")).subject(by);
    tx.record(&event).await?;
    Ok(())
}
