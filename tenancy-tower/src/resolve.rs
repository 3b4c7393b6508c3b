//! Ties every request to at most one tenant, before anything else reads it.
//!
//! 1. Removes `x-tenant-id`, whoever sent it, and whatever an outer layer left about a tenant.
//! 2. Asks the [`Locator`] what the address names, and the [`Directory`] who that is: once, and
//!    without waiting where the directory already knows.
//! 3. Leaves a [`Site`], and for a tenant an anonymous [`TenantContext`], in the extensions.
//!
//! | address names                                | answer                                      |
//! |----------------------------------------------|---------------------------------------------|
//! | an active tenant                             | passes, `Site::Tenant` and a context        |
//! | the apex or a reserved name                  | passes, `Site::Apex` or `Site::Reserved`, no context |
//! | a suspended tenant                           | 403, may show the tenant's brand            |
//! | nobody, or a tenant in the making or erased  | 404                                         |
//! | nothing certain                              | 400                                         |
//! | a tenant, while the directory is out of reach | 503                                        |

use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use tenancy_core::store::Directory;
use tenancy_core::{Lifecycle, StoreError, Tenant, TenantContext};
use tower_layer::Layer;

use crate::gate::{Decide, Gated, Grant, Step, Verdict};
use crate::locate::{Located, Locator};
use crate::proof::Proof;
use crate::refusal::{Refusal, Render, Renderer};
use crate::site::Site;

/// The header by which some proxies name a tenant. A client's is never believed.
const TENANT_HEADER: &str = "x-tenant-id";

/// Ties each request of a service to its tenant. See the [module docs](self).
#[derive(Clone)]
pub struct TenantLayer {
    locator: Arc<dyn Locator>,
    directory: Arc<dyn Directory>,
    renderer: Option<Renderer>,
}

impl TenantLayer {
    /// Reads addresses with `locator` and finds tenants in `directory`.
    pub fn new(locator: impl Locator, directory: Arc<dyn Directory>) -> Self {
        Self { locator: Arc::new(locator), directory, renderer: None }
    }

    /// Lets `renderer` write the refusals of this layer and of everything inside it.
    #[must_use]
    pub fn render_with(mut self, renderer: impl Render) -> Self {
        self.renderer = Some(Renderer(Arc::new(renderer)));
        self
    }
}

impl Decide for TenantLayer {
    fn decide(&self, parts: &mut Parts) -> Step {
        forget(parts);
        if let Some(renderer) = &self.renderer {
            parts.extensions.insert(renderer.clone());
        }
        let key = match self.locator.locate(parts) {
            Located::Tenant(key) => key,
            Located::Apex => return pass(Site::Apex),
            Located::Reserved(name) => return pass(Site::Reserved(name)),
            Located::Unknown => return Step::Now(Err(Refusal::NotFound)),
            Located::Malformed => return Step::Now(Err(Refusal::Malformed)),
        };
        if let Some(tenant) = self.directory.peek(&key) {
            return Step::Now(admit(tenant));
        }
        let directory = Arc::clone(&self.directory);
        Step::Ask(Box::pin(async move { verdict(directory.find(&key).await) }))
    }
}

impl<S> Layer<S> for TenantLayer {
    type Service = Gated<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gated::new(self.clone(), inner)
    }
}

impl fmt::Debug for TenantLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantLayer").finish_non_exhaustive()
    }
}

/// Nothing that came from outside, or from a layer further out, may pass for our own answer.
fn forget(parts: &mut Parts) {
    parts.headers.remove(TENANT_HEADER);
    parts.extensions.remove::<TenantContext>();
    parts.extensions.remove::<Site>();
    parts.extensions.remove::<Proof>();
}

fn pass(site: Site) -> Step {
    Step::Now(Ok(Grant { site: Some(site), ..Grant::default() }))
}

fn verdict(answer: Result<Option<Arc<Tenant>>, StoreError>) -> Verdict {
    match answer {
        Ok(Some(tenant)) => admit(tenant),
        Ok(None) => Err(Refusal::NotFound),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the tenant directory failed");
            Err(Refusal::Unavailable)
        }
    }
}

fn admit(tenant: Arc<Tenant>) -> Verdict {
    if tenant.status() == Lifecycle::Suspended {
        return Err(Refusal::Suspended(tenant));
    }
    let context = TenantContext::for_request(tenant).map_err(|_| Refusal::NotFound)?;
    Ok(Grant { site: Some(Site::Tenant), context: Some(context), proof: None })
}
