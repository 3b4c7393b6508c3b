//! The way to the server: every request is answered within a bound, or fails within it.
//!
//! Requests share one connection, made at the first of them and again after it broke. One that takes
//! longer than the bound fails; several in a row, and the server is left alone (see
//! [`Breaker`]) and the connection given up, because it may lead nowhere.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{Client, ErrorKind, Pipeline, RedisError, Value};
use tokio::time::Instant;

use crate::BackendError;
use crate::redis::breaker::Breaker;

#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    /// The longest that a request may take.
    pub(crate) timeout: Duration,
    /// How long the server is left alone.
    pub(crate) rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    breaker: Breaker,
    connection: Option<ConnectionManager>,
}

impl Link {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            timeout: Duration::from_millis(100),
            rest: Duration::from_secs(1),
            state: Mutex::default(),
        }
    }

    /// The answers to the commands of `request`.
    pub(crate) async fn ask(&self, request: &Pipeline) -> Result<Vec<Value>, BackendError> {
        let mut connection = self.connection()?;
        let answer = tokio::time::timeout(self.timeout, request.query_async(&mut connection)).await;
        let failure = match answer {
            Ok(Ok(values)) => {
                self.state().breaker.succeeded();
                return Ok(values);
            }
            Ok(Err(error)) if answered(&error) => {
                self.state().breaker.succeeded();
                let refused = error.clone().into_server_errors().unwrap_or_default();
                let other_type = refused.iter().any(|(_, error)| error.code() == "WRONGTYPE");
                return Err(if other_type {
                    BackendError::Unreadable
                } else {
                    BackendError::Refused(error.into())
                });
            }
            Ok(Err(error)) => BackendError::Unreachable(error.into()),
            Err(_) => BackendError::TimedOut(self.timeout),
        };
        let mut state = self.state();
        if state.breaker.failed(Instant::now(), self.rest) {
            state.connection = None;
        }
        Err(failure)
    }

    fn connection(&self) -> Result<ConnectionManager, BackendError> {
        let mut state = self.state();
        if !state.breaker.admits(Instant::now(), self.rest) {
            return Err(BackendError::Resting);
        }
        if let Some(connection) = &state.connection {
            return Ok(connection.clone());
        }
        // The bound is ours, over connecting and asking together; an attempt is not repeated within it.
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(None)
            .set_number_of_retries(0);
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)
            .map_err(|error| BackendError::Unreachable(error.into()))?;
        Ok(state.connection.insert(connection).clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the error is an answer of a server that is well.
fn answered(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension)
}
