//! The coordinates the sampler works in, and the posterior density in them.
//!
//! | place     | reference scale (`v`) | here (`u`)                                     |
//! |-----------|-----------------------|------------------------------------------------|
//! | adstock   | as its prior needs    | the same, or on a soft line                    |
//! | saturation| as its prior needs    | the same, or on a soft line                    |
//! | beta      | logarithm             | the channel's mean contribution, on a soft line|
//! | linear    | coefficient           | `z` of [`Linear`](super::linear::Linear)       |
//! | sigma     | logarithm             | the same                                       |
//!
//! A channel's mean contribution is what the data tells about; beta and saturation alone are a ridge. The
//! map is triangular: its derivative has the determinant `sigma^k det(L^-T)` with `k` linear
//! columns, so `ln p(u) = ln p(v(u)) + k ln sigma + ln det(L^-T)`, and the slopes of the
//! [soft lines](super::soft) besides. Priors stay those of the
//! description, whatever their family; nothing is approximated.

use std::f64::consts::TAU;

use crate::{
    fit::{LogDensity, Recorder, Target},
    vector::{add_scaled, dot},
};

use super::{
    Model, ParameterKind,
    lift::LiftTerm,
    lift_window::WindowRoom,
    media::{Along, MediaWork},
    prepared::mean_of,
    shapes::ShapeValues,
};

/// Translates positions of the sampler into parameters.
#[derive(Debug)]
pub(super) struct Coordinates {
    model: Model,
    work: Work,
}

/// The density of the sampler's coordinates, with room for its evaluation.
#[derive(Debug)]
pub(super) struct SamplingDensity {
    model: Model,
    work: Work,
    by_eta: Vec<f64>,
    by_theta: Vec<f64>,
    windows: WindowRoom,
}

#[derive(Debug)]
struct Work {
    /// The position on the reference scale.
    position: Vec<f64>,
    media: MediaWork,
    /// The parameters of adstock and saturation on their own scale; zero elsewhere.
    values: Vec<f64>,
    shapes: ShapeValues,
    beta: Vec<f64>,
    log_beta: Vec<f64>,
    sums: Vec<f64>,
    /// The target without media; later the derivative by it.
    rest: Vec<f64>,
    residual: Vec<f64>,
    projection: Vec<f64>,
    eta: Vec<f64>,
    theta: Vec<f64>,
}

impl Work {
    fn new(model: &Model) -> Self {
        let (channels, linear) = (model.layout().channels(), model.layout().linear());
        let periods = model.data().periods();
        Self {
            position: vec![0.0; model.layout().len()],
            media: model.parts().media.work(),
            values: vec![0.0; model.layout().len()],
            shapes: ShapeValues::default(),
            beta: vec![0.0; channels],
            log_beta: vec![0.0; channels],
            sums: vec![0.0; channels],
            rest: vec![0.0; periods],
            residual: vec![0.0; periods],
            projection: vec![0.0; linear],
            eta: vec![0.0; linear],
            theta: vec![0.0; linear],
        }
    }

    /// Fills everything that follows from a position, up to the linear coefficients; returns the
    /// logarithm of how far that stretches it.
    fn enter(&mut self, model: &Model, w: &[f64]) -> f64 {
        let parts = model.parts();
        let change = parts.soft.to_reference(w, &mut self.position);
        let u = &self.position;
        let log_periods = (self.rest.len() as f64).ln();
        self.rest.copy_from_slice(&parts.target);
        for channel in 0..parts.layout.channels() {
            let places = parts.layout.channel(channel);
            for place in places.adstock.iter().chain(&places.saturation) {
                self.values[*place] = parts.priors[*place].prior().support().constrain(u[*place]);
            }
            let shapes = self.shapes.read(places, &self.values);
            let sum = parts.media.forward(channel, shapes, &mut self.media);
            self.sums[channel] = sum;
            self.log_beta[channel] = u[places.beta] + log_periods - sum.ln();
            self.beta[channel] = self.log_beta[channel].exp();
            let effect = self.media.effect(channel);
            add_scaled(&mut self.rest, -self.beta[channel], effect);
        }
        let sigma = u[parts.layout.sigma()].exp();
        for index in 0..parts.layout.linear() {
            self.projection[index] = dot(parts.linear.basis_column(index), &self.rest);
            self.eta[index] = self.projection[index] + sigma * u[parts.layout.linear_place(index)];
        }
        parts.linear.coefficients(&self.eta, &mut self.theta);
        change
    }
}

impl Coordinates {
    pub(super) fn new(model: Model) -> Self {
        Self { work: Work::new(&model), model }
    }

