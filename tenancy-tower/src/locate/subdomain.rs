//! Tenants at `{slug}.{base}`.
//!
//! | address                    | names                        |
//! |----------------------------|------------------------------|
//! | `base`                     | [`Located::Apex`]            |
//! | `acme.base`                | the tenant with slug `acme`  |
//! | `www.base`, `admin.base`   | [`Located::Reserved`]        |
//! | `a.b.base`, `_dmarc.base`  | [`Located::Unknown`]         |
//! | `acme.base.evil.com`, an IP | [`Located::Unknown`]        |
//! | no host, two, not a host   | [`Located::Malformed`]       |

use http::request::Parts;
use tenancy_core::slug::{RESERVED, SlugError};
use tenancy_core::{Slug, TenantKey};

use super::{Authority, BaseDomain, Located, Locator};

/// Finds the tenant's name in front of a base domain. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SubdomainLocator {
    base: BaseDomain,
}

impl SubdomainLocator {
    /// Tenants live one label below `base`.
    pub const fn new(base: BaseDomain) -> Self {
        Self { base }
    }

    /// The domain below which tenants live.
    pub const fn base(&self) -> &BaseDomain {
        &self.base
    }

    fn name(&self, host: &str) -> Located {
        let Some(label) = self.base.prefix(host) else { return Located::Unknown };
        if label.is_empty() {
            return Located::Apex;
        }
        match label.parse::<Slug>() {
            Ok(slug) => Located::Tenant(TenantKey::Slug(slug)),
            Err(SlugError::Reserved) => {
                let name = RESERVED.into_iter().find(|name| *name == label);
                name.map_or(Located::Unknown, Located::Reserved)
            }
            Err(_) => Located::Unknown,
        }
    }
}

impl Locator for SubdomainLocator {
    fn locate(&self, parts: &Parts) -> Located {
        Authority::of(parts).map_or(Located::Malformed, |authority| self.name(authority.host()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderValue, Request};
    use proptest::prelude::*;

    fn locator() -> SubdomainLocator {
        SubdomainLocator::new("mmm.localhost".parse().unwrap())
    }

    fn locate(uri: &str, hosts: &[&[u8]]) -> Option<Located> {
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header("host", HeaderValue::from_bytes(host).ok()?);
        }
        Some(locator().locate(&request.body(()).ok()?.into_parts().0))
    }

    fn tenant(slug: &str) -> Located {
        Located::Tenant(TenantKey::Slug(slug.parse().unwrap()))
    }

    #[test]
    fn an_address_names_its_tenant_and_no_other() {
        let long = format!("{}.mmm.localhost", "a".repeat(64));
        for (host, located) in [
            ("acme.mmm.localhost", tenant("acme")),
            ("ACME.mmm.LOCALHOST.:8080", tenant("acme")),
            ("mmm.localhost", Located::Apex),
            ("mmm.localhost.:80", Located::Apex),
            ("www.mmm.localhost", Located::Reserved("www")),
            ("Admin.mmm.localhost", Located::Reserved("admin")),
            ("acme.mmm.localhost.evil.com", Located::Unknown),
            ("xacme.mmm.localhost.", tenant("xacme")),
            ("acmemmm.localhost", Located::Unknown),
            ("xmmm.localhost", Located::Unknown),
            ("a.b.mmm.localhost", Located::Unknown),
            ("acme.globex.mmm.localhost", Located::Unknown),
            ("_dmarc.mmm.localhost", Located::Unknown),
            ("-acme.mmm.localhost", Located::Unknown),
            ("xn--acm-dma.mmm.localhost", Located::Unknown),
            ("localhost", Located::Unknown),
            ("127.0.0.1:8080", Located::Unknown),
            ("[::1]:8080", Located::Unknown),
            ("acme@mmm.localhost", Located::Malformed),
            ("acme:x@globex.mmm.localhost", Located::Malformed),
            (".mmm.localhost", Located::Malformed),
            ("acme.mmm.localhost..", Located::Malformed),
            ("acme.mmm.localhost, globex.mmm.localhost", Located::Malformed),
            ("acme.mmm.localhost:99999", Located::Malformed),
            ("acme%2emmm.localhost", Located::Malformed),
            ("", Located::Malformed),
            (" ", Located::Malformed),
            (&long, Located::Malformed),
        ] {
            assert_eq!(locate("/", &[host.as_bytes()]), Some(located), "host {host:?}");
        }
        assert_eq!(locate("/", &["acmé.mmm.localhost".as_bytes()]), Some(Located::Malformed));
    }

    #[test]
    fn header_and_uri_must_name_one_host() {
        let acme: &[u8] = b"acme.mmm.localhost";
        let target = "http://acme.mmm.localhost:80/x";
        assert_eq!(locate(target, &[]), Some(tenant("acme")));
        assert_eq!(locate(target, &[b"ACME.mmm.localhost."]), Some(tenant("acme")));
        assert_eq!(locate(target, &[b"globex.mmm.localhost"]), Some(Located::Malformed));
        assert_eq!(locate("/", &[acme, b"globex.mmm.localhost"]), Some(Located::Malformed));
        assert_eq!(locate("/", &[acme, acme]), Some(Located::Malformed));
        assert_eq!(locate("/", &[]), Some(Located::Malformed));
        assert_eq!(locate("http://u@acme.mmm.localhost/", &[acme]), Some(Located::Malformed));
    }

    #[test]
    fn forwarded_names_are_not_read() {
        for name in ["x-forwarded-host", "x-original-host", "x-host", "forwarded"] {
            let request = Request::builder()
                .header("host", "acme.mmm.localhost")
                .header(name, "host=globex.mmm.localhost");
            let parts = request.body(()).unwrap().into_parts().0;
            assert_eq!(locator().locate(&parts), tenant("acme"), "header {name}");
        }
    }

    proptest! {
        #[test]
        fn only_the_exact_name_is_a_tenant(host in prop_oneof![
            any::<Vec<u8>>(),
            "[a-zA-Z0-9._:@\\-]{0,20}(\\.|)(mmm\\.localhost|MMM.localhost)[a-z.:0-9]{0,8}".prop_map(String::into_bytes),
        ]) {
            if let Some(Located::Tenant(TenantKey::Slug(slug))) = locate("/", &[&host]) {
                let host = String::from_utf8(host).unwrap().to_ascii_lowercase();
                let host = host.split(':').next().unwrap();
                let host = host.strip_suffix('.').unwrap_or(host);
                prop_assert_eq!(host, format!("{slug}.mmm.localhost"));
            }
        }

        #[test]
        fn every_slug_is_found_at_its_address(name in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?") {
            if let Ok(slug) = name.parse::<Slug>() {
                let host = format!("{}.MMM.localhost:8080", name.to_uppercase());
                prop_assert_eq!(locate("/", &[host.as_bytes()]), Some(Located::Tenant(TenantKey::Slug(slug))));
            }
        }
    }
}
