//! A description bound to a data set: everything that does not change between evaluations.

use std::sync::Arc;

use crate::{data::Dataset, design::Columns, vector::dot};

use super::{
    Layout, Media, ModelSpec, ParameterKind, Posterior, Prior, SpecError, linear::Linear,
    prior::PreparedPrior,
};

/// A [`ModelSpec`] bound to a [`Dataset`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Model {
    parts: Arc<Parts>,
}

#[derive(Debug)]
pub(crate) struct Parts {
    pub(super) data: Dataset,
    pub(super) spec: ModelSpec,
    pub(super) layout: Layout,
    pub(super) columns: Columns,
    pub(super) media: Media,
    pub(super) linear: Linear,
    pub(super) priors: Vec<PreparedPrior>,
    /// The KPI divided by its largest value.
    pub(super) target: Vec<f64>,
    pub(super) kpi_scale: f64,
    /// The standard deviation of what the linear block leaves unexplained.
    pub(super) rough_noise: f64,
}

impl Model {
    /// Binds a description to a data set.
    ///
    /// # Errors
    ///
    /// [`SpecError`] where the description is contradictory or does not fit the data.
    pub fn new(spec: ModelSpec, data: Dataset) -> Result<Self, SpecError> {
        let periods = data.periods();
        if !(1..=periods).contains(&spec.max_lag) {
            return Err(SpecError::MaxLag { max_lag: spec.max_lag, periods });
        }
        spec.check_priors()?;
        let channels: Vec<String> = data.channels().iter().map(|channel| channel.name().to_owned()).collect();
        if let Some(channel) = spec.overrides.keys().find(|name| !channels.contains(name)) {
            return Err(SpecError::UnknownChannel { channel: channel.clone() });
        }
        if spec.trend && data.controls().iter().any(|control| control.name() == "trend") {
            return Err(SpecError::NameTaken { name: "trend".to_owned() });
        }
        // Counted before anything is laid out: an order of a billion must not claim memory first.
        let linear = 1 + data.controls().len() + usize::from(spec.trend);
        let parameters = (2 * spec.fourier_order.min(periods)) + linear + 3 * channels.len() + 1;
        if parameters > periods {
            return Err(SpecError::TooManyParameters { parameters, periods });
        }
        let columns = Columns::new(&data, spec.trend, spec.fourier_order, spec.standardize_controls);
        let layout = Layout::new(&channels, &columns.control_names, &columns.fourier_names);
        let priors = priors(&spec, &channels, &layout);
        let kpi_scale = data.kpi().iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let target: Vec<f64> = data.kpi().iter().map(|value| value / kpi_scale).collect();
        let media = Media::new(&data, spec.max_lag);
        let (linear, rough_noise) = linear_block(&columns, &layout, &priors, &target);
        let parts = Parts {
            data,
            spec,
            layout,
            columns,
            media,
            linear,
            priors: priors.into_iter().map(PreparedPrior::new).collect(),
            target,
            kpi_scale,
            rough_noise,
        };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The data the model is bound to.
    pub fn data(&self) -> &Dataset {
        &self.parts.data
    }

    /// The description.
    pub fn spec(&self) -> &ModelSpec {
        &self.parts.spec
    }

    /// The places and names of the parameters.
    pub fn layout(&self) -> &Layout {
        &self.parts.layout
    }

    /// The largest KPI, by which the KPI is divided.
    pub fn kpi_scale(&self) -> f64 {
        self.parts.kpi_scale
    }

    /// The largest spend of every channel, by which its spend is divided.
    pub fn channel_scales(&self) -> &[f64] {
        self.parts.media.scales()
    }

    /// The log density on the unconstrained scale, with room for its evaluation.
    pub fn posterior(&self) -> Posterior {
        Posterior::new(self.clone())
    }

    /// Turns parameters of the unconstrained scale into their own, in place.
    pub fn constrain(&self, parameters: &mut [f64]) {
        for (value, prior) in parameters.iter_mut().zip(&self.parts.priors) {
            *value = prior.prior().support().constrain(*value);
        }
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }
}

impl Parts {
    pub(crate) const fn columns(&self) -> &Columns {
        &self.columns
    }

    pub(crate) const fn media(&self) -> &Media {
        &self.media
    }
}

/// One prior per place of the layout.
fn priors(spec: &ModelSpec, channels: &[String], layout: &Layout) -> Vec<Prior> {
    let of_channels: Vec<_> = channels.iter().map(|channel| spec.channel_priors(channel)).collect();
    let count = |kind| layout.range(kind).len();
    let mut priors = vec![spec.intercept];
    priors.extend(of_channels.iter().map(|channel| channel.retention));
    priors.extend(of_channels.iter().map(|channel| channel.rate));
    priors.extend(of_channels.iter().map(|channel| channel.beta));
    priors.extend(vec![spec.control; count(ParameterKind::Control)]);
    priors.extend(vec![spec.fourier; count(ParameterKind::Fourier)]);
    priors.push(spec.sigma);
    priors
}

/// The coordinates of the linear block, and what it leaves unexplained of the target.
fn linear_block(columns: &Columns, layout: &Layout, priors: &[Prior], target: &[f64]) -> (Linear, f64) {
    let count = target.len() as f64;
    let mean = target.iter().sum::<f64>() / count;
    let spread = (target.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
    let variances: Vec<f64> =
        (0..layout.linear()).map(|index| priors[layout.linear_place(index)].rough_variance()).collect();
    let linear = Linear::new(columns, &variances, 0.5 * spread);
    let mut rest = target.to_vec();
    for index in 0..layout.linear() {
        let basis = linear.basis_column(index);
        let weight = dot(basis, target);
        crate::vector::add_scaled(&mut rest, -weight, basis);
    }
    let noise = (dot(&rest, &rest) / count).sqrt();
    (linear, noise.max(1e-6))
}