    /// Writes the unconstrained parameters of a position.
    pub(super) fn unconstrained(&mut self, w: &[f64], v: &mut [f64]) {
        self.work.enter(&self.model, w);
        let layout = self.model.layout();
        v.copy_from_slice(&self.work.position);
        v[layout.range(ParameterKind::Beta)].copy_from_slice(&self.work.log_beta);
        for (index, theta) in self.work.theta.iter().enumerate() {
            v[layout.linear_place(index)] = *theta;
        }
    }

    /// Where a chain may start: usual carry-over and saturation, small contributions, the noise that
    /// the linear block leaves, the linear block at its fit.
    pub(super) fn center(model: &Model) -> Vec<f64> {
        let layout = model.layout();
        let parts = model.parts();
        let mut center = parts.starts.clone();
        let contribution = (0.3 * mean_of(&parts.target) / layout.channels() as f64).max(1e-3).ln();
        center[layout.range(ParameterKind::Beta)].fill(contribution);
        center[layout.sigma()] = parts.rough_noise.ln();
        parts.soft.find_places(&mut center);
        center
    }
}

impl SamplingDensity {
    pub(super) fn new(model: Model) -> Self {
        let linear = model.layout().linear();
        let windows = WindowRoom::new(&model.parts().windows, model.data().periods());
        Self {
            work: Work::new(&model),
            by_eta: vec![0.0; linear],
            by_theta: vec![0.0; linear],
            windows,
            model,
        }
    }
}

impl LogDensity for SamplingDensity {
    fn dimensions(&self) -> usize {
        self.model.layout().len()
    }

    fn log_density(&mut self, w: &[f64], gradient: &mut [f64]) -> f64 {
        let change = self.work.enter(&self.model, w);
        let parts = self.model.parts();
        let layout = &parts.layout;
        let work = &mut self.work;
        let u = &work.position;
        let linear = layout.linear();

        work.residual.copy_from_slice(&work.rest);
        for index in 0..linear {
            add_scaled(&mut work.residual, -work.eta[index], parts.linear.basis_column(index));
        }
        let sigma_place = layout.sigma();
        let sigma = u[sigma_place].exp();
        let precision = 1.0 / (sigma * sigma);
        let squares = dot(&work.residual, &work.residual) * precision;
        let periods = work.residual.len() as f64;
        let mut log_density = change + parts.linear.log_determinant()
            - 0.5 * squares
            - periods * 0.5 * TAU.ln()
            - (periods - linear as f64) * u[sigma_place];

        for index in 0..linear {
            let theta = work.theta[index];
            let (term, slope) = parts.priors[layout.linear_place(index)].evaluate(theta, theta);
            log_density += term;
            self.by_theta[index] = slope;
            // W' residual, without touching the periods again.
            self.by_eta[index] =
                precision * (work.projection[index] - dot(parts.linear.gram_row(index), &work.eta));
        }
        parts.linear.pull_back(&self.by_theta, &mut self.by_eta);

        let (term, slope) = parts.priors[sigma_place].evaluate(u[sigma_place], sigma);
        log_density += term;
        let mut by_sigma = slope + squares - periods + linear as f64;
        for index in 0..linear {
            let place = layout.linear_place(index);
            by_sigma += self.by_eta[index] * sigma * u[place];
            gradient[place] = sigma * self.by_eta[index];
        }
        gradient[sigma_place] = by_sigma;

        // The derivative by the target without media: directly, and through the linear block.
        for (rest, residual) in work.rest.iter_mut().zip(&work.residual) {
            *rest = -precision * residual;
        }
        for index in 0..linear {
            add_scaled(&mut work.rest, self.by_eta[index], parts.linear.basis_column(index));
        }
        for channel in 0..layout.channels() {
            let places = layout.channel(channel);
            let by_rest = -work.beta[channel];
            let effect = work.media.effect(channel);
            let (term, slope) =
                parts.priors[places.beta].evaluate(work.log_beta[channel], work.beta[channel]);
            log_density += term;
            let shapes = work.shapes.read(places, &work.values);
            let mut of_lifts = LiftTerm::default();
            for lift in parts.lifts.iter().filter(|lift| lift.channel == channel) {
                let saturation = parts.media.channels[channel].saturation;
                of_lifts.add(&lift.evaluate(saturation, shapes.saturation, work.beta[channel]));
            }
            let windows = parts.windows.iter().enumerate().filter(|(_, window)| window.channel == channel);
            for (number, window) in windows {
                let (own, beta) = (&parts.media.channels[channel], work.beta[channel]);
                of_lifts.add(&window.evaluate(number, own, shapes, beta, &mut self.windows));
            }
            log_density += of_lifts.value;
            let by_beta = slope + of_lifts.by_log_beta + by_rest * dot(&work.rest, effect);
            gradient[places.beta] = by_beta;
            // Beta is the contribution divided by the mean effect, which depends on the shapes.
            let along = Along { shift: -by_beta / work.sums[channel], factor: by_rest, slope: &work.rest };
            let mut slopes = parts.media.backward(channel, shapes, along, &mut work.media);
            add_scaled(&mut slopes.saturation, 1.0, &of_lifts.by_saturation);
            add_scaled(&mut slopes.adstock, 1.0, &of_lifts.by_adstock);
            for (place, by_value) in slopes.by_place(places) {
                let (prior, value) = (&parts.priors[place], work.values[place]);
                let (term, slope) = prior.evaluate(u[place], value);
                log_density += term;
                gradient[place] = slope + by_value * prior.prior().support().slope(value);
            }
        }
        parts.soft.pull_back(w, gradient);
        log_density
    }
}

