//! The media part of a model: adstock, then saturation, forward and backward, without allocation.

use crate::{
    data::Dataset,
    transform::{MOST_PARAMETERS, adstock::Adstock, carryover::Carryover, saturation::Saturation},
};

use crate::vector::{dot, sum};

/// The scaled spend of all channels, each with the zeros that stand for the time before the data.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    adstock: Carryover,
    periods: usize,
    padded: Vec<f64>,
    scales: Vec<f64>,
}

/// Room for one evaluation of [`Media`].
#[derive(Clone, Debug)]
pub(crate) struct MediaWork {
    weights: Vec<f64>,
    slopes: Vec<f64>,
    carried: Vec<f64>,
    saturated: Vec<f64>,
    adjoint: Vec<f64>,
}

impl Media {
    pub(crate) fn new(data: &Dataset, max_lag: usize) -> Self {
        let adstock = Carryover::new(Adstock::Geometric, max_lag);
        let (mut padded, mut scales) = (Vec::new(), Vec::new());
        for channel in data.channels() {
            let scale = channel.spend().iter().copied().fold(0.0, f64::max);
            padded.extend(std::iter::repeat_n(0.0, adstock.max_lag() - 1));
            padded.extend(channel.spend().iter().map(|spend| spend / scale));
            scales.push(scale);
        }
        Self { adstock, periods: data.periods(), padded, scales }
    }

    pub(crate) fn work(&self) -> MediaWork {
        let (lags, cells) = (self.adstock.max_lag(), self.channels() * self.periods);
        MediaWork {
            weights: vec![0.0; self.channels() * lags],
            slopes: vec![0.0; MOST_PARAMETERS * self.channels() * lags],
            carried: vec![0.0; cells],
            saturated: vec![0.0; cells],
            adjoint: vec![0.0; self.periods],
        }
    }

    pub(crate) const fn channels(&self) -> usize {
        self.scales.len()
    }

    /// The largest spend of every channel, in money.
    pub(crate) fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// Computes a channel's saturation per period and returns its sum over the periods.
    pub(crate) fn forward(&self, channel: usize, retention: f64, rate: f64, work: &mut MediaWork) -> f64 {
        let lags = self.adstock.max_lag();
        let weights = &mut work.weights[channel * lags..(channel + 1) * lags];
        let slopes =
            &mut work.slopes[MOST_PARAMETERS * channel * lags..MOST_PARAMETERS * (channel + 1) * lags];
        self.adstock.fill(&[retention], weights, slopes);
        let carried = &mut work.carried[channel * self.periods..(channel + 1) * self.periods];
        carried.fill(0.0);
        for (lag, weight) in weights.iter().enumerate() {
            crate::vector::add_scaled(carried, *weight, self.lagged(channel, lag));
        }
        let saturated = &mut work.saturated[channel * self.periods..(channel + 1) * self.periods];
        Saturation::Logistic.apply(&[rate], carried, saturated);
        sum(saturated)
    }

    /// A channel's saturation per period, as the last [`forward`](Self::forward) left it.
    pub(crate) fn saturated<'w>(&self, channel: usize, work: &'w MediaWork) -> &'w [f64] {
        &work.saturated[channel * self.periods..(channel + 1) * self.periods]
    }

    /// The derivatives by the retention and by the logarithm of the rate, where the derivative by
    /// the saturation of period `t` is `shift + factor * slope[t]`.
    pub(crate) fn backward(
        &self,
        channel: usize,
        rate: f64,
        (shift, factor, slope): (f64, f64, &[f64]),
        work: &mut MediaWork,
    ) -> (f64, f64) {
        let cells = channel * self.periods..(channel + 1) * self.periods;
        let lags = self.adstock.max_lag();
        for (adjoint, slope) in work.adjoint.iter_mut().zip(slope) {
            *adjoint = shift + factor * slope;
        }
        let (carried, saturated) = (&work.carried[cells.clone()], &work.saturated[cells]);
        let [by_rate, _] = Saturation::Logistic.pull_back(&[rate], carried, saturated, &mut work.adjoint);
        let by_retention = work.slopes[MOST_PARAMETERS * channel * lags..][..lags]
            .iter()
            .enumerate()
            .map(|(lag, weight_slope)| weight_slope * dot(&work.adjoint, self.lagged(channel, lag)))
            .sum();
        (by_retention, rate * by_rate)
    }

    /// A channel's spend, `lag` periods late.
    fn lagged(&self, channel: usize, lag: usize) -> &[f64] {
        let before = self.adstock.max_lag() - 1;
        let start = channel * (self.periods + before) + before - lag;
        &self.padded[start..start + self.periods]
    }
}
