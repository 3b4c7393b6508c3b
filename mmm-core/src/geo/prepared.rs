//! A description bound to a panel: everything that does not change between evaluations.

use std::sync::Arc;

use crate::{
    data::{Exposure, Panel, PanelMedium},
    design::{cyclic_fourier, yearly_fourier},
    model::{ChannelMedia, Family, Prior, Shape, Soft, SpecError, Support},
    transform::{adstock::Adstock, carryover::Carryover, saturation::Saturation},
};

use super::{
    EffectSpec, Form, GeoPosterior, GeoSpec, Likelihood, Link, Measure, Pooling, Scaling, TreatmentSpec,
    effect::{Effect, Sharing},
    layout::{Parameters, Slot},
    level::Level,
    likelihood::Observation,
    scale::{self, Target},
    term::{Column, Counterfactual, Medium, Source, Term},
};

/// A [`GeoSpec`] bound to a [`Panel`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct GeoModel {
    parts: Arc<Parts>,
}

#[derive(Debug)]
pub(super) struct Parts {
    pub(super) panel: Panel,
    pub(super) spec: GeoSpec,
    pub(super) parameters: Parameters,
    pub(super) soft: Soft,
    pub(super) level: Level,
    pub(super) terms: Vec<Term>,
    /// The place of every geo's noise.
    pub(super) noise: Vec<Slot>,
    pub(super) target: Target,
    /// The worth of a scaled unit of the KPI, per geo and period.
    pub(super) worth: Vec<f64>,
    /// A scaled unit of the KPI, likewise.
    pub(super) units: Vec<f64>,
    pub(super) observation: Observation,
}

impl GeoModel {
    /// Binds a description to a panel.
    ///
    /// # Errors
    ///
    /// [`SpecError`] where the description is contradictory or does not fit the data.
    pub fn new(spec: GeoSpec, panel: Panel) -> Result<Self, SpecError> {
        let known = |name: &&String| panel.media().iter().any(|medium| medium.name() == name.as_str());
        if let Some(channel) = spec.overrides.keys().find(|name| !known(name)) {
            return Err(SpecError::UnknownChannel { channel: channel.clone() });
        }
        if spec.fourier_cycle.is_some_and(|cycle| !(cycle.is_finite() && cycle > 0.0)) {
            return Err(SpecError::Cycle);
        }
        if !(1..=panel.periods()).contains(&spec.max_lag) {
            return Err(SpecError::MaxLag { max_lag: spec.max_lag, periods: panel.periods() });
        }
        check_levels(&spec)?;
        let target = Target::of(&panel, spec.scaling);
        check_likelihood(&spec, &panel)?;
        let worth = worth(&panel, &target);
        let mut parameters = Parameters::default();
        let level = Level::new(&spec, &panel, &target.values, &mut parameters)?;
        let mut builder = TermBuilder { panel: &panel, spec: &spec, worth: &worth, parameters };
        let terms = builder.terms()?;
        let mut parameters = builder.parameters;
        let noise = if spec.noise.per_geo {
            let named = panel.geos().iter().map(|geo| format!("sigma[{geo}]"));
            let first = parameters.add_each(named, spec.noise.prior);
            (0..panel.geos().len()).map(|geo| Slot::Place(first + geo)).collect()
        } else {
            vec![parameters.add("sigma".to_owned(), spec.noise.prior); panel.geos().len()]
        };
        let cells = panel.kpi().len();
        if parameters.names.len() > cells {
            return Err(SpecError::TooManyParameters { parameters: parameters.names.len(), periods: cells });
        }
        let soft = parameters.soft();
        let units = target.units.iter().flat_map(|unit| vec![*unit; panel.periods()]).collect();
        let observation = Observation::new(spec.likelihood, spec.link);
        let parts =
            Parts { panel, spec, parameters, soft, level, terms, noise, target, worth, units, observation };
        Ok(Self { parts: Arc::new(parts) })
    }