impl Recorder for Coordinates {
    fn record(&mut self, position: &[f64], parameters: &mut [f64], contributions: &mut [f64]) {
        self.unconstrained(position, parameters);
        self.model.constrain(parameters);
        let total_of_mean = self.model.kpi_scale() * self.model.data().periods() as f64;
        let means = &self.work.position[self.model.layout().range(ParameterKind::Beta)];
        for (contribution, log) in contributions.iter_mut().zip(means) {
            *contribution = log.exp() * total_of_mean;
        }
    }
}

impl Target for Model {
    fn density(&self) -> Box<dyn LogDensity> {
        Box::new(SamplingDensity::new(self.clone()))
    }

    fn recorder(&self) -> Box<dyn Recorder> {
        Box::new(Coordinates::new(self.clone()))
    }

    fn center(&self) -> Vec<f64> {
        Coordinates::center(self)
    }

    fn names(&self) -> &[String] {
        self.layout().names()
    }

    fn contributions(&self) -> usize {
        self.layout().channels()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{ChannelSpec, Knots, LiftLikelihood, LiftTest, LiftWindow, ModelSpec, Prior},
        simulate::Scenario,
        transform::{Order, adstock::Adstock, saturation::Saturation},
    };
    use approx::assert_relative_eq;

    /// The default with a trend, and one with other families, both orders, knots and bounded priors.
    fn models() -> Vec<Model> {
        let data = Scenario::weekly(["tv", "search", "social"]).weeks(60).seed(5).simulate().unwrap().data;
        let mut other = ModelSpec { knots: Knots::Even(4), ..ModelSpec::default() };
        let bounded = Prior::Uniform { low: 0.2, high: 1.0 };
        let pairs = [
            (Adstock::Delayed, Saturation::Hill),
            (Adstock::WeibullPdf, Saturation::HillSigmoid),
            (Adstock::HalfLife, Saturation::MichaelisMenten),
        ];
        for ((adstock, saturation), name) in pairs.into_iter().zip(["tv", "search", "social"]) {
            other.overrides.insert(name.to_owned(), ChannelSpec::of(adstock, saturation));
        }
        if let Some(search) = other.overrides.get_mut("search") {
            search.order = Order::SaturationFirst;
            search.max_lag = Some(5);
        }
        if let Some(tv) = other.overrides.get_mut("tv") {
            tv.adstock = tv.adstock.clone().with("alpha", bounded);
            tv.normalized = false;
        }
        let measured = |channel: &str, likelihood| LiftTest {
            channel: channel.to_owned(),
            level: data.channels()[0].spend().iter().copied().fold(0.0, f64::max) * 0.3,
            change: -1000.0,
            effect: -2000.0,
            standard_error: 1500.0,
            likelihood,
        };
        other.lift_tests = vec![
            measured("tv", LiftLikelihood::Normal),
            measured("search", LiftLikelihood::StudentT { nu: 4.0 }),
        ];
        let dated = |channel: &str, likelihood| LiftWindow {
            channel: channel.to_owned(),
            first: 12,
            last: 16,
            until: 19,
            change: -150.0,
            effect: -2500.0,
            standard_error: 1500.0,
            likelihood,
        };
        other.lift_windows =
            vec![dated("tv", LiftLikelihood::StudentT { nu: 4.0 }), dated("search", LiftLikelihood::Normal)];
        let lift_tests = vec![measured("tv", LiftLikelihood::Gamma)];
        let lift_windows = vec![dated("tv", LiftLikelihood::Gamma), dated("social", LiftLikelihood::Normal)];
        let default = ModelSpec { trend: true, lift_tests, lift_windows, ..ModelSpec::default() };
        [default, other].map(|spec| Model::new(spec, data.clone()).unwrap()).into()
    }

