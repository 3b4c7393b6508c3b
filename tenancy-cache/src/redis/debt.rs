//! Changes that did not reach the server, and are owed to it.
//!
//! An entry that could not be removed, or whose removal was dropped half-way, may still lie there
//! and be old. Until its tenant is purged, nothing of that tenant is read; the purge is tried before
//! the tenant's next request and once a rest besides, because other processes read there too. What is
//! owed is lost with the process: then an old value lives until it expires.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tenancy_core::TenantId;

#[derive(Debug, Default)]
pub(crate) struct Debts(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    /// The tenants, each with the number of its latest debt.
    owed: HashMap<TenantId, u64>,
    latest: u64,
    /// A task is paying.
    paying: bool,
}

impl Debts {
    /// The number of the tenant's debt.
    pub(crate) fn of(&self, tenant: TenantId) -> Option<u64> {
        self.book().owed.get(&tenant).copied()
    }

    /// A debt that is owed unless it is [`paid`](Pending::paid).
    pub(crate) fn pending<F: FnOnce()>(self: &Arc<Self>, tenant: TenantId, owed: F) -> Pending<F> {
        Pending { debts: Arc::clone(self), tenant, owed: Some(owed) }
    }

    /// The tenant was purged after the debt of this number arose; a later one stands.
    pub(crate) fn settled(&self, tenant: TenantId, number: u64) {
        let mut book = self.book();
        if book.owed.get(&tenant) == Some(&number) {
            book.owed.remove(&tenant);
        }
    }

    /// Whether the caller is to pay from here on: there is something to pay and nobody pays yet.
    pub(crate) fn take_over(&self) -> bool {
        !std::mem::replace(&mut self.book().paying, true)
    }

    /// The tenants to be purged; with none left, who paid is done.
    pub(crate) fn left(&self) -> Vec<TenantId> {
        let mut book = self.book();
        book.paying = !book.owed.is_empty();
        book.owed.keys().copied().collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change on its way. Dropped before it is paid, it is owed, and `F` is told.
pub(crate) struct Pending<F: FnOnce()> {
    debts: Arc<Debts>,
    tenant: TenantId,
    owed: Option<F>,
}

impl<F: FnOnce()> Pending<F> {
    pub(crate) fn paid(mut self) {
        self.owed = None;
    }
}

impl<F: FnOnce()> Drop for Pending<F> {
    fn drop(&mut self) {
        let Some(owed) = self.owed.take() else { return };
        {
            let mut book = self.debts.book();
            book.latest += 1;
            let number = book.latest;
            book.owed.insert(self.tenant, number);
        }
        owed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_owed_until_the_tenant_is_purged_after_it() {
        let (debts, tenant) = (Arc::new(Debts::default()), TenantId::new());
        debts.pending(tenant, || panic!("nothing is owed")).paid();
        assert_eq!(debts.of(tenant), None);
        drop(debts.pending(tenant, || ()));
        let first = debts.of(tenant).expect("a debt");
        drop(debts.pending(tenant, || ()));
        debts.settled(tenant, first);
        assert!(debts.of(tenant).is_some(), "the purge may have come before the second");
        assert!(debts.take_over() && !debts.take_over(), "one pays");
        assert_eq!(debts.left(), [tenant]);
        debts.settled(tenant, debts.of(tenant).expect("a debt"));
        assert!(debts.left().is_empty() && debts.take_over(), "the next debt finds nobody paying");
    }
}
