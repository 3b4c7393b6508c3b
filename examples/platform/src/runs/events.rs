//! How far a run is, as server-sent events.
//!
//! | event      | when                     | data                                              |
//! |------------|--------------------------|---------------------------------------------------|
//! | `progress` | at once, then at news    | the run without its results, or [`Progress`] for pages |
//! | `end`      | the run has ended        | the same; the stream ends                         |
//! | a comment  | every 15 s without news  | nothing, so that proxies keep the connection      |
//!
//! A stream ends after two minutes in any case and the browser opens it again by itself: so a right
//! that was withdrawn, a session that was ended and a process that is to stop hold up nothing.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, Stream, stream};
use serde::Serialize;
use tenancy_core::TenantContext;
use tenancy_tower::extract::Member;
use tokio::time::{Instant, sleep_until};

use super::feed::{Full, Seat};
use super::how_far;
use crate::analysis::{self, Run};
use crate::app::App;
use crate::failure::Failure;
use crate::server::Stop;
use crate::words;

/// How long a stream lasts.
const LIFE: Duration = Duration::from_mins(2);

/// How often something is sent in any case.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// After how long a browser comes back.
const RETRY: Duration = Duration::from_secs(1);

/// `GET /runs/{id}/events`
pub async fn page_events(
    State(app): State<App>,
    Member { context, .. }: Member,
    stop: Option<Extension<Stop>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    follow(&app, &context, stop, &id, |run| event(run, &how_far(run))).await
}

/// `GET /tenant/analysis/{id}/events`
pub async fn api_events(
    State(app): State<App>,
    Member { context, .. }: Member,
    stop: Option<Extension<Stop>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    follow(&app, &context, stop, &id, |run| event(run, run)).await
}

async fn follow(
    app: &App,
    context: &TenantContext,
    stop: Option<Extension<Stop>>,
    id: &str,
    write: impl Fn(&Run) -> Event + Send + 'static,
) -> Result<Response, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin_read(context).await?;
    let run = analysis::read(&mut tx, id).await?.ok_or(Failure::NOT_FOUND)?.run;
    drop(tx);
    let seat = app.feed.watch(context, run).map_err(too_many)?;
    let told = match stop {
        Some(Extension(stop)) => stop.wait().boxed(),
        None => std::future::pending().boxed(),
    };
    let watcher = Watcher { seat, told, until: Instant::now() + LIFE, started: false, ended: false };
    let events = Sse::new(watcher.events(write)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    // A proxy that collects an answer before it passes it on would pass on nothing.
    let headers =
        [(HeaderName::from_static("x-accel-buffering"), "no"), (CACHE_CONTROL, "private, no-store")];
    Ok((headers, events).into_response())
}

fn too_many(full: Full) -> Failure {
    Failure::TooMany {
        code: "too_many_streams",
        message: format!(
            "{}; close one, or ask for the state from time to time.",
            words::capital(&full.to_string())
        ),
        retry_seconds: 10,
    }
}

fn event(run: &Run, said: &impl Serialize) -> Event {
    let name = if run.state.is_final() { "end" } else { "progress" };
    let event = Event::default().event(name).retry(RETRY);
    // Numbers and texts of ours: what cannot be written is a state without detail, never a panic.
    event.json_data(said).unwrap_or_else(|_| Event::default().event(name).data("{}"))
}

/// One stream: a seat with an end.
struct Watcher {
    seat: Seat,
    told: BoxFuture<'static, ()>,
    until: Instant,
    started: bool,
    ended: bool,
}

impl Watcher {
    fn events(self, write: impl Fn(&Run) -> Event) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold((self, write), |(mut watcher, write)| async {
            let run = watcher.next().await?;
            let event = write(&run);
            Some((Ok(event), (watcher, write)))
        })
    }

    async fn next(&mut self) -> Option<Run> {
        if self.ended {
            return None;
        }
        if self.started {
            let news = tokio::select! {
                news = self.seat.changed() => news,
                () = sleep_until(self.until) => false,
                () = &mut self.told => false,
            };
            if !news {
                return None;
            }
        }
        self.started = true;
        let run = self.seat.now();
        self.ended = run.state.is_final();
        Some(run)
    }
}