    /// Points around the centre, the same on every run.
    fn points(model: &Model) -> Vec<Vec<f64>> {
        let center = Coordinates::center(model);
        let shift = |point: usize, place: usize| ((point * 31 + place * 17) as f64 * 0.7).sin();
        (0..6)
            .map(|point| center.iter().enumerate().map(|(place, c)| c + shift(point, place)).collect())
            .collect()
    }

    fn determinant(mut matrix: Vec<Vec<f64>>) -> f64 {
        let mut determinant = 1.0;
        for column in 0..matrix.len() {
            let pivot = (column..matrix.len())
                .max_by(|a, b| matrix[*a][column].abs().total_cmp(&matrix[*b][column].abs()));
            matrix.swap(column, pivot.unwrap());
            determinant *= matrix[column][column].abs();
            let (above, below) = matrix.split_at_mut(column + 1);
            for row in below {
                let factor = row[column] / above[column][column];
                add_scaled(row, -factor, &above[column]);
            }
        }
        determinant
    }

    #[test]
    fn both_densities_agree_up_to_the_change_of_variables() {
        for model in models() {
            let (mut posterior, mut density) = (model.posterior(), SamplingDensity::new(model.clone()));
            let mut coordinates = Coordinates::new(model.clone());
            let (linear, sigma) = (model.layout().linear() as f64, model.layout().sigma());
            let mut gradient = vec![0.0; model.layout().len()];
            let mut v = gradient.clone();
            for u in points(&model) {
                coordinates.unconstrained(&u, &mut v);
                let soft = model.parts().soft.to_reference(&u, &mut gradient);
                let change = soft + linear * u[sigma] + model.parts().linear.log_determinant();
                let expected = posterior.log_density(&v, &mut gradient) + change;
                assert_relative_eq!(density.log_density(&u, &mut gradient), expected, max_relative = 1e-10);
            }
        }
    }

    #[test]
    fn the_stated_determinant_is_that_of_the_map() {
        for model in models() {
            let mut coordinates = Coordinates::new(model.clone());
            let size = model.layout().len();
            let (linear, sigma) = (model.layout().linear() as f64, model.layout().sigma());
            for u in points(&model) {
                let mut at = |place: usize, step: f64| {
                    let (mut moved, mut v) = (u.clone(), vec![0.0; size]);
                    moved[place] += step;
                    coordinates.unconstrained(&moved, &mut v);
                    v
                };
                let rows = (0..size).map(|place| {
                    let (ahead, behind) = (at(place, 1e-5), at(place, -1e-5));
                    ahead.iter().zip(&behind).map(|(a, b)| (a - b) / 2e-5).collect()
                });
                let soft = model.parts().soft.to_reference(&u, &mut vec![0.0; size]);
                let stated = soft + linear * u[sigma] + model.parts().linear.log_determinant();
                assert_relative_eq!(
                    determinant(rows.collect()).ln(),
                    stated,
                    epsilon = 1e-5,
                    max_relative = 1e-5
                );
            }
        }
    }

    #[test]
    fn the_gradient_is_the_limit_of_differences() {
        for model in models() {
            let mut density = SamplingDensity::new(model.clone());
            let (mut gradient, mut unused) =
                (vec![0.0; model.layout().len()], vec![0.0; model.layout().len()]);
            for u in points(&model) {
                density.log_density(&u, &mut gradient);
                for place in 0..u.len() {
                    let mut at = |step: f64| {
                        let mut moved = u.clone();
                        moved[place] += step;
                        density.log_density(&moved, &mut unused)
                    };
                    // Richardson: differences of two widths, whose leading errors cancel.
                    let numeric = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
                    assert_relative_eq!(gradient[place], numeric, epsilon = 1e-5, max_relative = 1e-6);
                }
            }
        }
    }

    #[test]
    fn positions_far_out_are_no_panic() {
        for model in models() {
            let mut density = SamplingDensity::new(model.clone());
            let mut gradient = vec![0.0; model.layout().len()];
            for far in [-1e4, -800.0, 800.0, 1e4, f64::NAN, f64::INFINITY] {
                let value = density.log_density(&vec![far; gradient.len()], &mut gradient);
                assert!(!value.is_finite() || value < 0.0, "{value} at {far}");
            }
        }
    }
}
