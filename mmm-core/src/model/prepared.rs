//! A description bound to a data set: everything that does not change between evaluations.

use std::sync::Arc;

use crate::{
    data::Dataset,
    design::{Columns, Controls},
    vector::dot,
};

use super::{
    ChannelSpec, Layout, Media, ModelSpec, ParameterKind, Posterior, Prior, SpecError, Support,
    lift::PreparedLift, lift_window::PreparedWindow, linear::Linear, prior::PreparedPrior, soft::Soft,
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
    pub(super) lifts: Vec<PreparedLift>,
    pub(super) windows: Vec<PreparedWindow>,
    pub(super) soft: Soft,
    /// The KPI divided by its largest value.
    pub(super) target: Vec<f64>,
    pub(super) kpi_scale: f64,
    /// The number of periods, from the first on, that set the units of all columns.
    pub(super) fitted: usize,
    /// The standard deviation of what the linear block leaves unexplained.
    pub(super) rough_noise: f64,
    /// Usual unconstrained values of the adstock and saturation parameters; zero elsewhere.
    pub(super) starts: Vec<f64>,
}

impl Model {
    /// Binds a description to a data set.
    ///
    /// # Errors
    ///
    /// [`SpecError`] where the description is contradictory or does not fit the data.
    pub fn new(spec: ModelSpec, data: Dataset) -> Result<Self, SpecError> {
        let kpi_scale = data.kpi().iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let fitted = data.periods();
        Self::in_units(spec, data, kpi_scale, fitted)
    }

