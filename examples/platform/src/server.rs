//! Listeners: how ports are chosen, and how everything stops.
//!
//! A busy port that somebody asked for is an error that names the flag; a busy default gives way to
//! the next free one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Opens a listener on the address somebody asked for, or on the default or the next free port.
///
/// # Errors
///
/// Names the flag where the address that was asked for is taken.
pub async fn listen(asked: Option<SocketAddr>, default_port: u16, flag: &str) -> anyhow::Result<TcpListener> {
    if let Some(addr) = asked {
        return TcpListener::bind(addr).await.map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                anyhow::anyhow!("{addr} is in use; choose another address with {flag}")
            }
            _ => anyhow::Error::new(error).context(format!("cannot listen on {addr}; see {flag}")),
        });
    }
    for port in default_port..default_port.saturating_add(200) {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context(format!("cannot listen on port {port}; see {flag}")),
        }
    }
    bail!("no port is free from {default_port} on; choose an address with {flag}")
}

/// Tells every part of the program to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Tells everybody.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Resolves once [`Self::now`] was called.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut told = self.0.subscribe();
        async move {
            // An error means that nobody is left to tell us: time to stop as well.
            let _ = told.wait_for(|stop| *stop).await;
        }
    }

    /// Resolves when the process is asked to end (interrupt or terminate).
    pub async fn signalled() {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = async {
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => {
                    terminate.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            () = terminate => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    }
}

/// How long requests under way may take to finish once the program stops.
const GRACE: Duration = Duration::from_secs(5);

/// Serves a router until told to stop, then lets requests under way finish for a short while. Answers
/// without an end of their own find the [`Stop`] in the request's extensions.
///
/// # Errors
///
/// When the listener breaks.
pub async fn serve(listener: TcpListener, router: Router, stop: Stop) -> io::Result<()> {
    let service = router.layer(Extension(stop.clone())).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, service).with_graceful_shutdown(stop.wait()).into_future();
    let overdue = async {
        stop.wait().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = serving => served,
        () = overdue => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_busy_port_is_an_error_only_where_it_was_asked_for() {
        let taken = listen(None, 18_080, "--addr").await.unwrap();
        let addr = taken.local_addr().unwrap();
        let error = listen(Some(addr), 0, "--addr").await.unwrap_err().to_string();
        assert!(error.contains("--addr") && error.contains("in use"), "{error}");
        let next = listen(None, addr.port(), "--addr").await.unwrap().local_addr().unwrap();
        assert!(next.port() > addr.port());
    }
}
