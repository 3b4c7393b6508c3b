//! The one place where a refusal becomes a response.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderValue, Response};
use tenancy_core::{Tenant, TenantContext};

use super::{Asked, AuthFailure, Problem, Refusal, Render};
use crate::admit;

/// The renderer that `TenantLayer` was given, left in the request for everything further in.
#[derive(Clone)]
pub(crate) struct Renderer(pub(crate) Arc<dyn Render>);

/// Answers refusals of one request, with the renderer of the stack around it.
///
/// Layers use it, and so can handlers, which then refuse in the same words and bytes.
#[derive(Clone)]
pub struct Refuser {
    renderer: Option<Renderer>,
    asked: Asked,
    context: Option<TenantContext>,
}

impl Refuser {
    /// The refuser of this request. Outside a `TenantLayer` it answers problem+json.
    pub fn of(parts: &Parts) -> Self {
        Self {
            renderer: parts.extensions.get().cloned(),
            asked: Asked::of(parts),
            context: parts.extensions.get().cloned(),
        }
    }

    /// What the request asked.
    pub const fn asked(&self) -> &Asked {
        &self.asked
    }

    /// The answer to a refused request, never to be cached.
    ///
    /// The renderer's status is kept only where it redirects, as to a sign-in page.
    pub fn respond<B: From<Bytes>>(&self, refusal: &Refusal) -> Response<B> {
        if let Refusal::Wiring { layer } = refusal {
            tracing::error!(layer, path = self.asked.path(), "a layer is missing in front of this service");
        }
        let tenant = self.tenant(refusal);
        let mut response = match &self.renderer {
            Some(Renderer(renderer)) => renderer.render(refusal, &self.asked, tenant),
            None => Problem.render(refusal, &self.asked, tenant),
        };
        if !response.status().is_redirection() {
            *response.status_mut() = refusal.status();
        }
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.remove(WWW_AUTHENTICATE);
        if let (Refusal::Unauthenticated(failure), false) = (refusal, response.status().is_redirection()) {
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge(*failure));
        }
        if let Refusal::TooMany(decision) = refusal {
            admit::write_headers(response.headers_mut(), decision);
        }
        response.map(B::from)
    }

    /// The tenant whose brand the answer may show.
    fn tenant<'a>(&'a self, refusal: &'a Refusal) -> Option<&'a Tenant> {
        match refusal {
            Refusal::Suspended(tenant) => Some(tenant),
            Refusal::Unauthenticated(_)
            | Refusal::Forbidden(_)
            | Refusal::CrossSite
            | Refusal::PlanRequired { .. }
            | Refusal::TooMany(_)
            | Refusal::TooLarge => self.context.as_ref().map(TenantContext::tenant),
            Refusal::NotFound | Refusal::Malformed | Refusal::Wiring { .. } | Refusal::Unavailable => None,
        }
    }
}

fn challenge(failure: AuthFailure) -> HeaderValue {
    HeaderValue::from_static(match failure {
        AuthFailure::Missing => "Bearer",
        AuthFailure::Invalid | AuthFailure::MissingTenant => r#"Bearer error="invalid_token""#,
    })
}

impl fmt::Debug for Refuser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refuser").field("asked", &self.asked).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::CONTENT_TYPE;
    use http::{Request, StatusCode};
    use tenancy_core::Permission;
    use tenancy_core::testing::{context, tenant};

    /// Says whose brand it was shown.
    struct Brand;

    impl Render for Brand {
        fn render(&self, refusal: &Refusal, _: &Asked, tenant: Option<&Tenant>) -> Response<Bytes> {
            let name = tenant.map_or("nobody", Tenant::name).to_owned();
            let mut response = Response::new(name.into());
            if matches!(refusal, Refusal::Unauthenticated(AuthFailure::Missing)) {
                *response.status_mut() = StatusCode::SEE_OTHER;
            }
            response
        }
    }

    fn refuser(brand: bool) -> Refuser {
        let mut parts = Request::new(()).into_parts().0;
        parts.extensions.insert(context("acme"));
        if brand {
            parts.extensions.insert(Renderer(Arc::new(Brand)));
        }
        Refuser::of(&parts)
    }

    fn respond(brand: bool, refusal: &Refusal) -> (StatusCode, Vec<(String, String)>, String) {
        let response: Response<Bytes> = refuser(brand).respond(refusal);
        let headers = response.headers().iter();
        let headers = headers.map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
        (response.status(), headers, String::from_utf8(response.body().to_vec()).unwrap())
    }

    #[test]
    fn a_refusal_is_a_problem_document() {
        let (status, headers, body) = respond(false, &Refusal::Forbidden(Permission::ManageData));
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert_eq!(headers[0], (CONTENT_TYPE.to_string(), "application/problem+json".to_owned()));
        assert_eq!(headers[1], (CACHE_CONTROL.to_string(), "no-store".to_owned()));
        assert_eq!(
            body,
            r#"{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","error":"Insufficient permissions","permission":"manage_data"}"#
        );
    }

    #[test]
    fn a_missing_credential_is_told_how_to_authenticate() {
        for (failure, value) in [
            (AuthFailure::Missing, "Bearer"),
            (AuthFailure::Invalid, r#"Bearer error="invalid_token""#),
            (AuthFailure::MissingTenant, r#"Bearer error="invalid_token""#),
        ] {
            let (status, headers, body) = respond(false, &Refusal::Unauthenticated(failure));
            assert_eq!(status, StatusCode::UNAUTHORIZED);
            assert!(headers.contains(&("www-authenticate".to_owned(), value.to_owned())), "{headers:?}");
            assert!(body.contains("Authentication failed"), "{body}");
        }
    }

    #[test]
    fn a_brand_is_shown_only_where_the_tenant_may_be_known() {
        for (refusal, name) in [
            (Refusal::NotFound, "nobody"),
            (Refusal::Malformed, "nobody"),
            (Refusal::Unavailable, "nobody"),
            (Refusal::Forbidden(Permission::ManageData), "acme"),
            (Refusal::CrossSite, "acme"),
            (Refusal::Suspended(tenant("globex")), "globex"),
        ] {
            let (status, _, body) = respond(true, &refusal);
            assert_eq!((status, body.as_str()), (refusal.status(), name), "{refusal}");
        }
    }

    #[test]
    fn only_a_redirect_keeps_its_status() {
        let (status, headers, _) = respond(true, &Refusal::Unauthenticated(AuthFailure::Missing));
        assert_eq!(status, StatusCode::SEE_OTHER);
        assert_eq!(headers, [("cache-control".to_owned(), "no-store".to_owned())]);
    }
}