    /// The data the model is bound to.
    pub fn panel(&self) -> &Panel {
        &self.parts.panel
    }

    /// The description.
    pub fn spec(&self) -> &GeoSpec {
        &self.parts.spec
    }

    /// The names of all parameters, in order, such as `roi[tv]` or `offset[tv, north]`.
    pub fn names(&self) -> &[String] {
        &self.parts.parameters.names
    }

    /// The media and treatments that have a contribution, in order: media as in [`Panel::media`], then
    /// treatments.
    pub fn contributors(&self) -> impl Iterator<Item = &str> {
        self.parts.terms.iter().filter(|term| term.contributes).map(|term| term.name.as_str())
    }

    /// The log density, with room for its evaluation.
    pub fn posterior(&self) -> GeoPosterior {
        GeoPosterior::new(self.clone())
    }

    /// Turns parameters of the unconstrained scale into their own, in place.
    pub fn constrain(&self, parameters: &mut [f64]) {
        for (value, prior) in parameters.iter_mut().zip(&self.parts.parameters.priors) {
            *value = prior.prior().support().constrain(*value);
        }
    }

    /// Turns parameters of their own scale into unconstrained ones, in place; not finite where a parameter
    /// cannot take its value.
    pub fn unconstrain(&self, parameters: &mut [f64]) {
        for (value, prior) in parameters.iter_mut().zip(&self.parts.parameters.priors) {
            *value = prior.prior().support().free(*value);
        }
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }
}

/// The worth of a scaled unit of the KPI, per geo and period.
fn worth(panel: &Panel, target: &Target) -> Vec<f64> {
    let periods = panel.periods();
    let unit = |cell: usize| target.units[cell / periods];
    match panel.worth() {
        Some(worth) => worth.iter().enumerate().map(|(cell, worth)| worth * unit(cell)).collect(),
        None => (0..panel.kpi().len()).map(unit).collect(),
    }
}

fn check_levels(spec: &GeoSpec) -> Result<(), SpecError> {
    let (super::GeoLevel::Own(geos) | super::GeoLevel::Contrast(geos)) = spec.level.geos;
    if let Some(trend) = spec.trend {
        check("trend", trend.slope, Support::Real)?;
        if !matches!(trend.exponent, Prior::Fixed { value } if value >= 0.0) {
            check("trend_exponent", trend.exponent, Support::Positive)?;
        }
    }
    check("knot", spec.level.knot, Support::Real)?;
    check("level", geos, Support::Real)?;
    check("sigma", spec.noise.prior, Support::Positive)
}

/// The KPI must be one that the likelihood can give.
fn check_likelihood(spec: &GeoSpec, panel: &Panel) -> Result<(), SpecError> {
    let refuse = |reason| Err(SpecError::Likelihood { reason });
    let symmetric = matches!(spec.likelihood, Likelihood::Normal | Likelihood::StudentT { .. });
    if let Likelihood::StudentT { nu } = spec.likelihood
        && !(nu.is_finite() && nu > 0.0)
    {
        return refuse("the degrees of freedom must be above zero");
    }
    if !panel.kpi().iter().all(|kpi| spec.likelihood.allows(*kpi)) {
        return refuse("the KPI has values that it cannot give; use a normal likelihood or Student's");
    }
    if spec.scaling == Scaling::Population && !(symmetric && spec.link == Link::Identity) {
        return refuse("a centred KPI is below zero at times; scale with `maximum` or `mean`");
    }
    Ok(())
}

/// Checks that a prior is a distribution over values that its parameter can take.
fn check(parameter: &str, prior: Prior, expected: Support) -> Result<(), SpecError> {
    let suits = expected == Support::Real || prior.support().lies_in(expected);
    if prior.is_proper() && suits {
        Ok(())
    } else {
        Err(SpecError::Prior { parameter: parameter.to_owned(), expected })
    }
}

