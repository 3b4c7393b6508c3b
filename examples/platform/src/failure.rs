//! What handlers answer when they cannot do what was asked, and the one place that writes it.
//!
//! A handler returns a [`Failure`]; it becomes a bare response that carries it. [`render`], around
//! every route, writes it as problem+json or as a page, whichever the caller asked for. What went
//! wrong inside is logged with the request's id and never shown.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use serde_json::json;
use tenancy_core::plan::Meter;
use tenancy_core::{Decision, TenantContext};
use tenancy_sqlx::jobs::JobError;
use tenancy_sqlx::usage::UsageError;
use tenancy_sqlx::{BeginError, CommitError};
use tenancy_tower::refusal::{Asked, Refusal, Refuser};

use crate::analysis::{CancelError, ReadError, StartError};
use crate::data::StoreError;
use crate::ingest::Problem;
use crate::pages::{ErrorPage, Notice, NoticeKind};
use crate::view;

/// Why a handler could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// One of the refusals that the layers know: not found, too large, …
    #[error("refused: {0}")]
    Refused(Refusal),
    /// The request itself cannot be read or makes no sense.
    #[error("{code}: {message}")]
    Invalid {
        /// For programs.
        code: &'static str,
        /// What is wrong and what to do.
        message: String,
    },
    /// It contradicts what is there.
    #[error("{code}: {message}")]
    Conflict {
        /// For programs.
        code: &'static str,
        /// What is there and what to do.
        message: String,
    },
    /// The plan's limit of something is reached.
    #[error("the limit of {meter} is reached")]
    LimitExceeded {
        /// What is limited.
        meter: Meter,
        /// The figures.
        decision: Decision,
    },
    /// There is no such thing in this tenant; what it would be is named by the route, never by what
    /// was found.
    #[error("{0} not found")]
    Missing(&'static str),
    /// The tenant uses all there is of something; later there may be some again.
    #[error("{code}: {message}")]
    TooMany {
        /// For programs.
        code: &'static str,
        /// What is used up and what to do.
        message: String,
        /// When to try again.
        retry_seconds: u32,
    },
    /// There is such an address, but not for this method.
    #[error("method not allowed")]
    Method,
    /// A kind of content that this route does not take.
    #[error("unsupported content: {0}")]
    Unsupported(&'static str),
    /// The data cannot be used; every problem is listed.
    #[error("{} problems in the data", .0.len())]
    Data(Vec<Problem>),
    /// The database is out of reach.
    #[error("the database is unavailable")]
    Unavailable(#[source] BeginError),
    /// Something broke inside.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What several requests waited for failed; each answers the same.
    #[error(transparent)]
    Shared(Arc<Self>),
}

impl Failure {
    /// There is no such thing in this tenant.
    pub const NOT_FOUND: Self = Self::Refused(Refusal::NotFound);

    /// A request that cannot be understood.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { code, message: message.into() }
    }

    /// A body that an extractor could not read: too large, of another kind, or not what `message` asks for.
    pub fn unreadable(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge.into(),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::Unsupported(message),
            _ => Self::invalid(code, message),
        }
    }

    /// Something that broke inside.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// What a page says beside its form, with the status of the answer.
    ///
    /// # Errors
    ///
    /// The failure itself, where no form can mend it.
    pub fn said(self) -> Result<(StatusCode, String), Self> {
        let status = self.status();
        match self {
            Self::Invalid { message, .. } | Self::Conflict { message, .. } => Ok((status, message)),
            Self::LimitExceeded { meter, .. } => Ok((status, limit_words(&meter))),
            other => Err(other),
        }
    }

    /// The same as a notice above the page.
    ///
    /// # Errors
    ///
    /// As [`Self::said`].
    pub fn notice(self) -> Result<(StatusCode, Notice), Self> {
        self.said().map(|(status, text)| (status, Notice { kind: NoticeKind::Problem, text }))
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refusal) => refusal.status(),
            Self::Invalid { .. } | Self::Data(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::LimitExceeded { .. } => StatusCode::FORBIDDEN,
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Shared(failure) => failure.status(),
        }
    }

    /// Whether it is ours to mend, and so to be found in the log.
    const fn is_ours(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    fn json(&self, request_id: Option<&str>) -> Response {
        let status = self.status();
        let (code, error, problems) = match self {
            Self::Invalid { code, message }
            | Self::Conflict { code, message }
            | Self::TooMany { code, message, .. } => (*code, message.clone(), None),
            Self::Method => ("method_not_allowed", METHOD.to_owned(), None),
            Self::Unsupported(what) => ("unsupported_media_type", (*what).to_owned(), None),
            Self::Missing(what) => ("not_found", format!("{what} not found"), None),
            Self::LimitExceeded { meter, .. } => ("limit_exceeded", limit_words(meter), None),
            Self::Data(problems) => {
                let n = problems.len();
                let error = if n == 1 {
                    "1 problem in the data".to_owned()
                } else {
                    format!("{n} problems in the data")
                };
                ("data_invalid", error, Some(problems))
            }
            Self::Unavailable(_) => {
                ("service_unavailable", "Service temporarily unavailable".to_owned(), None)
            }
            _ => ("internal", "Internal server error".to_owned(), None),
        };
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "code": code,
            "error": error,
        });
        if let (Some(problems), Some(object)) = (problems, body.as_object_mut()) {
            object.insert("problems".to_owned(), json!(problems));
        }
        if let (Self::LimitExceeded { meter, decision }, Some(object)) = (self, body.as_object_mut()) {
            object.insert("resource".to_owned(), json!(meter));
            object.insert("upgrade".to_owned(), json!("/usage"));
            if let Ok(serde_json::Value::Object(figures)) = serde_json::to_value(decision) {
                object.extend(figures);
            }
        }
        if let (true, Some(id), Some(object)) = (self.is_ours(), request_id, body.as_object_mut()) {
            object.insert("request_id".to_owned(), json!(id));
        }
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }

    fn page(&self, request_id: Option<&str>) -> ErrorPage {
        match self {
            Self::Invalid { message, .. }
            | Self::Conflict { message, .. }
            | Self::TooMany { message, .. } => ErrorPage::Invalid { problems: vec![message.clone()] },
            Self::Data(problems) => ErrorPage::Invalid {
                problems: problems.iter().map(|problem| problem.message.clone()).collect(),
            },
            Self::Missing(_) => ErrorPage::NotFound,
            Self::LimitExceeded { meter, .. } => ErrorPage::LimitReached { text: limit_words(meter) },
            Self::Method => ErrorPage::Invalid { problems: vec![METHOD.to_owned()] },
            Self::Unsupported(what) => ErrorPage::Invalid { problems: vec![(*what).to_owned()] },
            Self::Unavailable(_) => ErrorPage::Unavailable { retry_seconds: 5 },
            _ => ErrorPage::Internal { request_id: request_id.map(str::to_owned) },
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        match error {
            UsageError::KeyReused => Self::Conflict {
                code: "idempotency_key_reused",
                message: "This idempotency key was used before for another event.".to_owned(),
            },
            UsageError::Event(why) => {
                Self::invalid("bad_event", format!("This event cannot be counted: {why}."))
            }
            other => Self::internal(other),
        }
    }
}

