//! The description of a model of a panel, before it meets any data. It can be stored and read back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    model::{Prior, Shape},
    transform::{Order, adstock::Adstock, saturation::Saturation},
};

use super::{Likelihood, Link};

/// Scales, level, effects and priors of a model of a panel. See the [module docs](super) for the formula.
///
/// Start from [`GeoSpec::meridian`], [`GeoSpec::pymc`] or [`GeoSpec::lightweight`] and change what should differ; a stored
/// description that leaves something out has Meridian's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeoSpec {
    /// How KPI, exposures and controls are brought to a common scale.
    pub scaling: Scaling,
    /// Over how many periods exposure is carried, the current one included; at least 1.
    pub max_lag: usize,
    /// The KPI without anything else.
    pub level: LevelSpec,
    /// How a paid channel works that has no description of its own.
    pub paid: TreatmentSpec,
    /// The same for a paid channel with reach and frequency.
    pub paid_reach: TreatmentSpec,
    /// How an organic medium works that has no description of its own.
    pub organic: TreatmentSpec,
    /// The same for an organic medium with reach and frequency.
    pub organic_reach: TreatmentSpec,
    /// How single media work, by name.
    pub overrides: BTreeMap<String, TreatmentSpec>,
    /// The effect of every control.
    pub control: EffectSpec,
    /// The effect of every treatment that is no medium.
    pub treatment: EffectSpec,
    /// A trend of every geo, where there is one.
    pub trend: Option<TrendSpec>,
    /// How many Fourier modes describe the seasonality; 0 for none.
    pub fourier_order: usize,
    /// After how many periods the seasonality comes back; the day of the year where absent.
    pub fourier_cycle: Option<f64>,
    /// The effect of every Fourier mode.
    pub fourier: EffectSpec,
    /// The noise.
    pub noise: NoiseSpec,
    /// How the KPI scatters around what is expected of it.
    pub likelihood: Likelihood,
    /// Whether effects add up or multiply.
    pub link: Link,
}

/// How KPI, exposures and controls are brought to a common scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// Meridian's: the KPI per head, less its mean and divided by its deviation over all geos and periods;
    /// exposures and reach per head, divided by the median of those above zero; controls and
    /// treatments centred and divided by their deviation.
    #[default]
    Population,
    /// PyMC-Marketing's: KPI and exposures divided by their largest value in the geo; controls and
    /// treatments as they are.
    Maximum,
    /// `LightweightMMM`'s: KPI and exposures divided by their mean in the geo; controls and treatments by
    /// their mean over all geos.
    Mean,
}

/// The KPI without anything else, in scaled units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSpec {
    /// Where the level that all geos share may bend.
    pub knots: GeoKnots,
    /// The prior of the shared level at every knot.
    pub knot: Prior,
    /// How the geos differ.
    pub geos: GeoLevel,
}

/// Where the level that all geos share may bend.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoKnots {
    /// There is no shared level.
    None,
    /// As Meridian does without being told: at every period, or nowhere where there is a single geo.
    #[default]
    Usual,
    /// At this many periods, evenly from the first to the last.
    Even(usize),
    /// At these periods, counted from 0, ascending.
    At(Vec<usize>),
    /// Where the KPI asks for them; see [`automatic_knots`](crate::design::automatic_knots).
    Automatic,
}

/// How the levels of geos differ.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoLevel {
    /// Every geo has a level of its own with this prior.
    Own(Prior),
    /// Every geo but the most populous one differs from that one, with this prior.
    Contrast(Prior),
}

/// `slope * t^exponent` with `t` counted from 0; every geo has a slope of its own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrendSpec {
    /// The prior of every slope.
    pub slope: Prior,
    /// The prior of the exponent that all geos share.
    pub exponent: Prior,
}

/// How one medium works in all geos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreatmentSpec {
    /// How exposure is carried.
    pub adstock: Shape<Adstock>,
    /// How exposure saturates; frequency, where reach is known.
    pub saturation: Shape<Saturation>,
    /// Which of the two comes first; with reach and frequency saturation always does.
    #[serde(default)]
    pub order: Order,
    /// What it does.
    pub effect: EffectSpec,
}

/// What is believed about an effect, and how geos share it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffectSpec {
    /// What the prior is about.
    pub measure: Measure,
    /// What is believed about that.
    pub prior: Prior,
    /// How geos share it.
    pub pooling: Pooling,
}

/// What a prior is about. All but the first two are those of all geos together, and
/// decide the coefficients: no change of variables is needed, as the measure is the parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The coefficient itself; where effects are [log-normal](Form::LogNormal), its logarithm's centre.
    Coefficient,
    /// The coefficient as a multiple of the channel's spend, in units of the mean spend of all channels.
    SpendShare,
    /// Outcome per spend.
    Roi {
        /// The first period and the one after the last that it is about; all where absent.
        #[serde(default)]
        window: Option<(usize, usize)>,
    },
    /// Outcome per spend of the next hundredth of spend.
    MarginalRoi,
    /// The share of the total outcome.
    Contribution,
}

