//! One draw taken apart: what each channel and the baseline add to the KPI in each period.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2, ArrayView1, Axis};

use crate::{
    fit::Fit,
    model::{Media, MediaWork, Model, ShapeValues},
};

/// One draw's explanation of the KPI, in KPI units.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// What each channel adds in each period, `(channels, T)`.
    pub contributions: Array2<f64>,
    /// Level, controls, trend and seasonality, `(T,)`.
    pub baseline: Array1<f64>,
    /// The expected KPI, `(T,)`.
    pub fitted: Array1<f64>,
    /// The standard deviation of the KPI around it.
    pub sigma: f64,
}

impl Fit {
    /// Takes one draw apart; `None` where there is no such chain or draw.
    ///
    /// `fitted = baseline + sum of contributions` for every period, up to rounding.
    pub fn decompose(&self, chain: usize, draw: usize) -> Option<Decomposition> {
        let (chains, draws, _) = self.parameters().dim();
        if chain >= chains || draw >= draws {
            return None;
        }
        let all = self.parameters();
        let parameters = all.index_axis(Axis(0), chain);
        let parameters = parameters.index_axis(Axis(0), draw);
        let (model, periods) = (self.model(), self.model().data().periods());
        let mut evaluator = Evaluator::new(model);
        let mut contributions = Array2::zeros((model.layout().channels(), periods));
        for (channel, mut row) in contributions.rows_mut().into_iter().enumerate() {
            for (value, contribution) in row.iter_mut().zip(evaluator.contribution(channel, parameters)) {
                *value = contribution;
            }
        }
        let baseline = Array1::from_iter(evaluator.baseline(parameters).iter().copied());
        let fitted = &baseline + &contributions.sum_axis(Axis(0));
        Some(Decomposition { contributions, baseline, fitted, sigma: evaluator.sigma(parameters) })
    }
}

/// The log density of the KPI of every period under every draw, in units of the largest KPI:
/// `(kept, T)`.
pub(crate) fn log_likelihood(fit: &Fit) -> Array2<f64> {
    let (model, draws) = (fit.model(), fit.parameters());
    let mut evaluator = Evaluator::new(model);
    let mut result = Array2::zeros((fit.kept(), model.data().periods()));
    for (mut row, parameters) in result.rows_mut().into_iter().zip(draws.rows()) {
        let mut residual = Array1::from(model.data().kpi().to_vec());
        residual -= &ArrayView1::from(evaluator.baseline(parameters));
        for channel in 0..model.layout().channels() {
            for (value, part) in residual.iter_mut().zip(evaluator.contribution(channel, parameters)) {
                *value -= part;
            }
        }
        let sigma = evaluator.sigma(parameters);
        let constant = (sigma / model.kpi_scale()).ln() + 0.5 * TAU.ln();
        row.assign(&residual.mapv(|distance| -0.5 * (distance / sigma).powi(2) - constant));
    }
    result
}

/// Computes parts of the expected KPI from constrained parameters, reusing its memory.
pub(super) struct Evaluator<'m> {
    model: &'m Model,
    media: &'m Media,
    work: MediaWork,
    linear: Vec<f64>,
}

impl<'m> Evaluator<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let media = model.parts().media();
        Self { model, media, work: media.work(), linear: vec![0.0; model.data().periods()] }
    }

    /// What a channel adds in each period, in KPI units.
    pub(super) fn contribution(
        &mut self,
        channel: usize,
        parameters: ArrayView1<'_, f64>,
    ) -> impl Iterator<Item = f64> {
        let places = self.model.layout().channel(channel);
        let scale = parameters[places.beta] * self.model.kpi_scale();
        let mut shapes = ShapeValues::default();
        self.media.forward(channel, shapes.read_with(places, |place| parameters[place]), &mut self.work);
        self.work.effect(channel).iter().map(move |effect| scale * effect)
    }

    /// Level, controls, trend and seasonality in each period, in KPI units.
    pub(super) fn baseline(&mut self, parameters: ArrayView1<'_, f64>) -> &[f64] {
        let layout = self.model.layout();
        let columns = self.model.parts().columns();
        self.linear.fill(0.0);
        for index in 0..layout.linear() {
            let weight = parameters[layout.linear_place(index)] * self.model.kpi_scale();
            for (value, cell) in self.linear.iter_mut().zip(columns.column(index)) {
                *value += weight * cell;
            }
        }
        &self.linear
    }

    /// The standard deviation of the noise, in KPI units.
    pub(super) fn sigma(&self, parameters: ArrayView1<'_, f64>) -> f64 {
        parameters[self.model.layout().sigma()] * self.model.kpi_scale()
    }
}