impl From<BeginError> for Failure {
    fn from(error: BeginError) -> Self {
        Self::Unavailable(error)
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self::internal(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        Self::internal(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        match error {
            StartError::UnknownSource => Self::NOT_FOUND,
            StartError::LimitExceeded(decision) => {
                Self::LimitExceeded { meter: Meter::ANALYSIS_RUNS_MONTH, decision }
            }
            other => Self::internal(other),
        }
    }
}

impl From<CancelError> for Failure {
    fn from(error: CancelError) -> Self {
        Self::internal(error)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::internal(error)
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

impl From<Arc<Self>> for Failure {
    fn from(failure: Arc<Self>) -> Self {
        Arc::try_unwrap(failure).unwrap_or_else(Self::Shared)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let failure = if let Self::Shared(failure) = self { failure } else { Arc::new(self) };
        response.extensions_mut().insert(failure);
        response
    }
}

/// A request's body as JSON of this shape; anything else is answered 422 with what is wrong.
#[derive(Clone, Copy, Debug)]
pub struct Body<T>(pub T);

impl<T: serde::de::DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge.into(),
                StatusCode::UNSUPPORTED_MEDIA_TYPE => Failure::Unsupported("Send application/json."),
                _ => {
                    let text = rejection.body_text();
                    let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
                    Failure::invalid("bad_body", format!("The body cannot be used: {why}."))
                }
            }),
        }
    }
}

