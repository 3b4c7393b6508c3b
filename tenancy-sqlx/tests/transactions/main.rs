//! A tenant's transaction on a real server: what it takes, what it refuses, and what is left behind
//! when it is cancelled, killed or dropped at any moment.
#![cfg(feature = "embedded")]

#[path = "../kit/mod.rs"]
mod kit;

mod accepts;
mod boot;
mod broken;
mod cancelled;
mod cut;
mod fair;
mod half;
mod listed;
mod methods;
mod plans;
mod pooled;
mod protects;
mod savepoints;
mod sealed;
mod sessions;
mod trips;
