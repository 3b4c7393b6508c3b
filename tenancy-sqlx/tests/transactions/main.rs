//! A tenant's transaction on a real server: what it takes, what it refuses, and what is left behind
//! when it is cancelled, killed or dropped at any moment.
#![cfg(feature = "embedded")]

#[path = "../kit/mod.rs"]
mod kit;

mod abuse;
mod accepts;
mod boot;
mod broken;
mod cancelled;
mod cut;
mod fair;
mod half;
mod limits;
mod listed;
mod methods;
mod migrates;
mod plans;
mod pooled;
mod protects;
mod repository;
mod savepoints;
mod sealed;
mod sessions;
mod standby;
mod trips;
