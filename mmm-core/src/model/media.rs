//! The media part of a model: adstock and saturation of every channel, forward and backward,
//! without allocation.

use crate::{
    data::Dataset,
    transform::{MOST_PARAMETERS, Order, carryover::Carryover, saturation::Saturation},
    vector::{add_scaled, dot, sum},
};

use super::ChannelSpec;

/// The scaled pressure of all media and how each of them works.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(super) periods: usize,
    pub(super) channels: Vec<ChannelMedia>,
    scales: Vec<f64>,
}

/// One medium's scaled pressure, after that of the time before the data, or zeros in its place.
#[derive(Clone, Debug)]
pub(crate) struct ChannelMedia {
    carryover: Carryover,
    pub(super) saturation: Saturation,
    pub(super) order: Order,
    padded: Vec<f64>,
    /// What the saturated pressure is multiplied with before it is carried, where saturation comes first.
    reach: Option<Vec<f64>>,
}

/// Room for one evaluation of [`Media`].
#[derive(Clone, Debug)]
pub(crate) struct MediaWork {
    pub(super) channels: Vec<ChannelWork>,
    adjoint: Vec<f64>,
    inner_adjoint: Vec<f64>,
}

#[derive(Clone, Debug)]
pub(crate) struct ChannelWork {
    pub(super) weights: Vec<f64>,
    slopes: Vec<f64>,
    /// The saturated frequency, where there is a reach to multiply it with.
    curve: Vec<f64>,
    /// What the first step gives; padded like the pressure where the second step is the adstock.
    pub(super) inner: Vec<f64>,
    /// What the second step gives.
    outer: Vec<f64>,
}

/// The parameters of one channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shapes<'a> {
    pub(crate) adstock: &'a [f64],
    pub(crate) saturation: &'a [f64],
}

/// The derivative of the density by a channel's effect in period `t`: `shift + factor * slope[t]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Along<'a> {
    pub(crate) shift: f64,
    pub(crate) factor: f64,
    pub(crate) slope: &'a [f64],
}

/// Derivatives by the parameters of one channel.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ShapeSlopes {
    pub(crate) adstock: [f64; MOST_PARAMETERS],
    pub(crate) saturation: [f64; MOST_PARAMETERS],
}

impl Media {
    /// `specs` has one entry per medium.
    pub(crate) fn new(data: &Dataset, specs: &[ChannelSpec], max_lag: usize) -> Self {
        Self::scaled_by(data, specs, max_lag, data.periods())
    }

    /// As [`new`](Self::new), in units of the largest pressure of the first periods.
    pub(crate) fn scaled_by(data: &Dataset, specs: &[ChannelSpec], max_lag: usize, fitted: usize) -> Self {
        let mut scales = Vec::with_capacity(specs.len());
        let channels = data.media().zip(specs).map(|(medium, spec)| {
            let scale = medium.pressure.iter().take(fitted).copied().fold(0.0, f64::max);
            scales.push(scale);
            ChannelMedia::new(spec, max_lag, medium.pressure.iter().map(|pressure| pressure / scale))
        });
        Self { periods: data.periods(), channels: channels.collect(), scales }
    }

    pub(crate) fn work(&self) -> MediaWork {
        MediaWork {
            channels: self.channels.iter().map(|channel| channel.work(self.periods)).collect(),
            adjoint: vec![0.0; self.periods],
            inner_adjoint: vec![0.0; self.channels.iter().map(|of| of.padded.len()).max().unwrap_or(0)],
        }
    }

    /// The largest pressure of every medium, in its own unit.
    pub(crate) fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// Computes a channel's effect per period, before it is multiplied with beta, and returns its
    /// sum over the periods.
    pub(crate) fn forward(&self, channel: usize, shapes: Shapes<'_>, work: &mut MediaWork) -> f64 {
        let work = &mut work.channels[channel];
        self.channels[channel].forward(shapes, work);
        sum(&work.outer)
    }

    /// The derivatives by the parameters of a channel after its [`forward`](Self::forward).
    pub(crate) fn backward(
        &self,
        channel: usize,
        shapes: Shapes<'_>,
        along: Along<'_>,
        work: &mut MediaWork,
    ) -> ShapeSlopes {
        for (adjoint, slope) in work.adjoint.iter_mut().zip(along.slope) {
            *adjoint = along.shift + along.factor * slope;
        }
        let MediaWork { channels, adjoint, inner_adjoint } = work;
        self.channels[channel].backward(shapes, &channels[channel], adjoint, inner_adjoint)
    }
}

impl ChannelWork {
    /// The effect per period, as the last [`ChannelMedia::forward`] left it.
    pub(crate) fn effect(&self) -> &[f64] {
        &self.outer
    }
}

impl MediaWork {
    /// A channel's effect per period, as the last [`Media::forward`] left it.
    pub(crate) fn effect(&self, channel: usize) -> &[f64] {
        &self.channels[channel].outer
    }
}

impl ChannelMedia {
    fn new(spec: &ChannelSpec, max_lag: usize, pressure: impl Iterator<Item = f64>) -> Self {
        let carryover = Carryover::new(spec.adstock.family, spec.max_lag.unwrap_or(max_lag));
        let carryover = if spec.normalized { carryover } else { carryover.unnormalized() };
        let padded = std::iter::repeat_n(0.0, carryover.max_lag() - 1).chain(pressure).collect();
        Self { carryover, saturation: spec.saturation.family, order: spec.order, padded, reach: None }
    }

    /// `padded` begins with as many earlier periods as the carry-over reaches back.
    pub(crate) const fn padded(
        carryover: Carryover,
        saturation: Saturation,
        order: Order,
        padded: Vec<f64>,
    ) -> Self {
        Self { carryover, saturation, order, padded, reach: None }
    }

