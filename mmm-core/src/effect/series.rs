//! A quantity per period and draw, summarised period by period.

use super::{Interval, crps};

/// Values per period and draw; the draws of a period lie side by side.
pub(super) struct Series {
    draws: usize,
    values: Vec<f64>,
    scratch: Vec<f64>,
}

impl Series {
    pub(super) fn new(periods: usize, draws: usize) -> Self {
        Self { draws, values: vec![0.0; periods * draws], scratch: vec![0.0; draws] }
    }

    /// Replaces the values of one draw.
    pub(super) fn set(&mut self, draw: usize, values: impl IntoIterator<Item = f64>) {
        for (period, value) in self.values.chunks_exact_mut(self.draws).zip(values) {
            period[draw] = value;
        }
    }

    /// Adds the values of another series, draw by draw.
    pub(super) fn add(&mut self, other: &Self) {
        for (value, other) in self.values.iter_mut().zip(&other.values) {
            *value += other;
        }
    }

    /// Changes every value, given its draw; periods in order, draws in order within each.
    pub(super) fn change(&mut self, mut change: impl FnMut(usize, f64) -> f64) {
        for period in self.values.chunks_exact_mut(self.draws) {
            for (draw, value) in period.iter_mut().enumerate() {
                *value = change(draw, *value);
            }
        }
    }

    /// The interval of every period.
    pub(super) fn intervals(&mut self) -> Vec<Interval> {
        let scratch = &mut self.scratch;
        self.values
            .chunks_exact(self.draws)
            .map(|period| {
                scratch.copy_from_slice(period);
                Interval::of(scratch)
            })
            .collect()
    }

    /// The continuously ranked probability score of every period's draws, averaged over periods.
    pub(super) fn mean_crps(&mut self, actual: &[f64]) -> f64 {
        let scratch = &mut self.scratch;
        let scores = self.values.chunks_exact(self.draws).zip(actual).map(|(period, actual)| {
            scratch.copy_from_slice(period);
            crps(*actual, scratch)
        });
        scores.sum::<f64>() / actual.len() as f64
    }
}
