//! What the draws of a fit say about the business: what each channel contributed, what it returned,
//! and how well the model explains the KPI.
//!
//! Everything is computed per draw first and summarised last, so intervals carry the whole
//! posterior. For every draw and period the contributions and the baseline add up to the fitted KPI.

mod accuracy;
mod carry;
mod curve;
mod decompose;
mod effects;
mod error;
mod forecast;
mod frequency;
mod interval;
mod measures;
mod media;
mod series;
mod window;

pub use accuracy::{Accuracy, crps};
pub use carry::AdstockCurve;
pub use curve::{CarryOver, ResponseCurve};
pub use decompose::Decomposition;
pub(crate) use decompose::log_likelihood;
pub use effects::{ChannelEffect, Effects, OrganicEffect};
pub use error::EffectError;
pub use forecast::{Forecast, Outlook};
pub use frequency::{FrequencyDraw, OptimalFrequency, optimal_frequency};
pub use interval::Interval;
pub use measures::FitMeasures;
pub use media::MediaEffect;
pub use window::{Window, WindowEffect};
