//! Campaigns: made within the limit of the plan, listed, changed, and deleted so that they count no
//! more but can still be looked up.

mod api;
mod pages;
mod store;

pub use api::{api_change, api_create, api_list, api_read, api_remove};
pub use pages::{create_form, page, remove_form};
pub use store::{Campaign, Status, list};

use tenancy_core::TenantContext;
use tenancy_core::plan::Meter;
use tenancy_sqlx::TenantTx;
use uuid::Uuid;

use crate::failure::Failure;
use crate::usage;

/// What somebody who makes a campaign says about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub status: Status,
    /// What it may cost.
    pub budget: Option<f64>,
}

/// Makes a campaign, if the plan has room for one more.
///
/// # Errors
///
/// [`Failure::LimitExceeded`]; nothing may be committed then.
pub async fn create(
    tx: &mut TenantTx,
    context: &TenantContext,
    wanted: &Wanted,
) -> Result<Campaign, Failure> {
    let id = Uuid::now_v7();
    usage::create(tx, context, &Meter::CAMPAIGNS, id, 1).await?;
    Ok(store::insert(tx, id, wanted, context.actor().user()).await?)
}

/// Deletes a campaign; doing it again changes nothing. `false` where there is none.
pub async fn remove(tx: &mut TenantTx, id: Uuid) -> Result<bool, Failure> {
    let known = store::remove(tx, id).await?;
    tx.release_held(&Meter::CAMPAIGNS, id).await?;
    Ok(known)
}

/// A campaign's name as it is kept.
pub(crate) fn name(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Failure::invalid("bad_name", "A campaign has a name of 1 to 200 characters."));
    }
    Ok(name.to_owned())
}

/// A budget: an amount that is not negative and can be written down.
pub(crate) fn budget(amount: f64) -> Result<f64, Failure> {
    if amount.is_finite() && (0.0..1e15).contains(&amount) {
        Ok(amount)
    } else {
        Err(Failure::invalid("bad_budget", "A budget is a number from 0 to below 10^15."))
    }
}
