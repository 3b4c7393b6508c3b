//! Two tenants, one stack, no network: `cargo run -p tenancy-tower --example walk`.
//!
//! Ann of acme signs in at acme's address and then tries globex's, which looks to her like an
//! address that nobody has.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use secrecy::ExposeSecret;
use tenancy_core::store::{Directory, SessionStore};
use tenancy_core::testing::{MemoryDirectory, MemorySessions, record};
use tenancy_core::{Clock, Identity, Permission, Role, SystemClock, TenantContext, TenantKey, UserId};
use tenancy_tower::jwt::{TokenIssuer, TokenKey, TokenVerifier};
use tenancy_tower::locate::SubdomainLocator;
use tenancy_tower::{
    AuthenticateLayer, RequirePermissionLayer, SameOriginLayer, SessionCookie, SessionToken, TenantLayer,
};
use tower::{ServiceBuilder, ServiceExt, service_fn};

type Body = Full<Bytes>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = Arc::new(MemoryDirectory::of([record("acme"), record("globex")]));
    let sessions = Arc::new(MemorySessions::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let key = Arc::new(TokenKey::generate()?);
    let issuer = TokenIssuer::new(key.clone(), "https://example.com", "api", clock.clone());
    let verifier = TokenVerifier::new([key.public().clone()], "https://example.com", "api", clock);

    let stack = ServiceBuilder::new()
        .layer(TenantLayer::new(SubdomainLocator::new("example.com".parse()?), directory.clone()))
        .layer(AuthenticateLayer::new().tokens(verifier).sessions(sessions.clone()))
        .layer(SameOriginLayer::new())
        .layer(RequirePermissionLayer::new(Permission::ViewAnalytics))
        .service(service_fn(dashboard));

    // What a sign-in at acme's address hands out: a token to programs, a cookie to browsers.
    let acme = directory.find(&TenantKey::Slug("acme".parse()?)).await?.ok_or("acme")?;
    let ann = Identity { tenant_id: acme.id(), user_id: UserId::new(), role: Role::Analyst };
    let token = SessionToken::generate()?;
    sessions.open(&token.session(ann.clone())).await?;
    let cookie = SessionCookie::default().set(&token);
    let cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
    let bearer = format!("Bearer {}", issuer.issue(&acme, &ann)?.token.expose_secret());

    for (who, host, name, value) in [
        ("nobody", "acme.example.com", "accept", "*/*"),
        ("ann, by token", "acme.example.com", "authorization", &*bearer),
        ("ann, by cookie", "acme.example.com", "cookie", &*cookie),
        ("ann, at globex", "globex.example.com", "authorization", &*bearer),
        ("ann, at nobody's", "nobody.example.com", "authorization", &*bearer),
        ("a forger", "acme.example.com", "authorization", "Bearer a.b.c"),
    ] {
        let request = Request::builder().header("host", host).header(name, value).body(Body::default())?;
        let (parts, body) = stack.clone().oneshot(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        println!("{who:17} {host:19} {} {}", parts.status.as_u16(), String::from_utf8_lossy(&body));
    }
    Ok(())
}

async fn dashboard(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let name = request.extensions().get::<TenantContext>().map(|context| context.tenant().name().to_owned());
    Ok(Response::new(name.unwrap_or_default().into()))
}
