//! The suite that every backend passes: each rule of [`backend`](crate::backend) once.
//!
//! It is given two handles on one store, such as two connections to a server, because most rules are
//! about what a change at one does to the other. Where a handle keeps copies, it may take until
//! [`Suite::within`] for a change at the other to reach it; a change at the handle itself is seen at once.

#[cfg(all(feature = "redis", unix))]
mod server;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tenancy_core::TenantId;

#[cfg(all(feature = "redis", unix))]
pub use server::Server;

use crate::backend::{Backend, Begun};
use crate::envelope::Entry;
use crate::key::CacheKey;

/// Names that have broken key formats: separators, patterns, tags, another tenant's prefix.
pub fn awkward_names() -> Vec<String> {
    let plain = [":", "*", "{}", "{a}:b", "}:*", "a\nb", "a\r\nDEL x", "", "ключ", "\u{0}", "?", "[a-z]"];
    let prefix = format!("tenant:{}:campaigns", TenantId::new());
    plain.map(str::to_owned).into_iter().chain([prefix, "k".repeat(10_240)]).collect()
}

/// Two handles on one store.
#[derive(Clone, Copy, Debug)]
pub struct Suite<'a> {
    /// One handle.
    pub one: &'a dyn Backend,
    /// Another, which may be the same.
    pub other: &'a dyn Backend,
    /// How long a change at one may take to be seen at the other.
    pub within: Duration,
}

/// The cache's time throughout the suite. A server's own clock runs on, so entries live long enough.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(2_000_000_000)
}

fn entry(key: &CacheKey, value: &str) -> Entry {
    Entry::new(key.clone(), now() + Duration::from_hours(1), serde_json::to_vec(value).unwrap_or_default())
}

