//! Stops tenants that call too fast, or that have used up the calls of their plan.
//!
//! Mount it inside `AuthenticateLayer`. Only members are counted: a stranger who knows a tenant's
//! address cannot use up the tenant's allowance, and what a stranger sees does not depend on it.
//!
//! | request                                   | answer                                           |
//! |-------------------------------------------|--------------------------------------------------|
//! | of nobody                                 | whatever comes next, uncounted                   |
//! | of a member, slow enough, calls left      | whatever comes next, with `ratelimit` headers    |
//! | of a member, too fast or no calls left    | 429, `retry-after`, `ratelimit` headers          |
//! | the counter cannot be asked               | 503                                              |
//!
//! The rate holds for this process; the counter of calls, which is asked only for programs (bearer
//! tokens), holds over all of them. The headers have the names that most
//! clients read: `ratelimit-limit`, `ratelimit-remaining`, `ratelimit-reset`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tenancy_core::plan::Catalogue;
use tenancy_core::usage::{Prepaid, RateLimiter};
use tenancy_core::{Actor, Clock, Decision, TenantContext};
use tower_layer::Layer;
use tower_service::Service;

use crate::gate::{GateFuture, Grant, Step, Verdict};
use crate::proof::Proof;
use crate::refusal::Refusal;

/// What calls are admitted by.
#[derive(Clone)]
pub struct Calls {
    /// Which plan allows what.
    pub catalogue: Arc<Catalogue>,
    /// How fast each tenant was of late.
    pub limiter: Arc<RateLimiter>,
    /// The calls of programs, counted over all processes.
    pub counter: Arc<Prepaid>,
    /// The time, to say after how long an allowance is whole again.
    pub clock: Arc<dyn Clock>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("counter", &self.counter).finish_non_exhaustive()
    }
}

/// Adds [`Admission`] in front of a service. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct AdmissionLayer {
    calls: Calls,
}

impl AdmissionLayer {
    /// Admits by these.
    pub const fn new(calls: Calls) -> Self {
        Self { calls }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission { inner, calls: self.calls.clone() }
    }
}

/// Admits requests. See the [module docs](self).
#[derive(Clone, Debug)]
pub struct Admission<S> {
    inner: S,
    calls: Calls,
}

impl Calls {
    /// The rate's decision, if the request is a member's.
    fn rate(&self, context: &TenantContext) -> Option<Decision> {
        let Actor::Member { .. } = context.actor() else { return None };
        let rate = self.catalogue.entitlements(context.tenant()).rate();
        Some(self.limiter.admit(context.tenant_id(), rate))
    }

    /// The counter's decision for a call of a program.
    fn count(&self, context: &TenantContext) -> Step {
        let tenant = context.tenant_id();
        if let Some(decision) = self.counter.peek(tenant) {
            return Step::Now(verdict(decision));
        }
        let counter = Arc::clone(&self.counter);
        Step::Ask(Box::pin(async move {
            match counter.take(tenant).await {
                Ok(decision) => verdict(decision),
                Err(error) => {
                    tracing::error!(%tenant, error = &error as &dyn std::error::Error, "calls cannot be counted");
                    Err(Refusal::Unavailable)
                }
            }
        }))
    }
}

fn verdict(decision: Decision) -> Verdict {
    if decision.is_allowed() { Ok(Grant::default()) } else { Err(Refusal::TooMany(decision)) }
}

impl<S, B, R> Service<Request<B>> for Admission<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
    R: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = AdmissionFuture<S, B>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let context: Option<&TenantContext> = parts.extensions.get();
        let rate = context.and_then(|context| self.calls.rate(context));
        let program = matches!(parts.extensions.get(), Some(Proof::Token(_)));
        let step = match (rate, context) {
            (Some(rate), _) if !rate.is_allowed() => Step::Now(Err(Refusal::TooMany(rate))),
            (Some(_), Some(context)) if program => self.calls.count(context),
            _ => Step::Now(Ok(Grant::default())),
        };
        let whole_after = rate.map(|rate| (rate, self.calls.clock.now()));
        AdmissionFuture { inner: GateFuture::start(step, parts, body, &mut self.inner), rate: whole_after }
    }
}

pin_project! {
    /// The future of [`Admission`]: the answer, with the allowance in its headers.
    #[must_use = "futures do nothing unless polled"]
    pub struct AdmissionFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        inner: GateFuture<S, B>,
        rate: Option<(Decision, SystemTime)>,
    }
}

impl<S, B, R> Future for AdmissionFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: From<Bytes>,
{
    type Output = Result<Response<R>, S::Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(task))?;
        if let Some((rate, now)) = this.rate {
            let reset = rate.resets_at.and_then(|at| at.duration_since(*now).ok()).unwrap_or_default();
            allowance(response.headers_mut(), rate, reset);
        }
        Poll::Ready(Ok(response))
    }
}

impl<S, B> fmt::Debug for AdmissionFuture<S, B>
where
    S: Service<Request<B>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdmissionFuture").finish_non_exhaustive()
    }
}

/// The headers of a refusal: when to come back, and what the allowance is.
pub(crate) fn write_headers(headers: &mut HeaderMap, decision: &Decision) {
    let wait = decision.retry_after.unwrap_or(Duration::from_secs(1));
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
    allowance(headers, decision, wait);
}

/// What was written first stays: a refusal of the counter is not painted over by the rate.
fn allowance(headers: &mut HeaderMap, decision: &Decision, reset: Duration) {
    let Some(limit) = decision.limit else { return };
    for (name, value) in [
        ("ratelimit-limit", limit),
        ("ratelimit-remaining", decision.remaining().unwrap_or(0)),
        ("ratelimit-reset", seconds(reset)),
    ] {
        headers.entry(HeaderName::from_static(name)).or_insert_with(|| HeaderValue::from(value));
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenancy_core::usage::Reason;

    #[test]
    fn a_refusal_says_when_to_come_back_in_whole_seconds_and_never_at_once() {
        for (wait, said) in
            [(Some(Duration::from_millis(1)), "1"), (Some(Duration::from_millis(1001)), "2"), (None, "1")]
        {
            let mut headers = HeaderMap::new();
            let refused = Decision::refused(Reason::RateLimited, 5, Some(5));
            write_headers(&mut headers, &Decision { retry_after: wait, ..refused });
            assert_eq!(headers[RETRY_AFTER], said);
            assert_eq!(headers["ratelimit-limit"], "5");
            assert_eq!(headers["ratelimit-remaining"], "0");
        }
    }

    #[test]
    fn the_first_allowance_stays() {
        let mut headers = HeaderMap::new();
        allowance(&mut headers, &Decision::allowed(9, Some(10)), Duration::ZERO);
        allowance(&mut headers, &Decision::allowed(0, Some(99)), Duration::ZERO);
        assert_eq!(headers["ratelimit-limit"], "10");
    }
}