/// How geos share an effect.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// All geos have the same.
    Shared,
    /// Every geo has one of its own, with the prior of the effect.
    Separate,
    /// Geos scatter around a common one, as `centre + spread * e` with a standard normal `e`. With a single
    /// geo there is no spread.
    Hierarchical {
        /// The prior of the spread.
        spread: Prior,
        /// The shape of the scatter.
        form: Form,
    },
}

/// The shape in which geos scatter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `centre + spread * e`. A single geo always has this one.
    Normal,
    /// `exp(centre + spread * e)`: never below zero.
    LogNormal,
}

/// The standard deviation of the noise, in scaled units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoiseSpec {
    /// Its prior.
    pub prior: Prior,
    /// Whether every geo has one of its own.
    pub per_geo: bool,
}

impl Default for GeoSpec {
    fn default() -> Self {
        Self::meridian()
    }
}

impl GeoSpec {
    /// The defaults of Meridian 2.1.
    ///
    /// | part                   | prior                                                              |
    /// |------------------------|--------------------------------------------------------------------|
    /// | level                  | a knot every period and geo differences, `Normal(0, 5)`; of a single geo one knot |
    /// | carry-over             | geometric over nine periods, `Uniform(0, 1)`                       |
    /// | saturation             | Hill, slope 1, half saturation `TruncatedNormal(0.8, 0.8; 0.1, 10)`|
    /// | saturation of frequency| Hill, slope `LogNormal(0.7, 0.4)`, half saturation the same and 0.1|
    /// | paid media             | return on spend `LogNormal(0.2, 0.9)`, geos log-normal             |
    /// | organic media          | share of the outcome `Beta(1, 99)`, geos log-normal                |
    /// | other treatments       | share of the outcome `TruncatedNormal(0, 0.1; -1, 1)`, geos normal |
    /// | controls               | `Normal(0, 5)`, geos normal                                        |
    /// | spread of geos         | `HalfNormal(1)` of media, `HalfNormal(5)` of controls and treatments|
    /// | noise                  | `HalfNormal(5)`, one for all geos                                  |
    pub fn meridian() -> Self {
        let media = |measure, prior| EffectSpec {
            measure,
            prior,
            pooling: Pooling::Hierarchical { spread: Prior::HalfNormal { sd: 1.0 }, form: Form::LogNormal },
        };
        let column = |measure, prior| EffectSpec {
            measure,
            prior,
            pooling: Pooling::Hierarchical { spread: Prior::HalfNormal { sd: 5.0 }, form: Form::Normal },
        };
        let roi = media(Measure::Roi { window: None }, Prior::LogNormal { mu: 0.2, sigma: 0.9 });
        let share = media(Measure::Contribution, Prior::Beta { alpha: 1.0, beta: 99.0 });
        let adstock = Shape::of(Adstock::Geometric).with("alpha", Prior::Uniform { low: 0.0, high: 1.0 });
        let half = Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 };
        let volume =
            Shape::of(Saturation::Hill).with("slope", Prior::Fixed { value: 1.0 }).with("kappa", half);
        let frequency = Shape::of(Saturation::Hill)
            .with("slope", Prior::LogNormal { mu: 0.7, sigma: 0.4 })
            .with("kappa", Prior::ShiftedLogNormal { mu: 0.7, sigma: 0.4, shift: 0.1 });
        let of = |saturation: &Shape<Saturation>, order, effect: &EffectSpec| TreatmentSpec {
            adstock: adstock.clone(),
            saturation: saturation.clone(),
            order,
            effect: effect.clone(),
        };
        let wide = Prior::Normal { mean: 0.0, sd: 5.0 };
        Self {
            scaling: Scaling::Population,
            max_lag: 9,
            level: LevelSpec { knots: GeoKnots::Usual, knot: wide, geos: GeoLevel::Contrast(wide) },
            paid: of(&volume, Order::AdstockFirst, &roi),
            paid_reach: of(&frequency, Order::SaturationFirst, &roi),
            organic: of(&volume, Order::AdstockFirst, &share),
            organic_reach: of(&frequency, Order::SaturationFirst, &share),
            overrides: BTreeMap::new(),
            control: column(Measure::Coefficient, wide),
            treatment: column(
                Measure::Contribution,
                Prior::TruncatedNormal { mean: 0.0, sd: 0.1, low: -1.0, high: 1.0 },
            ),
            trend: None,
            fourier_order: 0,
            fourier_cycle: None,
            fourier: EffectSpec { measure: Measure::Coefficient, prior: wide, pooling: Pooling::Shared },
            noise: NoiseSpec { prior: Prior::HalfNormal { sd: 5.0 }, per_geo: false },
            likelihood: Likelihood::Normal,
            link: Link::Identity,
        }
    }

    /// PyMC-Marketing 1.3 with the dimension `geo`: everything but carry-over and saturation is each
    /// geo's own, and the heights of the channels scatter around a common one.
    ///
    /// | part         | prior                                                                      |
    /// |--------------|----------------------------------------------------------------------------|
    /// | level        | `Normal(0, 2)` for every geo                                               |
    /// | carry-over   | geometric over eight periods, `Beta(1, 3)`                                 |
    /// | saturation   | logistic, `Gamma(3, 1)`                                                    |
    /// | height       | centre `LogNormal(0, 1)`, geos normal with spread `HalfNormal(1)`          |
    /// | controls     | `Normal(0, 2)` for every geo                                               |
    /// | seasonality  | two yearly modes, `Laplace(0, 1)` for every geo                            |
    /// | noise        | `HalfNormal(2)` for every geo                                              |
    pub fn pymc() -> Self {
        let own = |prior| EffectSpec { measure: Measure::Coefficient, prior, pooling: Pooling::Separate };
        let wide = Prior::Normal { mean: 0.0, sd: 2.0 };
        let media = TreatmentSpec {
            adstock: Shape::of(Adstock::Geometric),
            saturation: Shape::of(Saturation::Logistic),
            order: Order::AdstockFirst,
            effect: EffectSpec {
                measure: Measure::Coefficient,
                prior: Prior::LogNormal { mu: 0.0, sigma: 1.0 },
                pooling: Pooling::Hierarchical { spread: Prior::HalfNormal { sd: 1.0 }, form: Form::Normal },
            },
        };
        Self {
            scaling: Scaling::Maximum,
            max_lag: 8,
            level: LevelSpec { knots: GeoKnots::None, knot: wide, geos: GeoLevel::Own(wide) },
            paid_reach: TreatmentSpec { order: Order::SaturationFirst, ..media.clone() },
            organic_reach: TreatmentSpec { order: Order::SaturationFirst, ..media.clone() },
            organic: media.clone(),
            paid: media,
            overrides: BTreeMap::new(),
            control: own(wide),
            treatment: own(wide),
            trend: None,
            fourier_order: 2,
            fourier_cycle: None,
            fourier: own(Prior::Laplace { location: 0.0, scale: 1.0 }),
            noise: NoiseSpec { prior: Prior::HalfNormal { sd: 2.0 }, per_geo: true },
            likelihood: Likelihood::Normal,
            link: Link::Identity,
        }
    }

    /// `LightweightMMM` 0.1.9, its model `hill_adstock` of a single nation; of several geos everything but
    /// carry-over, saturation and the trend's exponent is each geo's own.
    ///
    /// | part         | prior                                                                           |
    /// |--------------|---------------------------------------------------------------------------------|
    /// | level        | `HalfNormal(2)`                                                                 |
    /// | trend        | slope `Normal(0, 1)`, exponent `Uniform(0.5, 1.5)`                              |
    /// | carry-over   | geometric without end, `Beta(2, 1)`                                             |
    /// | saturation   | Hill, half saturation and slope `Gamma(1, 1)`                                   |
    /// | height       | `HalfNormal(0.15)` times the channel's spend by the mean spend                  |
    /// | controls     | `Normal(0, 1)`                                                                  |
    /// | seasonality  | two modes of 52 periods, `Normal(0, 1)`                                         |
    /// | noise        | `Gamma(1, 1)`                                                                   |
    pub fn lightweight() -> Self {
        let own = |measure, prior| EffectSpec { measure, prior, pooling: Pooling::Separate };
        let standard = Prior::Normal { mean: 0.0, sd: 1.0 };
        let unit = Prior::Gamma { shape: 1.0, rate: 1.0 };
        let media = |effect| TreatmentSpec {
            adstock: Shape::of(Adstock::Endless).with("alpha", Prior::Beta { alpha: 2.0, beta: 1.0 }),
            saturation: Shape::of(Saturation::Hill).with("kappa", unit).with("slope", unit),
            order: Order::AdstockFirst,
            effect,
        };
        let paid = own(Measure::SpendShare, Prior::HalfNormal { sd: 0.15 });
        let organic = own(Measure::Coefficient, Prior::HalfNormal { sd: 0.15 });
        let reaching =
            |effect: &EffectSpec| TreatmentSpec { order: Order::SaturationFirst, ..media(effect.clone()) };
        Self {
            scaling: Scaling::Mean,
            max_lag: 13,
            level: LevelSpec {
                knots: GeoKnots::None,
                knot: standard,
                geos: GeoLevel::Own(Prior::HalfNormal { sd: 2.0 }),
            },
            paid_reach: reaching(&paid),
            organic_reach: reaching(&organic),
            paid: media(paid),
            organic: media(organic),
            overrides: BTreeMap::new(),
            control: own(Measure::Coefficient, standard),
            treatment: own(Measure::Coefficient, standard),
            trend: Some(TrendSpec { slope: standard, exponent: Prior::Uniform { low: 0.5, high: 1.5 } }),
            fourier_order: 2,
            fourier_cycle: Some(52.0),
            fourier: own(Measure::Coefficient, standard),
            noise: NoiseSpec { prior: unit, per_geo: true },
            likelihood: Likelihood::Normal,
            link: Link::Identity,
        }
    }
}
