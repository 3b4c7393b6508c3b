//! Whether the process lives, whether it can serve, and what it counts.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tenancy_sqlx::{Gate, TenantDatabase};

/// What readiness depends on. Cheap to clone.
#[derive(Clone)]
pub struct Ready {
    database: TenantDatabase,
    gate: Gate,
    metrics: Option<PrometheusHandle>,
}

impl Ready {
    /// Ready when both ways to the database answer.
    pub fn new(database: TenantDatabase, gate: Gate) -> Self {
        Self { database, gate, metrics: recorder() }
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ready(..)")
    }
}

/// The process's one recorder of counters; `None` where something else records them already.
fn recorder() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).clone()
}

/// `GET /healthz`: the process lives.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: both ways to the database answer.
pub async fn ready(State(ready): State<Ready>) -> (StatusCode, &'static str) {
    let (database, gate) = tokio::join!(ready.database.is_ready(), ready.gate.is_ready());
    if database && gate {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

/// `GET /metrics` on the internal listener.
pub async fn metrics(State(ready): State<Ready>) -> String {
    ready.metrics.map(|handle| handle.render()).unwrap_or_default()
}

/// Counts requests by status class and measures how long they took. No label comes from a client.
pub async fn count(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let known = request.extensions().get::<MatchedPath>().is_some();
    let response = next.run(request).await;
    let class = match response.status().as_u16() / 100 {
        1..=3 => "ok",
        4 => "refused",
        _ => "failed",
    };
    metrics::counter!("http_requests_total", "class" => class, "probe" => if known { "yes" } else { "no" })
        .increment(1);
    metrics::histogram!("http_request_seconds").record(started.elapsed().as_secs_f64());
    response
}
