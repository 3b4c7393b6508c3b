//! What moves the KPI in every geo: media with carry-over and saturation, and plain columns.

use crate::{
    model::{ChannelMedia, ChannelWork, ShapeValues, Shapes},
    transform::MOST_PARAMETERS,
    vector::dot,
};

use super::{
    effect::{Effect, Slopes},
    layout::Slot,
};

/// One medium, control, treatment or Fourier mode.
#[derive(Clone, Debug)]
pub(super) struct Term {
    pub(super) name: String,
    pub(super) source: Source,
    pub(super) effect: Effect,
    /// Whether it has a contribution of its own: media and treatments have, controls and seasons do not.
    pub(super) contributes: bool,
}

/// Where a term's series comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Medium(Box<Medium>),
    Column(Column),
}

/// A series that no parameter changes.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// `(geos * periods)`.
    pub(super) values: Vec<f64>,
    /// The worth of what a coefficient of one does over the baseline, per geo.
    pub(super) outcome: Vec<f64>,
    /// The value at which it does nothing.
    pub(super) baseline: f64,
}

/// Exposure that is carried and saturates.
#[derive(Clone, Debug)]
pub(super) struct Medium {
    pub(super) adstock: Vec<Slot>,
    pub(super) saturation: Vec<Slot>,
    pub(super) geos: Vec<ChannelMedia>,
    /// The exposure that the measure compares with; nothing where that is none at all.
    pub(super) other: Option<Counterfactual>,
}

/// Exposure that did not happen.
#[derive(Clone, Debug)]
pub(super) struct Counterfactual {
    pub(super) geos: Vec<ChannelMedia>,
    /// Whether there is more of it than of what happened.
    pub(super) more: bool,
}

/// Room for the evaluation of one term.
#[derive(Clone, Debug)]
pub(super) struct TermWork {
    factual: Vec<ChannelWork>,
    other: Vec<ChannelWork>,
    outcome: Vec<f64>,
    pub(super) beta: Vec<f64>,
    by_beta: Vec<f64>,
    by_outcome: Vec<f64>,
}

/// Room that all terms share.
#[derive(Clone, Debug)]
pub(super) struct Adjoints {
    by_effect: Vec<f64>,
    by_exposure: Vec<f64>,
}

impl Adjoints {
    pub(super) fn new(periods: usize, longest: usize) -> Self {
        Self { by_effect: vec![0.0; periods], by_exposure: vec![0.0; longest] }
    }
}

impl Term {
    pub(super) fn work(&self, geos: usize, periods: usize) -> TermWork {
        let work = |media: &[ChannelMedia]| media.iter().map(|medium| medium.work(periods)).collect();
        let (factual, other) = match &self.source {
            Source::Column(_) => (Vec::new(), Vec::new()),
            Source::Medium(medium) => {
                (work(&medium.geos), medium.other.as_ref().map_or_else(Vec::new, |other| work(&other.geos)))
            }
        };
        let outcome = match &self.source {
            Source::Column(column) => column.outcome.clone(),
            Source::Medium(_) => vec![0.0; geos],
        };
        let zeros = || vec![0.0; geos];
        TermWork { factual, other, outcome, beta: zeros(), by_beta: zeros(), by_outcome: zeros() }
    }

    /// Computes series and coefficients of all geos. `worth` is that of a scaled unit of the KPI, per geo
    /// and period.
    pub(super) fn forward(&self, values: &[f64], worth: &[f64], work: &mut TermWork) {
        if let Source::Medium(medium) = &self.source {
            let periods = worth.len() / medium.geos.len();
            let shapes = medium.values(values);
            let shapes = medium.shapes(&shapes);
            for (series, work) in medium.geos.iter().zip(&mut work.factual) {
                series.forward(shapes, work);
            }
            if self.effect.factor.is_some() {
                for (geo, worth) in worth.chunks_exact(periods).enumerate() {
                    work.outcome[geo] = dot(work.factual[geo].effect(), worth);
                    if let Some(other) = &medium.other {
                        other.geos[geo].forward(shapes, &mut work.other[geo]);
                        work.outcome[geo] -= dot(work.other[geo].effect(), worth);
                        if other.more {
                            work.outcome[geo] = -work.outcome[geo];
                        }
                    }
                }
            }
        }
        self.effect.coefficients(values, &work.outcome, &mut work.beta);
    }

