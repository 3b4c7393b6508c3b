//! How spend becomes pressure: carry-over in time ([`adstock`]) and diminishing returns
//! ([`saturation`]), each with its value and its derivatives in closed form.
//!
//! * [`Adstock`](adstock::Adstock) is a family of weights over lags,
//!   [`Carryover`](carryover::Carryover) applies one to a series with a finite memory;
//! * [`recursive`] holds the forms with an infinite memory;
//! * [`Saturation`](saturation::Saturation) is a family of curves whose height is one, or whose
//!   height the caller multiplies.
//!
//! The families are the union of those of PyMC-Marketing, Meridian, Robyn and `LightweightMMM`, so a
//! model moved from there keeps its numbers.

use serde::{Deserialize, Serialize};

pub mod adstock;
pub mod carryover;
pub mod recursive;
pub mod saturation;

/// The most parameters an adstock or a saturation has.
pub const MOST_PARAMETERS: usize = 2;

/// A parameter of an adstock or a saturation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in PyMC-Marketing, where it has one there.
    pub name: &'static str,
    /// The values it can take.
    pub domain: Domain,
}

/// The values a parameter can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// From zero to one.
    Share,
    /// Above zero.
    Positive,
    /// Zero or above.
    NotNegative,
}

/// Which of the two comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Carried pressure saturates: what is left of last week weakens this week's spend.
    #[default]
    AdstockFirst,
    /// Saturated pressure is carried: every period saturates by itself.
    SaturationFirst,
}

impl Parameter {
    const fn share(name: &'static str) -> Self {
        Self { name, domain: Domain::Share }
    }

    const fn not_negative(name: &'static str) -> Self {
        Self { name, domain: Domain::NotNegative }
    }

    const fn positive(name: &'static str) -> Self {
        Self { name, domain: Domain::Positive }
    }
}

impl Domain {
    /// Whether the parameter can take a value; the ends of a share belong to it.
    pub fn contains(self, value: f64) -> bool {
        match self {
            Self::Share => (0.0..=1.0).contains(&value),
            Self::Positive => value > 0.0 && value.is_finite(),
            Self::NotNegative => value >= 0.0 && value.is_finite(),
        }
    }
}
