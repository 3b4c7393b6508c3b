//! Extractors for axum handlers (feature `axum`).
//!
//! | extractor        | without a context | nobody acts | role lacks the permission |
//! |------------------|-------------------|-------------|---------------------------|
//! | [`Tenancy`]      | 500               | passes      | passes                    |
//! | [`Member`]       | 500               | 401         | passes                    |
//! | [`Permitted<P>`] | 500               | 401         | 403                       |
//!
//! A handler cannot reach a tenant's data without a context, and cannot get one but through these;
//! mounted outside `TenantLayer` it answers 500 and names the layer.
//!
//! ```
//! use tenancy_tower::extract::{Permitted, RunAnalysis};
//!
//! async fn run(Permitted { context, .. }: Permitted<RunAnalysis>) -> String {
//!     format!("a run of {}", context.tenant().name())
//! }
//! # let _: axum::Router = axum::Router::new().route("/runs", axum::routing::post(run));
//! ```

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;
use tenancy_core::{Actor, Permission, TenantContext, UserId};

use crate::refusal::{AuthFailure, Refusal, Refuser};
use crate::require_permission::require;

/// The request's tenant, whoever acts.
#[derive(Clone, Debug)]
pub struct Tenancy(pub TenantContext);

/// The request's tenant and the member who acts.
#[derive(Clone, Debug)]
pub struct Member {
    /// The tenant, with the member as actor.
    pub context: TenantContext,
    /// The member.
    pub user: UserId,
}

/// The request's tenant, with an actor who may do what `P` names.
#[derive(Clone, Debug)]
pub struct Permitted<P> {
    /// The tenant, with that actor.
    pub context: TenantContext,
    permission: PhantomData<P>,
}

/// A permission as a type, for [`Permitted`].
pub trait Names {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! names {
    ($($permission:ident),+) => {$(
        #[doc = concat!("Names [`Permission::", stringify!($permission), "`].")]
        #[derive(Clone, Copy, Debug)]
        pub enum $permission {}

        impl Names for $permission {
            const PERMISSION: Permission = Permission::$permission;
        }
    )+};
}

names!(ViewAnalytics, ManageData, RunAnalysis, ManageUsers, ManageSettings);

fn context(parts: &Parts) -> Result<&TenantContext, Refusal> {
    parts.extensions.get().ok_or(Refusal::Wiring { layer: "TenantLayer" })
}

fn refuse(parts: &Parts, refusal: &Refusal) -> Response {
    Refuser::of(parts).respond(refusal)
}

impl<S: Send + Sync> FromRequestParts<S> for Tenancy {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        context(parts).cloned().map(Self).map_err(|refusal| refuse(parts, &refusal))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let member = context(parts).and_then(|context| match context.actor() {
            Actor::Member { user, .. } => Ok(Self { context: context.clone(), user: *user }),
            _ => Err(Refusal::Unauthenticated(AuthFailure::Missing)),
        });
        member.map_err(|refusal| refuse(parts, &refusal))
    }
}

impl<P: Names, S: Send + Sync> FromRequestParts<S> for Permitted<P> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        match require(parts.extensions.get(), P::PERMISSION) {
            Ok(context) => Ok(Self { context: context.clone(), permission: PhantomData }),
            Err(refusal) => Err(refuse(parts, &refusal)),
        }
    }
}

/// For handlers that refuse in the same words and bytes as the layers do.
impl<S: Send + Sync> FromRequestParts<S> for Refuser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}