    /// The term's series in one geo, before it is multiplied with the coefficient.
    pub(super) fn series<'a>(&'a self, geo: usize, work: &'a TermWork) -> &'a [f64] {
        match &self.source {
            Source::Medium(_) => work.factual[geo].effect(),
            Source::Column(column) => {
                let periods = column.values.len() / work.beta.len();
                &column.values[geo * periods..(geo + 1) * periods]
            }
        }
    }

    /// Adds the derivatives by the parameters, given those by the KPI of every geo and period; after
    /// [`forward`](Self::forward).
    pub(super) fn pull_back(
        &self,
        values: &[f64],
        (by_kpi, worth): (&[f64], &[f64]),
        work: &mut TermWork,
        adjoints: &mut Adjoints,
        by_value: &mut [f64],
    ) {
        let periods = by_kpi.len() / work.beta.len();
        for (geo, by_kpi) in by_kpi.chunks_exact(periods).enumerate() {
            work.by_beta[geo] = dot(by_kpi, self.series(geo, work));
        }
        let slopes = Slopes { by_value, by_outcome: &mut work.by_outcome };
        self.effect.pull_back(values, &work.outcome, &work.beta, &mut work.by_beta, slopes);
        let Source::Medium(medium) = &self.source else { return };
        let shapes = medium.values(values);
        let shapes = medium.shapes(&shapes);
        let Adjoints { by_effect, by_exposure } = adjoints;
        let mut sums = ([0.0; MOST_PARAMETERS], [0.0; MOST_PARAMETERS]);
        let mut run = |series: &ChannelMedia, work: &ChannelWork, by_effect: &mut [f64]| {
            let slopes = series.backward(shapes, work, by_effect, by_exposure);
            for place in 0..MOST_PARAMETERS {
                sums.0[place] += slopes.adstock[place];
                sums.1[place] += slopes.saturation[place];
            }
        };
        for (geo, (by_kpi, worth)) in
            by_kpi.chunks_exact(periods).zip(worth.chunks_exact(periods)).enumerate()
        {
            let more = medium.other.as_ref().is_some_and(|other| other.more);
            let by_outcome = if more { -work.by_outcome[geo] } else { work.by_outcome[geo] };
            let beta = work.beta[geo];
            for ((slope, by_kpi), worth) in by_effect.iter_mut().zip(by_kpi).zip(worth) {
                *slope = beta * by_kpi + by_outcome * worth;
            }
            run(&medium.geos[geo], &work.factual[geo], by_effect);
            if let Some(other) = &medium.other {
                for (slope, worth) in by_effect.iter_mut().zip(worth) {
                    *slope = -by_outcome * worth;
                }
                run(&other.geos[geo], &work.other[geo], by_effect);
            }
        }
        for (slots, sums) in [(&medium.adstock, sums.0), (&medium.saturation, sums.1)] {
            for (slot, sum) in slots.iter().zip(sums) {
                slot.add(by_value, sum);
            }
        }
    }

    /// The value of the series at which the term does nothing.
    pub(super) const fn baseline(&self) -> f64 {
        match &self.source {
            Source::Column(column) => column.baseline,
            Source::Medium(_) => 0.0,
        }
    }
}

impl Medium {
    /// The parameters of carry-over and saturation.
    pub(super) fn values(&self, values: &[f64]) -> ShapeValues {
        ShapeValues::of(
            self.adstock.iter().map(|slot| slot.value(values)),
            self.saturation.iter().map(|slot| slot.value(values)),
        )
    }

    pub(super) fn shapes<'a>(&self, values: &'a ShapeValues) -> Shapes<'a> {
        values.slices((self.adstock.len(), self.saturation.len()))
    }
}
