//! The kit of the suites: a real database, the real platform with all of its layers, two tenants with
//! people of every role, and callers that speak HTTP to it.

pub mod callers;
pub mod demos;
pub mod fleet;
pub mod program;
pub mod regions;
pub mod shared;
pub mod world;

pub use callers::{Answer, Caller};
pub use fleet::Fleet;
pub use world::World;