/// # Panics
///
/// Each method panics where the backend breaks the rule in its name, or fails.
impl Suite<'_> {
    /// Every rule.
    pub async fn run(self) {
        self.what_is_written_is_read_everywhere().await;
        self.awkward_names_are_names_like_any_other().await;
        self.a_removal_takes_one_entry_of_one_tenant().await;
        self.a_purge_takes_all_entries_of_one_tenant().await;
        self.a_load_stores_what_it_found_once().await;
        self.a_load_older_than_a_change_stores_nothing().await;
        self.values_come_back_to_the_byte().await;
    }

    async fn what_is_written_is_read_everywhere(&self) {
        let key = CacheKey::new(TenantId::new(), "s", "n");
        self.expect(&key, None).await;
        self.one.write(entry(&key, "first"), now()).await.expect("write");
        self.expect(&key, Some("first")).await;
        self.other.write(entry(&key, "second"), now()).await.expect("write");
        self.expect(&key, Some("second")).await;
        let found = self.one.read(&key).await.expect("read").expect("an entry");
        assert_eq!((found.key(), found.expires()), (&key, entry(&key, "").expires()));
    }

    async fn awkward_names_are_names_like_any_other(&self) {
        let tenants = [TenantId::new(), TenantId::new()];
        let names = awkward_names();
        let keys = |tenant| names.iter().map(move |name| CacheKey::new(tenant, "s", name));
        for (tenant, owner) in tenants.into_iter().zip(["one's", "the other's"]) {
            for (at, key) in keys(tenant).enumerate() {
                self.one.write(entry(&key, &format!("{owner} {at}")), now()).await.expect("write");
            }
        }
        for (tenant, owner) in tenants.into_iter().zip(["one's", "the other's"]) {
            for (at, key) in keys(tenant).enumerate() {
                self.expect(&key, Some(&format!("{owner} {at}"))).await;
            }
        }
        for pattern in ["*", "}:*", "s*"] {
            self.one.remove(&CacheKey::new(tenants[0], "s", pattern)).await.expect("remove");
        }
        self.expect(&CacheKey::new(tenants[0], "s", ":"), Some("one's 0")).await;
        self.expect(&CacheKey::new(tenants[1], "s", "*"), Some("the other's 1")).await;
    }

    async fn a_removal_takes_one_entry_of_one_tenant(&self) {
        let (tenant, foreign) = (TenantId::new(), TenantId::new());
        let key = CacheKey::new(tenant, "s", "n");
        let others = [
            CacheKey::new(tenant, "s", "m"),
            CacheKey::new(tenant, "t", "n"),
            CacheKey::new(foreign, "s", "n"),
        ];
        for key in others.iter().chain([&key]) {
            self.one.write(entry(key, "kept"), now()).await.expect("write");
            self.expect(key, Some("kept")).await;
        }
        self.other.remove(&key).await.expect("remove");
        self.expect(&key, None).await;
        self.other.remove(&key).await.expect("nothing to remove");
        for key in &others {
            self.expect(key, Some("kept")).await;
        }
    }

    async fn a_purge_takes_all_entries_of_one_tenant(&self) {
        let (tenant, foreign) = (TenantId::new(), TenantId::new());
        let keys: Vec<_> = (0..20).map(|n| CacheKey::new(tenant, "s", &n.to_string())).collect();
        let kept = CacheKey::new(foreign, "s", "0");
        for key in keys.iter().chain([&kept]) {
            self.one.write(entry(key, "old"), now()).await.expect("write");
            self.expect(key, Some("old")).await;
        }
        for _ in 0..2 {
            self.other.purge(tenant).await.expect("purge");
            for key in &keys {
                self.expect(key, None).await;
            }
        }
        self.expect(&kept, Some("old")).await;
        self.one.write(entry(&keys[0], "new"), now()).await.expect("write");
        self.expect(&keys[0], Some("new")).await;
        self.expect(&keys[1], None).await;
    }

    async fn a_load_stores_what_it_found_once(&self) {
        let key = CacheKey::new(TenantId::new(), "s", "n");
        let Begun { found, ticket } = self.one.begin(&key).await.expect("begin");
        assert_eq!(found, None);
        assert!(self.one.fill(ticket, entry(&key, "loaded"), now()).await.expect("fill"));
        self.expect(&key, Some("loaded")).await;
        let found = self.other.begin(&key).await.expect("begin").found;
        assert_eq!(found, Some(entry(&key, "loaded")), "a late load is told what an earlier one found");
    }

    async fn a_load_older_than_a_change_stores_nothing(&self) {
        for change in ["write", "remove", "purge", "remove what is not there"] {
            let key = CacheKey::new(TenantId::new(), "s", "n");
            if change != "remove what is not there" {
                self.one.write(entry(&key, "before"), now()).await.expect("write");
            }
            let begun = self.one.begin(&key).await.expect("begin");
            let expected = match change {
                "write" => self.other.write(entry(&key, "newer"), now()).await.map(|()| Some("newer")),
                "purge" => self.other.purge(key.tenant()).await.map(|()| None),
                _ => self.other.remove(&key).await.map(|()| None),
            };
            let stored = self.one.fill(begun.ticket, entry(&key, "stale"), now()).await;
            assert!(!stored.expect("fill"), "after {change}");
            self.expect(&key, expected.expect(change)).await;
            let ticket = self.one.begin(&key).await.expect("begin").ticket;
            let stored = self.one.fill(ticket, entry(&key, "fresh"), now()).await;
            assert!(stored.expect("fill"), "a load that began after {change}");
            self.expect(&key, Some("fresh")).await;
        }
    }

    async fn values_come_back_to_the_byte(&self) {
        let key = CacheKey::new(TenantId::new(), "s", "n");
        for value in [String::new(), "\r\n$-1\r\n".to_owned(), "ü\u{0}{}*".to_owned(), "x".repeat(100_000)] {
            self.one.write(entry(&key, &value), now()).await.expect("write");
            self.expect(&key, Some(&value)).await;
        }
    }

    /// Both handles come to answer `value`.
    async fn expect(&self, key: &CacheKey, value: Option<&str>) {
        let expected = value.map(|value| entry(key, value));
        for handle in [self.one, self.other] {
            let mut waited = Duration::ZERO;
            loop {
                let found = handle.read(key).await.expect("read");
                if found == expected {
                    break;
                }
                assert!(waited < self.within, "{found:?} instead of {expected:?} under {key:?}");
                let step = Duration::from_millis(2);
                tokio::time::sleep(step).await;
                waited += step;
            }
        }
    }
}