struct TermBuilder<'a> {
    panel: &'a Panel,
    spec: &'a GeoSpec,
    worth: &'a [f64],
    parameters: Parameters,
}

impl TermBuilder<'_> {
    fn terms(&mut self) -> Result<Vec<Term>, SpecError> {
        let (panel, spec) = (self.panel, self.spec);
        let mut terms = Vec::new();
        for medium in panel.media() {
            terms.push(self.medium(medium)?);
        }
        for column in panel.treatments() {
            let values = scale::column(column.values(), spec.scaling);
            terms.push(self.column(column.name(), values, &spec.treatment, true)?);
        }
        for column in panel.controls() {
            let values = scale::column(column.values(), spec.scaling);
            terms.push(self.column(column.name(), values, &spec.control, false)?);
        }
        let modes = match spec.fourier_cycle {
            None => yearly_fourier(panel.dates(), spec.fourier_order),
            Some(cycle) => cyclic_fourier(panel.periods(), cycle, spec.fourier_order),
        };
        for (index, mode) in modes.columns().into_iter().enumerate() {
            let kind = if index < spec.fourier_order { "sin" } else { "cos" };
            let name = format!("{kind}_{}", index % spec.fourier_order + 1);
            let values = panel.geos().iter().flat_map(|_| mode.iter().copied()).collect();
            terms.push(self.column(&name, values, &spec.fourier, false)?);
        }
        Ok(terms)
    }

    /// A series that no parameter changes; its baseline is its smallest value.
    fn column(
        &mut self,
        name: &str,
        values: Vec<f64>,
        effect: &EffectSpec,
        contributes: bool,
    ) -> Result<Term, SpecError> {
        let periods = self.panel.periods();
        let baseline = values.iter().copied().fold(f64::INFINITY, f64::min);
        let geos = values.chunks_exact(periods);
        let worth_of = |(values, worth): (&[f64], &[f64])| -> f64 {
            values.iter().zip(worth).map(|(value, worth)| (value - baseline) * worth).sum()
        };
        let outcome = geos.zip(self.worth.chunks_exact(periods)).map(worth_of).collect();
        let effect = self.effect(name, effect, None)?;
        let source = Source::Column(Column { values, outcome, baseline });
        Ok(Term { name: name.to_owned(), source, effect, contributes })
    }

    fn medium(&mut self, medium: &PanelMedium) -> Result<Term, SpecError> {
        let spec = self.spec;
        let usual = match (medium.spend().is_some(), medium.exposure()) {
            (true, Exposure::Volume(_)) => &spec.paid,
            (true, Exposure::Reach { .. }) => &spec.paid_reach,
            (false, Exposure::Volume(_)) => &spec.organic,
            (false, Exposure::Reach { .. }) => &spec.organic_reach,
        };
        let spec = spec.overrides.get(medium.name()).unwrap_or(usual);
        let adstock = self.shape("adstock", medium.name(), &spec.adstock)?;
        let mut saturation = self.shape("saturation", medium.name(), &spec.saturation)?;
        let mut family = spec.saturation.family;
        if let (Saturation::Hill, [Slot::Fixed(1.0), half]) = (family, saturation.as_slice()) {
            // The same curve without logarithms and powers.
            (family, saturation) = (Saturation::MichaelisMenten, vec![*half]);
        }
        let units = scale::exposure_units(self.panel, medium.exposure(), self.spec.scaling);
        let happened = |_: usize, value: f64| value;
        let geos = self.series(medium, spec, family, &units, &happened);
        let (before, longer) = (self.panel.before(), self.panel.periods() + self.panel.before());
        let other = match spec.effect.measure {
            Measure::MarginalRoi => {
                let more = |_: usize, value: f64| 1.01 * value;
                Some(Counterfactual { geos: self.series(medium, spec, family, &units, &more), more: true })
            }
            Measure::Roi { window: Some((from, to)) } => {
                let outside = |period: usize, value: f64| {
                    let inside = (from + before..to + before).contains(&(period % longer));
                    if inside { 0.0 } else { value }
                };
                Some(Counterfactual {
                    geos: self.series(medium, spec, family, &units, &outside),
                    more: false,
                })
            }
            Measure::Roi { window: None }
            | Measure::Contribution
            | Measure::Coefficient
            | Measure::SpendShare => None,
        };
        let effect = self.effect(medium.name(), &spec.effect, medium.spend())?;
        let source = Source::Medium(Box::new(Medium { adstock, saturation, geos, other }));
        Ok(Term { name: medium.name().to_owned(), source, effect, contributes: true })
    }

    /// The scaled series of a medium in every geo; `change` gets a period and the exposure there.
    fn series(
        &self,
        medium: &PanelMedium,
        spec: &TreatmentSpec,
        saturation: Saturation,
        units: &[f64],
        change: &dyn Fn(usize, f64) -> f64,
    ) -> Vec<ChannelMedia> {
        let (periods, before) = (self.panel.periods(), self.panel.before());
        let lags = if spec.adstock.family == Adstock::Endless { before + periods } else { self.spec.max_lag };
        let (carryover, earlier) = (Carryover::new(spec.adstock.family, lags), lags - 1);
        let padded = |series: &[f64], geo: usize, unit: f64| -> Vec<f64> {
            let own = &series[geo * (before + periods)..(geo + 1) * (before + periods)];
            let from = before.saturating_sub(earlier);
            let zeros = earlier.saturating_sub(before);
            let values = own.iter().enumerate().skip(from).map(|(at, value)| change(at, value / unit));
            std::iter::repeat_n(0.0, zeros).chain(values).collect()
        };
        let as_is = |series: &[f64], geo: usize| -> Vec<f64> {
            let own = &series[geo * (before + periods)..(geo + 1) * (before + periods)];
            let zeros = std::iter::repeat_n(0.0, earlier.saturating_sub(before));
            zeros.chain(own.iter().skip(before.saturating_sub(earlier)).copied()).collect()
        };
        let of_geo = |(geo, unit): (usize, &f64)| match medium.exposure() {
            Exposure::Volume(volume) => {
                ChannelMedia::padded(carryover, saturation, spec.order, padded(volume, geo, *unit))
            }
            Exposure::Reach { reach, frequency } => {
                let reach = padded(reach, geo, *unit);
                ChannelMedia::reaching(carryover, saturation, as_is(frequency, geo), reach)
            }
        };
        units.iter().enumerate().map(of_geo).collect()
    }

    /// The parameters of a family, checked and added.
    fn shape<F: Family>(
        &mut self,
        what: &str,
        owner: &str,
        shape: &Shape<F>,
    ) -> Result<Vec<Slot>, SpecError> {
        let parameters = shape.family.parameters();
        let unknown = |name: &&String| parameters.iter().all(|parameter| parameter.name != name.as_str());
        if let Some(name) = shape.priors.keys().find(unknown) {
            return Err(SpecError::UnknownParameter { parameter: format!("{what} {name} of {owner}") });
        }
        let mut slots = Vec::with_capacity(parameters.len());
        for (parameter, (name, prior, _)) in parameters.iter().zip(shape.beliefs()) {
            match prior {
                Prior::Fixed { value } if parameter.domain.contains(value) => {}
                prior => check(&format!("{what} {name} of {owner}"), prior, Support::of(parameter.domain))?,
            }
            slots.push(self.parameters.add(format!("{what}_{name}[{owner}]"), prior));
        }
        Ok(slots)
    }

    /// The parameters of an effect, checked and added.
    fn effect(&mut self, owner: &str, spec: &EffectSpec, spend: Option<&[f64]>) -> Result<Effect, SpecError> {
        let EffectSpec { measure, prior, pooling } = *spec;
        let refuse = |reason| Err(SpecError::Effect { name: owner.to_owned(), reason });
        let (named, factor) = match (measure, spend) {
            (Measure::Coefficient, _) | (Measure::SpendShare, Some(_)) => ("coefficient", None),
            (Measure::Contribution, _) => ("share", Some(self.total_outcome())),
            (Measure::Roi { window }, Some(spend)) => ("roi", Some(self.spent(spend, window))),
            (Measure::MarginalRoi, Some(spend)) => ("marginal_roi", Some(0.01 * self.spent(spend, None))),
            (Measure::Roi { .. } | Measure::MarginalRoi | Measure::SpendShare, None) => {
                return refuse("nobody pays for it, so it has no return; use a share or a coefficient");
            }
        };
        let weight = match (measure, spend) {
            (Measure::SpendShare, Some(spend)) => self.spent(spend, None) / self.mean_spent(),
            _ => 1.0,
        };
        if factor.is_some() && self.spec.link == Link::Log {
            return refuse("where effects multiply, no measure decides a coefficient; use a coefficient");
        }
        if factor.is_some_and(|factor| !(factor.is_finite() && factor != 0.0)) {
            return refuse("nothing was spent in its window, or the outcome adds up to nothing");
        }
        let geos = self.panel.geos();
        let name = format!("{named}[{owner}]");
        let sharing = match pooling {
            Pooling::Shared => {
                check(&name, prior, Support::Real)?;
                Sharing::Shared(self.parameters.add(name, prior))
            }
            Pooling::Separate if factor.is_none() => {
                check(&name, prior, Support::Real)?;
                let names = geos.iter().map(|geo| format!("{named}[{owner}, {geo}]"));
                Sharing::Separate(self.parameters.add_each(names, prior))
            }
            Pooling::Separate => return refuse("a measure of every geo is possible for coefficients only"),
            Pooling::Hierarchical { .. } if measure == Measure::SpendShare => {
                return refuse("a share of spend can be shared or separate only");
            }
            Pooling::Hierarchical { spread, form } => {
                let (spread, form) = if geos.len() == 1 {
                    (Prior::Fixed { value: 0.0 }, Form::Normal)
                } else {
                    (spread, form)
                };
                let positive = form == Form::LogNormal && factor.is_some();
                check(&name, prior, if positive { Support::Positive } else { Support::Real })?;
                if !matches!(spread, Prior::Fixed { value } if value >= 0.0) {
                    check(&format!("spread[{owner}]"), spread, Support::Positive)?;
                }
                let standard = Prior::Normal { mean: 0.0, sd: 1.0 };
                let names = geos.iter().map(|geo| format!("offset[{owner}, {geo}]"));
                Sharing::Hierarchical {
                    centre: self.parameters.add(name, prior),
                    spread: self.parameters.add(format!("spread[{owner}]"), spread),
                    offsets: self.parameters.add_each(names, standard),
                    form,
                }
            }
        };
        Ok(Effect { sharing, factor, weight })
    }

    fn total_outcome(&self) -> f64 {
        let kpi = self.panel.kpi();
        self.panel.worth().map_or_else(
            || kpi.iter().sum(),
            |worth| kpi.iter().zip(worth).map(|(kpi, worth)| kpi * worth).sum(),
        )
    }

    /// The mean over the paid channels.
    fn mean_spent(&self) -> f64 {
        let paid: Vec<f64> = self
            .panel
            .media()
            .iter()
            .filter_map(PanelMedium::spend)
            .map(|spend| self.spent(spend, None))
            .collect();
        paid.iter().sum::<f64>() / paid.len() as f64
    }

    fn spent(&self, spend: &[f64], window: Option<(usize, usize)>) -> f64 {
        let (from, to) = window.unwrap_or((0, self.panel.periods()));
        let geos = spend.chunks_exact(self.panel.periods());
        geos.flat_map(|geo| geo.iter().take(to).skip(from)).sum()
    }
}
