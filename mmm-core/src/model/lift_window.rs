//! What an experiment measured between two dates, as evidence beside the KPI: everything the changed
//! spend did, carried over and saturated as the model says.
//!
//! A channel's spend of the periods from `first` to `last` was changed by `dx` each, and the KPI from
//! `first` to `until` was `dy` away, in total, from what it would have been, with standard error `s`:
//!
//! ```text
//! lift = beta sum over t in first..=until of (g(x)[t] - g(x - dx in first..=last)[t])
//! dy ~ Normal(lift, s) | StudentT(nu, lift, s) | |dy| ~ Gamma(mean |lift|, sd s)
//! ```
//!
//! with `g` the channel's adstock and saturation in their order. Unlike a [`LiftTest`](super::LiftTest),
//! which compares two settled levels, a short test is no mistake here: what arrives after `until` is not
//! expected to have been seen, and what was spent before works on.

use serde::{Deserialize, Serialize};

use crate::vector::add_scaled;

use super::{
    LiftLikelihood, LiftTest,
    lift::{LiftTerm, PreparedLift},
    media::{ChannelMedia, ChannelWork, Shapes},
};

/// One experiment with dates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftWindow {
    /// The channel.
    pub channel: String,
    /// The first period with changed spend, counted from 0.
    pub first: usize,
    /// The last one.
    pub last: usize,
    /// The last period in which the KPI was watched.
    pub until: usize,
    /// By how much the data's series is above what it would have been, in each of those periods; below
    /// zero where the channel was held back. In the unit of the channel's series.
    pub change: f64,
    /// The change of the KPI over all watched periods, in KPI units.
    pub effect: f64,
    /// Its standard error, in KPI units; above zero.
    pub standard_error: f64,
    /// How far the measurement may be off.
    #[serde(default)]
    pub likelihood: LiftLikelihood,
}

/// An experiment in the model's scaled units.
#[derive(Clone, Debug)]
pub(super) struct PreparedWindow {
    pub(super) channel: usize,
    measured: PreparedLift,
    otherwise: ChannelMedia,
    first: usize,
    until: usize,
}

/// Room for the evaluation of experiments with dates.
#[derive(Clone, Debug, Default)]
pub(super) struct WindowRoom {
    rooms: Vec<[ChannelWork; 2]>,
    adjoint: Vec<f64>,
    inner_adjoint: Vec<f64>,
}

impl LiftWindow {
    /// Whether every figure is in its range, for a channel with this pressure.
    pub(super) fn is_valid(&self, pressure: &[f64]) -> bool {
        // The level does not matter here; one as large as the change is always in range.
        let level = self.change.abs();
        let test = LiftTest {
            channel: String::new(),
            level,
            change: self.change,
            effect: self.effect,
            standard_error: self.standard_error,
            likelihood: self.likelihood,
        };
        let ordered = self.first <= self.last && self.last <= self.until && self.until < pressure.len();
        test.is_valid() && ordered && pressure[self.first..=self.last].iter().all(|x| x - self.change >= 0.0)
    }
}

impl PreparedWindow {
    /// `media` is the channel as it was.
    pub(super) fn new(
        window: &LiftWindow,
        channel: usize,
        media: &ChannelMedia,
        channel_scale: f64,
        kpi_scale: f64,
    ) -> Self {
        Self {
            channel,
            measured: PreparedLift::measured(
                window.effect / kpi_scale,
                window.standard_error / kpi_scale,
                window.likelihood,
            ),
            otherwise: media.changed(window.first..=window.last, -window.change / channel_scale),
            first: window.first,
            until: window.until,
        }
    }

    /// `media` and `beta` are those of the channel; `number` is this experiment's among all.
    pub(super) fn evaluate(
        &self,
        number: usize,
        media: &ChannelMedia,
        shapes: Shapes<'_>,
        beta: f64,
        room: &mut WindowRoom,
    ) -> LiftTerm {
        let WindowRoom { rooms, adjoint, inner_adjoint } = room;
        let [happened, otherwise] = &mut rooms[number];
        media.forward(shapes, happened);
        self.otherwise.forward(shapes, otherwise);
        let sum = |work: &ChannelWork| work.effect()[self.first..=self.until].iter().sum::<f64>();
        let lift = beta * (sum(happened) - sum(otherwise));
        let (value, by_lift) = self.measured.log_density(lift);
        let mut term = LiftTerm { value, by_log_beta: by_lift * lift, ..LiftTerm::default() };
        for (sign, of, work) in [(1.0, media, happened), (-1.0, &self.otherwise, otherwise)] {
            adjoint.fill(0.0);
            adjoint[self.first..=self.until].fill(sign * beta * by_lift);
            let slopes = of.backward(shapes, work, adjoint, inner_adjoint);
            add_scaled(&mut term.by_saturation, 1.0, &slopes.saturation);
            add_scaled(&mut term.by_adstock, 1.0, &slopes.adstock);
        }
        term
    }
}

impl WindowRoom {
    pub(super) fn new(windows: &[PreparedWindow], periods: usize) -> Self {
        let longest = windows.iter().map(|window| window.otherwise.history().len()).max().unwrap_or(0);
        Self {
            rooms: windows
                .iter()
                .map(|window| [window.otherwise.work(periods), window.otherwise.work(periods)])
                .collect(),
            adjoint: vec![0.0; periods],
            inner_adjoint: vec![0.0; longest],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window() -> LiftWindow {
        LiftWindow {
            channel: "tv".to_owned(),
            first: 3,
            last: 5,
            until: 8,
            change: -2.0,
            effect: -4.0,
            standard_error: 1.0,
            likelihood: LiftLikelihood::Normal,
        }
    }

    #[test]
    fn only_experiments_that_can_have_happened_are_valid() {
        let pressure = [1.0; 10];
        assert!(window().is_valid(&pressure));
        assert!(LiftWindow { change: 1.0, ..window() }.is_valid(&pressure));
        for wrong in [
            LiftWindow { first: 6, ..window() },
            LiftWindow { until: 4, ..window() },
            LiftWindow { until: 10, ..window() },
            LiftWindow { change: 0.0, ..window() },
            LiftWindow { change: 1.5, ..window() },
            LiftWindow { effect: f64::NAN, ..window() },
            LiftWindow { standard_error: 0.0, ..window() },
        ] {
            assert!(!wrong.is_valid(&pressure), "{wrong:?}");
        }
    }
}
