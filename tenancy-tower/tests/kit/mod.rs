//! Two tenants, stores in memory that count, and the whole stack around a handler that says what it
//! was given.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::Full;
use tenancy_core::store::{Answer, Directory, NewSession, Session, SessionStore, TokenHash};
use tenancy_core::testing::{ManualClock, MemoryDirectory, MemorySessions, record};
use tenancy_core::{
    Clock, Identity, Lifecycle, Role, StoreError, Tenant, TenantContext, TenantKey, TenantRecord, UserId,
};
use tenancy_tower::jwt::{TokenIssuer, TokenKey, TokenVerifier};
use tenancy_tower::locate::SubdomainLocator;
use tenancy_tower::{
    AuthenticateLayer, Proof, SameOriginLayer, SessionCookie, SessionToken, Site, TenantLayer,
};
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt, service_fn};

pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const ISSUER: &str = "https://example.com";
pub(crate) const AUDIENCE: &str = "api";

pub(crate) type Body = Full<Bytes>;
pub(crate) type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// A directory that counts its questions, knows some answers at once, and can be out of reach.
pub(crate) struct Counting {
    pub(crate) directory: MemoryDirectory,
    pub(crate) known: Option<Arc<Tenant>>,
    pub(crate) finds: AtomicUsize,
    pub(crate) down: bool,
}

impl Directory for Counting {
    fn peek(&self, key: &TenantKey) -> Option<Arc<Tenant>> {
        self.known.clone().filter(|tenant| *key == TenantKey::Slug(tenant.slug().clone()))
    }

    fn find<'a>(&'a self, key: &'a TenantKey) -> Answer<'a, Option<Arc<Tenant>>> {
        self.finds.fetch_add(1, Ordering::Relaxed);
        if self.down {
            return Box::pin(async { Err(StoreError::unavailable("secret host 10.0.0.1 is down")) });
        }
        self.directory.find(key)
    }
}

/// A session store that is out of reach.
pub(crate) struct NoSessions;

impl SessionStore for NoSessions {
    fn open<'a>(&'a self, _: &'a NewSession) -> Answer<'a, ()> {
        Box::pin(async { Err(StoreError::unavailable("down")) })
    }

    fn find<'a>(&'a self, _: &'a TokenHash) -> Answer<'a, Option<Session>> {
        Box::pin(async { Err(StoreError::unavailable("down")) })
    }

    fn end<'a>(&'a self, _: &'a TokenHash) -> Answer<'a, ()> {
        Box::pin(async { Err(StoreError::unavailable("down")) })
    }
}

/// Everything the tests need, and two people.
pub(crate) struct World {
    pub(crate) records: Vec<TenantRecord>,
    pub(crate) clock: ManualClock,
    pub(crate) key: Arc<TokenKey>,
    pub(crate) sessions: Arc<MemorySessions>,
    pub(crate) directory: Arc<Counting>,
    pub(crate) ann: Identity,
    pub(crate) bob: Identity,
}

impl World {
    /// acme (ann) and globex (bob) are active; one tenant stands in each other stage.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Counting)) -> Self {
        let staged = |(slug, status)| TenantRecord { status, ..record(slug) };
        let mut records = vec![record("acme"), record("globex")];
        records.extend(
            [
                ("paused", Lifecycle::Suspended),
                ("coming", Lifecycle::Provisioning),
                ("going", Lifecycle::Erasing),
                ("gone", Lifecycle::Erased),
            ]
            .map(staged),
        );
        let directory = MemoryDirectory::of(records.clone());
        let mut counting = Counting { directory, known: None, finds: AtomicUsize::new(0), down: false };
        change(&mut counting);
        let person = |at: usize, role| Identity { tenant_id: records[at].id, user_id: UserId::new(), role };
        Self {
            ann: person(0, Role::Analyst),
            bob: person(1, Role::Owner),
            clock: ManualClock::at(NOW),
            key: Arc::new(TokenKey::from_seed([7; 32]).unwrap()),
            sessions: Arc::default(),
            directory: Arc::new(counting),
            records,
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    pub(crate) fn tenants(&self) -> TenantLayer {
        TenantLayer::new(SubdomainLocator::new("example.com".parse().unwrap()), self.directory.clone())
    }

    pub(crate) fn authenticate(&self) -> AuthenticateLayer {
        let verifier = TokenVerifier::new([self.key.public().clone()], ISSUER, AUDIENCE, self.clock());
        AuthenticateLayer::new().tokens(verifier).sessions(self.sessions.clone())
    }

    /// The whole stack around a handler that says what it was given.
    pub(crate) fn stack(&self) -> Stack {
        Self::stack_of(self.tenants(), self.authenticate())
    }

    pub(crate) fn stack_of(tenants: TenantLayer, authenticate: AuthenticateLayer) -> Stack {
        let layers = ServiceBuilder::new().layer(tenants).layer(authenticate).layer(SameOriginLayer::new());
        BoxCloneSyncService::new(layers.service(service_fn(echo)))
    }

    /// `Bearer …` of a person of the tenant at this place in `records`.
    pub(crate) fn bearer(&self, at: usize, person: &Identity) -> String {
        use secrecy::ExposeSecret;
        let tenant = Tenant::from_directory(self.records[at].clone());
        let issuer = TokenIssuer::new(self.key.clone(), ISSUER, AUDIENCE, self.clock());
        format!("Bearer {}", issuer.issue(&tenant, person).unwrap().token.expose_secret())
    }

    /// The `cookie` header of a new session of this person.
    pub(crate) async fn session(&self, person: &Identity) -> String {
        let token = SessionToken::generate().unwrap();
        self.sessions.open(&token.session(person.clone())).await.unwrap();
        let set = SessionCookie::default().set(&token);
        set.to_str().unwrap().split(';').next().unwrap().to_owned()
    }
}

/// Says what reached the handler: site, tenant, actor, proof, and what the client claimed.
#[allow(clippy::unused_async, reason = "a service's function is one")]
pub(crate) async fn echo(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let extensions = request.extensions();
    let site = extensions.get::<Site>();
    let context = extensions.get::<TenantContext>();
    let (slug, actor) = context.map_or((None, None), |c| (Some(c.tenant().slug()), Some(c.actor())));
    let proof = match extensions.get::<Proof>() {
        Some(Proof::Token(_)) => "token",
        Some(Proof::Session { .. }) => "session",
        _ => "nothing",
    };
    let claimed = request.headers().get_all("x-tenant-id").iter().count();
    let text = format!("{site:?} {slug:?} {actor:?} by {proof}, {claimed} claimed");
    Ok(Response::new(text.into()))
}

/// A request's answer, in full.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) async fn send(stack: &Stack, request: Request<Body>) -> Seen {
    use http_body_util::BodyExt;
    let (parts, body) = stack.clone().oneshot(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Seen { status: parts.status, headers: parts.headers, body: String::from_utf8(body).unwrap() }
}

pub(crate) fn get(host: &str, headers: &[(&str, &str)]) -> Request<Body> {
    ask("GET", host, "/", headers)
}

pub(crate) fn ask(method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::default()).unwrap()
}
