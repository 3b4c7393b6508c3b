//! Social accounts: the accounts at other networks that campaigns run on. Connected within the limit of
//! the plan, changed, and disconnected so that they count no more.

mod api;
mod pages;
mod store;

pub use api::{change, create, list, read, remove};
pub use pages::{connect_form, disconnect_form, page};
pub use store::Account;

use tenancy_core::plan::Meter;
use tenancy_core::{TenantContext, UserId};
use tenancy_sqlx::TenantTx;
use uuid::Uuid;

use crate::failure::Failure;
use crate::usage;

const MISSING: Failure = Failure::Missing("Social account");

/// Connects an account, if the plan has room for one more: limit, row and ledger in one transaction.
///
/// # Errors
///
/// [`Failure::LimitExceeded`]; nothing may be committed then.
pub async fn connect(
    tx: &mut TenantTx,
    context: &TenantContext,
    network: &str,
    handle: &str,
) -> Result<Account, Failure> {
    let account =
        Account { id: Uuid::now_v7(), network: self::network(network)?, handle: self::handle(handle)? };
    usage::create(tx, context, &Meter::SOCIAL_ACCOUNTS, account.id, 1).await?;
    store::insert(tx, &account, context.actor().user().map(UserId::as_uuid)).await?;
    Ok(account)
}

/// Disconnects an account; doing it again changes nothing.
async fn disconnect(tx: &mut TenantTx, id: &str) -> Result<(), Failure> {
    let id: Uuid = id.parse().map_err(|_| MISSING)?;
    if !store::remove(tx, id).await? {
        return Err(MISSING);
    }
    tx.release_held(&Meter::SOCIAL_ACCOUNTS, id).await?;
    Ok(())
}

/// The name of a network as it is kept.
fn network(text: &str) -> Result<String, Failure> {
    let network = text.trim().to_ascii_lowercase();
    let plain = network.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && network.len() <= 40 && network.starts_with(|c: char| c.is_ascii_lowercase()) {
        Ok(network)
    } else {
        Err(Failure::invalid("bad_network", "A network has 1 to 40 letters, digits and underscores."))
    }
}

/// The name of an account as it is kept.
fn handle(text: &str) -> Result<String, Failure> {
    let handle = text.trim();
    if handle.is_empty() || handle.chars().count() > 200 || handle.chars().any(char::is_control) {
        return Err(Failure::invalid("bad_handle", "A handle has 1 to 200 characters."));
    }
    Ok(handle.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_account_is_refused() {
        assert_eq!(
            (network(" Instagram ").unwrap(), handle(" @acme").unwrap()),
            ("instagram".into(), "@acme".into())
        );
        for text in ["", "7x", "a b", "ä", &"x".repeat(41)] {
            assert!(network(text).is_err(), "{text:?}");
        }
        for text in ["", " \t", "a\nb", &"a".repeat(201)] {
            assert!(handle(text).is_err(), "{text:?}");
        }
    }
}
