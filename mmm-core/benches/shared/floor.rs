//! What a gradient costs at least: its arithmetic alone, on arrays that never leave the nearest cache.
//!
//! With `T` periods, `C` channels, `L` lags and `K` linear columns the log density and its gradient
//! need, whatever the order in which they are computed,
//!
//! * `C L + C + K` additions of a multiple of a series to another (carry-over, effects and linear columns
//!   into the residual),
//! * `C L + C + K + 1` inner products of two series (their adjoints, and the sum of squares),
//! * `C` curves of a series (an exponential and a division each) and `C` products with their slopes.
//!
//! The floor is the measured time of exactly these loops.

use std::hint::black_box;

/// One pass over the loops of a gradient.
pub(crate) struct Floor {
    lags: usize,
    channels: usize,
    columns: usize,
    series: Vec<f64>,
    target: Vec<f64>,
    values: Vec<f64>,
}

impl Floor {
    pub(crate) fn new(periods: usize, channels: usize, lags: usize, columns: usize) -> Self {
        let series = (0..periods).map(|period| (period as f64 * 0.7).sin().abs()).collect();
        Self { lags, channels, columns, series, target: vec![0.0; periods], values: vec![0.0; periods] }
    }

    pub(crate) fn run(&mut self) -> f64 {
        let both = self.channels * self.lags + self.channels + self.columns;
        for index in 0..both {
            let factor = black_box(1e-3 * index as f64);
            for (target, source) in self.target.iter_mut().zip(&self.series) {
                *target += factor * source;
            }
        }
        let mut sum = 0.0;
        for _ in 0..=both {
            sum += dot(black_box(&self.target), &self.series);
        }
        for _ in 0..self.channels {
            let rate = black_box(1.3);
            for (value, x) in self.values.iter_mut().zip(&self.series) {
                let fading = (-rate * x).exp();
                *value = (1.0 - fading) / (1.0 + fading);
            }
            for (target, value) in self.target.iter_mut().zip(&self.values) {
                *target *= 0.5 * (1.0 - value) * (1.0 + value);
            }
        }
        sum
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_blocks, a_rest) = a.as_chunks::<8>();
    let (b_blocks, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}