    /// A medium whose frequency saturates and is then multiplied with its reach; both padded alike.
    pub(crate) const fn reaching(
        carryover: Carryover,
        saturation: Saturation,
        frequency: Vec<f64>,
        reach: Vec<f64>,
    ) -> Self {
        let order = Order::SaturationFirst;
        Self { carryover, saturation, order, padded: frequency, reach: Some(reach) }
    }

    /// The same with every pressure multiplied; with a reach, that or the frequency.
    pub(crate) fn multiplied(&self, factor: f64, of_reach: bool) -> Self {
        let mut other = self.clone();
        let series = match &mut other.reach {
            Some(reach) if of_reach => reach,
            _ => &mut other.padded,
        };
        for value in series.iter_mut() {
            *value *= factor;
        }
        other
    }

    /// Scaled pressure per period.
    pub(super) fn pressure(&self) -> &[f64] {
        &self.padded[self.carryover.max_lag() - 1..]
    }

    /// The same channel with the pressure of some periods changed.
    pub(super) fn changed(&self, periods: std::ops::RangeInclusive<usize>, change: f64) -> Self {
        let mut other = self.clone();
        let before = other.carryover.max_lag() - 1;
        let periods = before + periods.start()..=before + periods.end();
        // What rounding leaves below zero is nothing.
        for pressure in &mut other.padded[periods] {
            *pressure = (*pressure + change).max(0.0);
        }
        other
    }

    /// Scaled pressure per period, after the zeros.
    pub(super) fn history(&self) -> &[f64] {
        &self.padded
    }

    pub(crate) fn work(&self, periods: usize) -> ChannelWork {
        let lags = self.carryover.max_lag();
        let inner = match self.order {
            Order::AdstockFirst => periods,
            Order::SaturationFirst => self.padded.len(),
        };
        ChannelWork {
            weights: vec![0.0; lags],
            slopes: vec![0.0; MOST_PARAMETERS * lags],
            curve: vec![0.0; self.reach.as_ref().map_or(0, Vec::len)],
            inner: vec![0.0; inner],
            outer: vec![0.0; periods],
        }
    }

    /// Computes the effect per period; see [`ChannelWork::effect`].
    pub(crate) fn forward(&self, shapes: Shapes<'_>, work: &mut ChannelWork) {
        let ChannelWork { weights, slopes, curve, inner, outer } = work;
        self.carryover.fill(shapes.adstock, weights, slopes);
        match self.order {
            Order::AdstockFirst => {
                convolve(weights, &self.padded, inner);
                self.saturation.apply(shapes.saturation, inner, outer);
            }
            Order::SaturationFirst => {
                match &self.reach {
                    // Every curve starts at zero, so padding with zeros stays zero.
                    None => self.saturation.apply(shapes.saturation, &self.padded, inner),
                    Some(reach) => {
                        self.saturation.apply(shapes.saturation, &self.padded, curve);
                        for ((inner, curve), reach) in inner.iter_mut().zip(curve.iter()).zip(reach) {
                            *inner = curve * reach;
                        }
                    }
                }
                convolve(weights, inner, outer);
            }
        }
    }

    /// The derivatives by the parameters, given those by the effect per period, after
    /// [`forward`](Self::forward). `inner_adjoint` is room as long as the padded pressure.
    pub(crate) fn backward(
        &self,
        shapes: Shapes<'_>,
        work: &ChannelWork,
        adjoint: &mut [f64],
        inner_adjoint: &mut [f64],
    ) -> ShapeSlopes {
        let mut slopes = ShapeSlopes::default();
        match self.order {
            Order::AdstockFirst => {
                slopes.saturation =
                    self.saturation.pull_back(shapes.saturation, &work.inner, &work.outer, adjoint);
                slopes.adstock = self.by_weights(work, &self.padded, adjoint);
            }
            Order::SaturationFirst => {
                slopes.adstock = self.by_weights(work, &work.inner, adjoint);
                let inner_adjoint = &mut inner_adjoint[..self.padded.len()];
                inner_adjoint.fill(0.0);
                let now = work.weights.len() - 1;
                for (lag, weight) in work.weights.iter().enumerate() {
                    add_scaled(&mut inner_adjoint[now - lag..], *weight, adjoint);
                }
                let curve = match &self.reach {
                    None => &work.inner,
                    Some(reach) => {
                        inner_adjoint.iter_mut().zip(reach).for_each(|(adjoint, reach)| *adjoint *= reach);
                        &work.curve
                    }
                };
                slopes.saturation =
                    self.saturation.pull_back(shapes.saturation, &self.padded, curve, inner_adjoint);
            }
        }
        slopes
    }

    /// The derivatives by the adstock's parameters, given those by the carried series.
    fn by_weights(&self, work: &ChannelWork, padded: &[f64], adjoint: &[f64]) -> [f64; MOST_PARAMETERS] {
        let lags = work.weights.len();
        let mut sums = [0.0; MOST_PARAMETERS];
        let parameters = self.carryover.adstock().parameters().len();
        if parameters > 0 {
            for lag in 0..lags {
                let by_weight = dot(adjoint, &padded[lags - 1 - lag..][..adjoint.len()]);
                for (sum, slopes) in sums.iter_mut().zip(work.slopes.chunks_exact(lags)).take(parameters) {
                    *sum += by_weight * slopes[lag];
                }
            }
        }
        sums
    }
}

/// `result[t] = sum over l of weights[l] padded[L - 1 + t - l]`.
pub(super) fn convolve(weights: &[f64], padded: &[f64], result: &mut [f64]) {
    result.fill(0.0);
    for (lag, weight) in weights.iter().enumerate() {
        add_scaled(result, *weight, &padded[weights.len() - 1 - lag..]);
    }
}
