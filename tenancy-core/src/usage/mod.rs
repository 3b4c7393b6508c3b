//! What is used up, and the one shape in which that is answered.
//!
//! A refusal is a normal answer, not an error: it is a [`Decision`] whose verdict says why. Misuse (no
//! such meter, a quantity that cannot be) is an error where it is noticed.
//!
//! | kind    | example           | admitted                                        |
//! |---------|-------------------|-------------------------------------------------|
//! | gauge   | campaigns, seats  | inside the transaction that creates the thing   |
//! | counter | runs in a month   | inside the transaction that does the work       |
//! | counter | calls in an hour  | from a [`Prepaid`] chunk of units, before the work |
//! | rate    | calls in a second | by a [`RateLimiter`], in the process            |

mod decision;
mod limiter;
mod prepaid;

pub use decision::{Decision, Reason, Verdict};
pub use limiter::RateLimiter;
pub use prepaid::{Chunk, CounterAuthority, Prepaid};