/// The id under which the log tells about a request.
fn request_id(parts: &Parts) -> Option<String> {
    parts.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

/// Writes the failure that a route answered, if it did.
pub async fn render(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let refuser = Refuser::of(&parts);
    let id = request_id(&parts);
    let context = parts.extensions.get::<TenantContext>().cloned();
    if !is_text(parts.uri.path()) {
        return refuser.respond(&Refusal::NotFound);
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    let said = response.extensions().get::<Arc<Failure>>().cloned();
    let Some(failure) = said.or_else(|| rejection(&response)) else { return response };
    let allow = response.headers().get(ALLOW).cloned();
    if failure.is_ours() {
        let error = failure.as_ref() as &dyn std::error::Error;
        tracing::error!(error, cause = %causes(error), path = refuser.asked().path(), "a request failed");
    }
    if let Failure::Refused(refusal) = failure.as_ref() {
        return refuser.respond(refusal);
    }
    let mut written = if refuser.asked().wants_html() {
        let brand = context.map(|context| view::brand(context.tenant()));
        view::html(failure.status(), failure.page(id.as_deref()).render(brand.as_ref()))
    } else {
        failure.json(id.as_deref())
    };
    if let Failure::TooMany { retry_seconds, .. } = failure.as_ref() {
        written.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*retry_seconds));
    }
    if let Some(allow) = allow {
        written.headers_mut().insert(ALLOW, allow);
    }
    written.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    written.headers_mut().append("vary", HeaderValue::from(ACCEPT));
    written
}

/// Answers for what panicked; the connection and everybody else's requests go on.
pub async fn catch_panics(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (asked, id) = (Asked::of(&parts), request_id(&parts));
    let answer = AssertUnwindSafe(next.run(Request::from_parts(parts, body))).catch_unwind().await;
    answer.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        tracing::error!(panic = text.unwrap_or("unknown"), path = asked.path(), "a handler panicked");
        let failure = Failure::internal("a handler panicked");
        if asked.wants_html() {
            view::html(failure.status(), failure.page(id.as_deref()).render(None))
        } else {
            failure.json(id.as_deref())
        }
    })
}

/// Whether a path is text behind its percent signs; there is nothing at any other.
fn is_text(path: &str) -> bool {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    std::str::from_utf8(&bytes).is_ok()
}

/// What an extractor of axum refused in its own words, as a failure in ours.
fn rejection(response: &Response) -> Option<Arc<Failure>> {
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        return Some(Arc::new(Failure::Method));
    }
    let plain =
        response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    let message = "The request cannot be read. Check its address, its content type and its fields.";
    (plain && response.status().is_client_error())
        .then(|| Arc::new(Failure::unreadable(response.status(), "bad_request", message)))
}

const METHOD: &str = "This address is not for this method; the header Allow names those it takes.";

/// The words for a limit that is reached, with the way out.
fn limit_words(meter: &Meter) -> String {
    format!("Resource limit exceeded. Upgrade your plan to increase the {} limit.", meter.words())
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body as Bytes, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_by_the_requests_id_and_nothing_of_its_own() {
        async fn broken() -> StatusCode {
            panic!("the password is hunter2")
        }
        let app = Router::new().route("/", get(broken)).layer(from_fn(catch_panics));
        for (accept, kind) in [("text/html", "text/html; charset=utf-8"), ("*/*", "application/problem+json")]
        {
            let request = Request::builder().header(ACCEPT, accept).header("x-request-id", "r-17");
            let answer = app.clone().oneshot(request.body(Bytes::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(answer.headers()[CONTENT_TYPE], kind);
            let body = to_bytes(answer.into_body(), 100_000).await.unwrap();
            let body = String::from_utf8_lossy(&body);
            assert!(body.contains("r-17") && !body.contains("hunter2"), "{body}");
        }
    }
}
