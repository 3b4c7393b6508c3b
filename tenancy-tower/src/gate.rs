//! What this crate's layers have in common: a [`Gated`] service asks its layer about each request, and
//! the one future of them all passes the request on or refuses it.
//!
//! A layer decides from a request's head and answers a [`Step`]. Most steps are decided at once and
//! cost no allocation; only a store that must be asked is waited for in a box. The request is kept
//! whole meanwhile, so a layer cannot lose its body or hand it on twice.

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tenancy_core::TenantContext;
use tower_service::Service;

use crate::proof::Proof;
use crate::refusal::{Refusal, Refuser};
use crate::site::Site;

/// A layer that decides about requests. Outside this crate it cannot be named, so that what passes is
/// decided here.
pub trait Decide {
    /// What becomes of a request with this head. It may take things out of it.
    fn decide(&self, parts: &mut Parts) -> Step;
}

/// A service behind a layer of this crate, which decides what reaches it.
#[derive(Clone, Debug)]
pub struct Gated<L, S> {
    layer: L,
    inner: S,
}

impl<L, S> Gated<L, S> {
    pub(crate) const fn new(layer: L, inner: S) -> Self {
        Self { layer, inner }
    }
}

impl<L, S, B, R> Service<Request<B>> for Gated<L, S>
where
    L: Decide,
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = GateFuture<S, B>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let step = self.layer.decide(&mut parts);
        GateFuture::start(step, parts, body, &mut self.inner)
    }
}

/// What a layer lets a request carry further in.
#[derive(Debug, Default)]
pub struct Grant {
    pub(crate) site: Option<Site>,
    pub(crate) context: Option<TenantContext>,
    pub(crate) proof: Option<Proof>,
}

impl Grant {
    fn apply(self, extensions: &mut Extensions) {
        if let Some(site) = self.site {
            extensions.insert(site);
        }
        if let Some(context) = self.context {
            extensions.insert(context);
        }
        if let Some(proof) = self.proof {
            extensions.insert(proof);
        }
    }
}

pub(crate) type Verdict = Result<Grant, Refusal>;
pub(crate) type Ask = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// What a layer decided from a request's head.
pub enum Step {
    /// Everything was at hand.
    Now(Verdict),
    /// A store has to be asked.
    Ask(Ask),
}

pin_project! {
    /// The future of every layer in this crate.
    #[must_use = "futures do nothing unless polled"]
    pub struct GateFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, B>
    where
        S: Service<Request<B>>,
    {
        Refused { response: Option<S::Response> },
        Asking { ask: Ask, next: Option<(S, Request<B>)> },
        Passed { #[pin] inner: S::Future },
    }
}

impl<S, B, R> GateFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<Bytes>,
{
    /// Starts from what a layer decided. `inner` is ready: a clone takes its place while a store is
    /// asked, so that the readiness is used by the request that waited for it.
    pub(crate) fn start(step: Step, parts: Parts, body: B, inner: &mut S) -> Self {
        let request = Request::from_parts(parts, body);
        let state = match step {
            Step::Now(verdict) => settle(verdict, request, inner),
            Step::Ask(ask) => {
                let clone = inner.clone();
                State::Asking { ask, next: Some((mem::replace(inner, clone), request)) }
            }
        };
        Self { state }
    }
}

/// Calls the inner service, or writes the refusal.
fn settle<S, B, R>(verdict: Verdict, request: Request<B>, inner: &mut S) -> State<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    let (mut parts, body) = request.into_parts();
    match verdict {
        Ok(grant) => {
            grant.apply(&mut parts.extensions);
            State::Passed { inner: inner.call(Request::from_parts(parts, body)) }
        }
        Err(refusal) => State::Refused { response: Some(Refuser::of(&parts).respond(&refusal)) },
    }
}

impl<S, B, R> Future for GateFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Passed { inner } => return inner.poll(task),
                StateProjection::Refused { response } => {
                    return Poll::Ready(Ok(response.take().expect("a future is not polled after its end")));
                }
                StateProjection::Asking { ask, next } => {
                    let verdict = ready!(ask.as_mut().poll(task));
                    let (mut inner, request) = next.take().expect("a verdict comes once");
                    settle(verdict, request, &mut inner)
                }
            };
            state.set(next);
        }
    }
}

impl<S, B> fmt::Debug for GateFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFuture").finish_non_exhaustive()
    }
}