    /// The same model on longer data that begin with its own: parameters keep their meaning.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub(crate) fn continued(&self, data: Dataset) -> Result<Self, SpecError> {
        Self::in_units(self.parts.spec.clone(), data, self.parts.kpi_scale, self.parts.fitted)
    }

    /// The same model of another KPI, in the same units; `None` for a KPI of another length.
    pub(crate) fn observing(&self, kpi: Vec<f64>) -> Option<Self> {
        self.continued(self.parts.data.with_kpi(kpi)?).ok()
    }

    /// Binds with the largest KPI given, and everything else scaled as its first periods are.
    fn in_units(spec: ModelSpec, data: Dataset, kpi_scale: f64, fitted: usize) -> Result<Self, SpecError> {
        let periods = fitted;
        spec.check_priors()?;
        let names: Vec<&str> = data.media().map(|medium| medium.name).collect();
        if let Some(channel) = spec.overrides.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(SpecError::UnknownChannel { channel: channel.clone() });
        }
        let channels: Vec<(&str, &ChannelSpec)> =
            names.iter().map(|name| (*name, spec.channel_spec(name))).collect();
        let lags = channels.iter().filter_map(|(_, channel)| channel.max_lag).chain([spec.max_lag]);
        if let Some(max_lag) = lags.into_iter().find(|max_lag| !(1..=periods).contains(max_lag)) {
            return Err(SpecError::MaxLag { max_lag, periods });
        }
        if spec.trend && data.controls().iter().any(|control| control.name() == "trend") {
            return Err(SpecError::NameTaken { name: "trend".to_owned() });
        }
        let knots = spec.knot_periods(periods)?;
        // Counted before anything is laid out: an order of a billion must not claim memory first.
        let linear = knots.len().max(1) + data.controls().len() + usize::from(spec.trend);
        let of_media = channels.iter().map(|(_, channel)| {
            channel.adstock.family.parameters().len() + channel.saturation.family.parameters().len() + 1
        });
        let parameters = 2 * spec.fourier_order.min(periods) + linear + of_media.sum::<usize>() + 1;
        if parameters > periods {
            return Err(SpecError::TooManyParameters { parameters, periods });
        }
        let controls = Controls { trend: spec.trend, standardize: spec.standardize_controls, fitted };
        let columns = Columns::new(&data, &knots, spec.fourier_order, controls);
        let layout =
            Layout::new(&columns.level_names, &channels, &columns.control_names, &columns.fourier_names);
        let (priors, starts) = beliefs(&spec, &channels, &layout);
        let specs: Vec<ChannelSpec> = channels.iter().map(|(_, channel)| (*channel).clone()).collect();
        let target: Vec<f64> = data.kpi().iter().map(|value| value / kpi_scale).collect();
        let media = Media::scaled_by(&data, &specs, spec.max_lag, fitted);
        let lifts = lifts(&spec, &names, media.scales(), kpi_scale)?;
        let windows = windows(&spec, &data, &media, kpi_scale)?;
        let (linear, rough_noise) = linear_block(&columns, &layout, &priors, &target);
        let parts = Parts {
            data,
            spec,
            columns,
            media,
            linear,
            lifts,
            windows,
            soft: Soft::new(&layout, &priors, mean_of(&target)),
            layout,
            priors: priors.into_iter().map(PreparedPrior::new).collect(),
            target,
            kpi_scale,
            fitted,
            rough_noise,
            starts,
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

    /// The largest pressure of every medium, by which its pressure is divided; in the order of
    /// [`Dataset::media`].
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

    /// Turns parameters of their own scale into unconstrained ones, in place; not finite where not allowed.
    pub(crate) fn release(&self, parameters: &mut [f64]) {
        for (value, prior) in parameters.iter_mut().zip(&self.parts.priors) {
            *value = prior.prior().support().free(*value);
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

fn lifts(
    spec: &ModelSpec,
    names: &[&str],
    channel_scales: &[f64],
    kpi_scale: f64,
) -> Result<Vec<PreparedLift>, SpecError> {
    let prepare = |(index, test): (usize, &super::LiftTest)| {
        let channel = names.iter().position(|name| *name == test.channel).filter(|_| test.is_valid());
        channel
            .map(|channel| PreparedLift::new(test, channel, channel_scales[channel], kpi_scale))
            .ok_or_else(|| SpecError::LiftTest { number: index + 1, channel: test.channel.clone() })
    };
    spec.lift_tests.iter().enumerate().map(prepare).collect()
}

fn windows(
    spec: &ModelSpec,
    data: &Dataset,
    media: &Media,
    kpi_scale: f64,
) -> Result<Vec<PreparedWindow>, SpecError> {
    let prepare = |(index, window): (usize, &super::LiftWindow)| {
        let mut channels = data.media().enumerate().filter(|(_, medium)| medium.name == window.channel);
        let channel = channels.next().filter(|(_, medium)| window.is_valid(medium.pressure));
        let prepare = |(place, _): (usize, _)| {
            PreparedWindow::new(window, place, &media.channels[place], media.scales()[place], kpi_scale)
        };
        let refused = || SpecError::LiftWindow { number: index + 1, channel: window.channel.clone() };
        channel.map(prepare).ok_or_else(refused)
    };
    spec.lift_windows.iter().enumerate().map(prepare).collect()
}

/// The mean of absolute values.
pub(super) fn mean_of(target: &[f64]) -> f64 {
    target.iter().map(|value| value.abs()).sum::<f64>() / target.len() as f64
}

/// One prior and one starting value per place of the layout.
fn beliefs(spec: &ModelSpec, channels: &[(&str, &ChannelSpec)], layout: &Layout) -> (Vec<Prior>, Vec<f64>) {
    let mut priors = vec![spec.sigma; layout.len()];
    let mut starts = vec![0.0; layout.len()];
    let has_knots = layout.range(ParameterKind::Level).len() > 1 || spec.knots != super::Knots::None;
    priors[layout.range(ParameterKind::Level)].fill(if has_knots { spec.knot } else { spec.intercept });
    priors[layout.range(ParameterKind::Control)].fill(spec.control);
    priors[layout.range(ParameterKind::Fourier)].fill(spec.fourier);
    for (index, (_, channel)) in channels.iter().enumerate() {
        let places = layout.channel(index);
        priors[places.beta] = channel.beta;
        let adstock = places.adstock.iter().zip(channel.adstock.beliefs());
        let saturation = places.saturation.iter().zip(channel.saturation.beliefs());
        for (place, (_, prior, start)) in adstock.chain(saturation) {
            priors[*place] = prior;
            starts[*place] = Support::near(prior.support(), start);
        }
    }
    (priors, starts)
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
