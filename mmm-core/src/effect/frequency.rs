//! How often one and the same person should see a campaign.
//!
//! The impressions that money buys are reach times frequency. Where the effect follows a Hill curve of
//! the frequency and is proportional to the reach, a fixed number of impressions brings
//!
//! ```text
//! roi(f) = worth * H(f) / f        H(f) = f^s / (f^s + h^s)
//! ```
//!
//! # Source
//!
//! `optimal_freq` of Meridian 2.1: the same frequency everywhere, the largest mean over the draws on a
//! grid from 1 in steps of 0.1.

use serde::{Deserialize, Serialize};

use crate::transform::saturation::Saturation;

use super::Interval;

/// Steps of the grid per unit of frequency.
const STEPS: usize = 10;

/// One draw of a channel with reach and frequency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrequencyDraw {
    /// The return on the spend where every impression worked at full saturation.
    pub worth: f64,
    /// The slope of the curve; above zero.
    pub slope: f64,
    /// The frequency of half saturation; above zero.
    pub half: f64,
}

/// The return by frequency, and where it is largest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OptimalFrequency {
    /// The frequency with the largest mean return.
    pub frequency: f64,
    /// The return there.
    pub roi: Interval,
    /// Frequencies `1, 1.1, …`.
    pub frequencies: Vec<f64>,
    /// The return at each.
    pub returns: Vec<Interval>,
}

/// Looks for the best frequency from 1 to `most`; `None` without draws, or where a return is not finite.
pub fn optimal_frequency(draws: &[FrequencyDraw], most: f64) -> Option<OptimalFrequency> {
    let last = ((most - 1.0) * STEPS as f64 + 1e-9).floor();
    if draws.is_empty() || !(0.0..1e6).contains(&last) {
        return None;
    }
    let frequencies: Vec<f64> = (0..=last as usize).map(|step| 1.0 + step as f64 / STEPS as f64).collect();
    let at = |frequency: &f64| {
        let one = |draw: &FrequencyDraw| {
            let response = Saturation::Hill.evaluate(*frequency, &[draw.slope, draw.half]);
            draw.worth * response.value / frequency
        };
        Interval::of(&mut draws.iter().map(one).collect::<Vec<f64>>())
    };
    let returns: Vec<Interval> = frequencies.iter().map(at).collect();
    if returns.iter().any(|interval| !interval.mean.is_finite()) {
        return None;
    }
    // Of equal returns the lowest frequency.
    let best = (0..returns.len()).reduce(|a, b| if returns[b].mean > returns[a].mean { b } else { a })?;
    Some(OptimalFrequency { frequency: frequencies[best], roi: returns[best], frequencies, returns })
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn it_is_where_the_average_response_is_steepest() {
        // H(f) / f is largest at f = h (s - 1)^(1 / s).
        for (slope, half) in [(2.0, 3.0), (3.0, 2.0), (1.5, 8.0)] {
            let best = half * f64::powf(slope - 1.0, 1.0 / slope);
            let found = optimal_frequency(&[FrequencyDraw { worth: 2.0, slope, half }], 20.0).unwrap();
            assert!((found.frequency - best).abs() <= 0.05 + 1e-9, "{} for {best}", found.frequency);
        }
    }

    #[test]
    fn without_a_threshold_once_is_enough() {
        let draws = [0.7, 1.0].map(|slope| FrequencyDraw { worth: 1.0, slope, half: 2.0 });
        let found = optimal_frequency(&draws, 5.0).unwrap();
        assert_relative_eq!(found.frequency, 1.0);
        assert_eq!(found.returns.len(), 41);
        assert!(found.returns.windows(2).all(|pair| pair[1].mean < pair[0].mean));
    }

    #[test]
    fn nothing_to_choose_from_is_no_answer() {
        assert_eq!(optimal_frequency(&[], 5.0), None);
        for most in [0.5, f64::NAN, f64::INFINITY] {
            let draw = FrequencyDraw { worth: 1.0, slope: 2.0, half: 2.0 };
            assert_eq!(optimal_frequency(&[draw], most), None);
        }
    }
}
