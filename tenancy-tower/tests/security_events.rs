//! What the operator learns, at the `tracing` target `security`.
//!
//! One test in a program of its own: whether an event is wanted is remembered for the whole process,
//! so a test beside it, without a subscriber, could switch the event off.

#![cfg(feature = "aws-lc-rs")]

mod kit;

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use kit::{World, ask, get, send};

const ACME: &str = "acme.example.com";

/// Keeps the events of target `security` as text.
#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Watch {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "security" && *metadata.level() <= tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = String::new();
        event.record(&mut |field: &tracing::field::Field, value: &dyn std::fmt::Debug| {
            let _ = write!(text, "{field}={value:?} ");
        });
        self.0.lock().unwrap().push(text);
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test(flavor = "current_thread")]
async fn the_operator_learns_of_foreign_credentials_and_pages_and_no_log_holds_them() {
    let world = World::new();
    let bearer = world.bearer(1, &world.bob);
    let watch = Watch::default();
    let _guard = tracing::subscriber::set_default(watch.clone());
    send(&world.stack(), get(ACME, &[("authorization", &bearer)])).await;
    send(&world.stack(), ask("POST", ACME, "/data", &[("sec-fetch-site", "same-site")])).await;
    send(&world.stack(), get(ACME, &[])).await;
    let events = watch.0.lock().unwrap().clone();
    let [event, cross_site] = &events[..] else { panic!("two events: {events:?}") };
    let (acme, globex) = (world.records[0].id, world.records[1].id);
    assert!(event.contains("foreign_credential"), "{event}");
    assert!(event.contains(&format!("host_tenant={acme}")), "{event}");
    assert!(event.contains(&format!("credential_tenant={globex}")), "{event}");
    assert!(!event.contains(&bearer[7..]), "{event}");
    assert!(cross_site.contains("cross_site") && cross_site.contains("path=\"/data\""), "{cross_site}");
}
