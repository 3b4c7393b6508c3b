//! The word to stop, from the worker to work that may be computing on other threads.

use tokio::sync::watch;

/// Why work is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halted {
    /// The job is another worker's by now, or was cancelled.
    LeaseLost,
    /// This process is about to end.
    Shutdown,
}

/// Asks whether to stop. Cheap to clone and to ask, from any thread.
#[derive(Clone, Debug)]
pub struct Halt(watch::Receiver<Option<Halted>>);

/// Says stop. Dropping it says so as well.
#[derive(Debug)]
pub(crate) struct Brake(watch::Sender<Option<Halted>>);

impl Halt {
    /// A word that has not been said, and what says it.
    pub(crate) fn new() -> (Brake, Self) {
        let (sender, receiver) = watch::channel(None);
        (Brake(sender), Self(receiver))
    }

    /// Whether to stop.
    pub fn is_said(&self) -> bool {
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }

    /// Waits until it is time to stop.
    pub async fn said(&self) {
        // An error means that whoever could say it is gone.
        let _ = self.0.clone().wait_for(Option::is_some).await;
    }
}

impl Brake {
    pub(super) fn pull(&self, why: Halted) {
        self.0.send_replace(Some(why));
    }

    pub(super) fn pulled(&self) -> Option<Halted> {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_brake_that_is_pulled_or_gone_halts() {
        let (brake, halt) = Halt::new();
        assert!(!halt.is_said());
        brake.pull(Halted::LeaseLost);
        halt.said().await;
        assert!(halt.is_said());
        assert_eq!(brake.pulled(), Some(Halted::LeaseLost));

        let (brake, halt) = Halt::new();
        drop(brake);
        halt.said().await;
        assert!(halt.is_said());
    }
}
