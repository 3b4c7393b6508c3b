//! The reference density: every parameter on PyMC's unconstrained scale, every constant included.
//!
//! The sampler does not use it; it is what the sampler's density is checked against, and what can be
//! compared with PyMC number by number.

use std::f64::consts::TAU;

use crate::vector::{add_scaled, dot};

use super::{
    Model,
    lift_window::WindowRoom,
    media::{Along, MediaWork, ShapeSlopes},
    shapes::ShapeValues,
};

/// Evaluates a [`Model`]'s log density and gradient without allocating.
#[derive(Clone, Debug)]
pub struct Posterior {
    model: Model,
    media: MediaWork,
    constrained: Vec<f64>,
    shapes: ShapeValues,
    residual: Vec<f64>,
    windows: WindowRoom,
}

impl Posterior {
    pub(super) fn new(model: Model) -> Self {
        Self {
            media: model.parts().media.work(),
            constrained: vec![0.0; model.layout().len()],
            shapes: ShapeValues::default(),
            residual: vec![0.0; model.data().periods()],
            windows: WindowRoom::new(&model.parts().windows, model.data().periods()),
            model,
        }
    }

    /// The log density of the data and the parameters, with its gradient.
    ///
    /// | name            | shape  | unit                         | range  |
    /// |-----------------|--------|------------------------------|--------|
    /// | `unconstrained` | `(P,)` | logarithm, log-odds or plain | finite |
    /// | `gradient`      | `(P,)` | written, per unit of those   |        |
    /// | result          | scalar | natural logarithm            |        |
    ///
    /// The order is that of [`Model::layout`]. Where a value leaves the range of floating point
    /// numbers, the result is `-inf` or NaN, never a panic; slices of another length are an error of
    /// the caller and yield NaN. `O(T (channels * max_lag + columns))` without allocation.
    pub fn log_density(&mut self, unconstrained: &[f64], gradient: &mut [f64]) -> f64 {
        let parts = self.model.parts();
        let layout = &parts.layout;
        if unconstrained.len() != layout.len() || gradient.len() != layout.len() {
            return f64::NAN;
        }
        let mut log_density = 0.0;
        for (place, prior) in parts.priors.iter().enumerate() {
            let value = prior.prior().support().constrain(unconstrained[place]);
            let (term, slope) = prior.evaluate(unconstrained[place], value);
            self.constrained[place] = value;
            log_density += term;
            gradient[place] = slope;
        }
        let values = &self.constrained;
        self.residual.copy_from_slice(&parts.target);
        for index in 0..layout.linear() {
            add_scaled(&mut self.residual, -values[layout.linear_place(index)], parts.columns.column(index));
        }
        for channel in 0..layout.channels() {
            let places = layout.channel(channel);
            let shapes = self.shapes.read(places, values);
            parts.media.forward(channel, shapes, &mut self.media);
            let effect = self.media.effect(channel);
            add_scaled(&mut self.residual, -values[places.beta], effect);
        }

        let sigma = values[layout.sigma()];
        let precision = 1.0 / (sigma * sigma);
        let squares = dot(&self.residual, &self.residual) * precision;
        let periods = self.residual.len() as f64;
        log_density -= 0.5 * squares + periods * (sigma.ln() + 0.5 * TAU.ln());

        // The derivative by the expected KPI is residual / sigma^2.
        gradient[layout.sigma()] += squares - periods;
        for index in 0..layout.linear() {
            gradient[layout.linear_place(index)] +=
                precision * dot(&self.residual, parts.columns.column(index));
        }
        for channel in 0..layout.channels() {
            let places = layout.channel(channel);
            let factor = values[places.beta] * precision;
            let effect = self.media.effect(channel);
            gradient[places.beta] += factor * dot(&self.residual, effect);
            let along = Along { shift: 0.0, factor, slope: &self.residual };
            let shapes = self.shapes.read(places, values);
            let slopes = parts.media.backward(channel, shapes, along, &mut self.media);
            for (place, slope) in slopes.by_place(places) {
                gradient[place] += slope * parts.priors[place].prior().support().slope(values[place]);
            }
        }
        for lift in &parts.lifts {
            let places = layout.channel(lift.channel);
            let saturation = parts.media.channels[lift.channel].saturation;
            let shapes = self.shapes.read(places, values);
            let term = lift.evaluate(saturation, shapes.saturation, values[places.beta]);
            log_density += term.value;
            gradient[places.beta] += term.by_log_beta;
            for (place, slope) in places.saturation.iter().zip(term.by_saturation) {
                gradient[*place] += slope * parts.priors[*place].prior().support().slope(values[*place]);
            }
        }
        for (number, window) in parts.windows.iter().enumerate() {
            let places = layout.channel(window.channel);
            let shapes = self.shapes.read(places, values);
            let (media, beta) = (&parts.media.channels[window.channel], values[places.beta]);
            let term = window.evaluate(number, media, shapes, beta, &mut self.windows);
            log_density += term.value;
            gradient[places.beta] += term.by_log_beta;
            let slopes = ShapeSlopes { adstock: term.by_adstock, saturation: term.by_saturation };
            for (place, slope) in slopes.by_place(places) {
                gradient[place] += slope * parts.priors[place].prior().support().slope(values[place]);
            }
        }
        log_density
    }
}
