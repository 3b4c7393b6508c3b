//! Models of several geos: the analytic gradient against dual numbers, and what a fit of a panel says.
//!
//! The density is written here a second time, as plainly as its formula, over numbers that carry a derivative.

use approx::assert_relative_eq;
use mmm_core::{
    data::{Date, Exposure, Panel, PanelMedium},
    design::{cyclic_fourier, even_knots, knot_weights, yearly_fourier},
    fit::FitSettings,
    geo::{
        EffectSpec, Form, GeoKnots, GeoLevel, GeoModel, GeoSpec, Lever, Likelihood, Link, Measure, Pooling,
        Scaling,
    },
    model::{Prior, Shape},
    transform::{Order, adstock::Adstock, saturation::Saturation},
};
use num_dual::{Dual64, DualNum};
use statrs::function::gamma::ln_gamma;

use crate::gradient::log_prior;

type D = Dual64;

const GEOS: [&str; 3] = ["north", "south", "east"];
const WEEKS: usize = 40;
const BEFORE: usize = 4;

/// Three geos with every kind of column, exposures reaching back four weeks.
fn panel() -> Panel {
    let rows: Vec<(usize, i32)> =
        (0..3).flat_map(|geo| (0_i32..).take(WEEKS + BEFORE).map(move |week| (geo, week))).collect();
    let date = |week: i32| Date::from_days_since_epoch(19_723 + 7 * i64::from(week)).unwrap();
    let wave = |pace: f64, low: f64| -> Vec<f64> {
        let of = |(geo, week): &(usize, i32)| (f64::from(*week) * pace + *geo as f64).sin().mul_add(0.5, low);
        rows.iter().map(of).collect()
    };
    let people =
        |factor: f64| -> Vec<f64> { rows.iter().map(|(geo, _)| factor * [3.0, 7.0, 4.0][*geo]).collect() };
    let exposure = |pace: f64| -> Vec<f64> {
        // Some weeks without any, as on real calendars.
        wave(pace, 0.2).into_iter().zip(people(1000.0)).map(|(wave, people)| wave.max(0.0) * people).collect()
    };
    let kpi = wave(0.7, 5.0).into_iter().zip(wave(0.21, 0.0)).zip(people(30.0));
    Panel::builder()
        .rows(rows.iter().map(|(geo, _)| GEOS[*geo]), rows.iter().map(|(_, week)| date(*week)))
        .before(BEFORE)
        .kpi("orders", kpi.map(|((a, b), people)| (a + b) * people).collect::<Vec<_>>())
        .worth(wave(0.05, 9.0))
        .population(people(1000.0))
        .exposed_channel("tv", wave(0.9, 2.0), exposure(0.9))
        .exposed_channel("search", wave(1.3, 1.0), exposure(1.3))
        .exposed_channel("radio", wave(1.7, 1.5), exposure(1.7))
        .reach_channel("video", wave(0.4, 3.0), exposure(0.4), wave(0.35, 2.0))
        .organic("mail", exposure(2.1))
        .treatment("price", wave(0.3, 4.0))
        .control("weather", wave(0.15, 0.0))
        .build()
        .unwrap()
}

/// Meridian's, with each measure on a channel of its own; PyMC-Marketing's, saturation first; and
/// `LightweightMMM`'s, with heavy tails, and multiplied.
fn models() -> Vec<GeoModel> {
    let mut meridian = GeoSpec::meridian();
    meridian.max_lag = 6;
    meridian.level.knots = GeoKnots::Even(5);
    let with = |measure, prior| {
        let mut spec = meridian.paid.clone();
        spec.effect = EffectSpec { measure, prior, ..spec.effect };
        spec
    };
    let marginal = with(Measure::MarginalRoi, Prior::LogNormal { mu: 0.0, sigma: 0.5 });
    let mut window = with(Measure::Roi { window: Some((5, 30)) }, Prior::LogNormal { mu: 0.2, sigma: 0.9 });
    window.saturation = Shape::of(Saturation::Hill)
        .with("slope", Prior::LogNormal { mu: 0.1, sigma: 0.3 })
        .with("kappa", Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 });
    window.order = Order::SaturationFirst;
    window.effect.pooling =
        Pooling::Hierarchical { spread: Prior::HalfNormal { sd: 0.5 }, form: Form::Normal };
    meridian.overrides.insert("search".to_owned(), marginal);
    meridian.overrides.insert("radio".to_owned(), window);
    let mut own_noise = GeoSpec::pymc();
    own_noise.max_lag = 5;
    own_noise.paid.order = Order::SaturationFirst;
    let alike = EffectSpec {
        measure: Measure::Contribution,
        prior: Prior::Beta { alpha: 2.0, beta: 8.0 },
        pooling: Pooling::Shared,
    };
    own_noise.organic.effect = alike;
    own_noise.organic.adstock = Shape::of(Adstock::Delayed);
    let mut lightweight = GeoSpec::lightweight();
    lightweight.fourier_cycle = Some(13.0);
    let multiplied = GeoSpec { likelihood: Likelihood::LogNormal, link: Link::Log, ..lightweight.clone() };
    lightweight.likelihood = Likelihood::StudentT { nu: 4.0 };
    [meridian, own_noise, lightweight, multiplied].map(|spec| GeoModel::new(spec, panel()).unwrap()).into()
}

/// Prior by name, from the description.
fn prior(model: &GeoModel, name: &str) -> Prior {
    let spec = model.spec();
    let (kind, owner) =
        name.split_once('[').map_or((name, ""), |(kind, owner)| (kind, owner.trim_end_matches(']')));
    let owner = owner.split(", ").next().unwrap();
    let (GeoLevel::Own(level) | GeoLevel::Contrast(level)) = spec.level.geos;
    let treatment = |owner: &str| match owner {
        "video" => &spec.paid_reach,
        "mail" => &spec.organic,
        paid => spec.overrides.get(paid).unwrap_or(&spec.paid),
    };
    let effect = |owner: &str| match owner {
        "price" => &spec.treatment,
        "weather" => &spec.control,
        mode if mode.starts_with("sin_") || mode.starts_with("cos_") => &spec.fourier,
        medium => &treatment(medium).effect,
    };
    let usual = |given: Option<&Prior>, default: Prior| given.copied().unwrap_or(default);
    match kind {
        "knot" => spec.level.knot,
        "level" => level,
        "sigma" => spec.noise.prior,
        "trend" => spec.trend.unwrap().slope,
        "trend_exponent" => spec.trend.unwrap().exponent,
        "offset" => Prior::Normal { mean: 0.0, sd: 1.0 },
        "spread" => match effect(owner).pooling {
            Pooling::Hierarchical { spread, .. } => spread,
            other => panic!("{other:?} has no spread"),
        },
        "roi" | "marginal_roi" | "share" | "coefficient" => effect(owner).prior,
        "adstock_alpha" => {
            usual(treatment(owner).adstock.priors.get("alpha"), Prior::Beta { alpha: 1.0, beta: 3.0 })
        }
        "adstock_theta" => Prior::HalfNormal { sd: 1.0 },
        "saturation_lam" => Prior::Gamma { shape: 3.0, rate: 1.0 },
        "saturation_slope" => treatment(owner).saturation.priors["slope"],
        "saturation_kappa" => treatment(owner).saturation.priors["kappa"],
        other => panic!("no prior for {other}"),
    }
}

/// From the unconstrained scale, over dual numbers.
fn constrained(prior: Prior, u: D) -> D {
    let share = ((-u).exp() + 1.0).recip();
    match prior {
        Prior::Normal { .. } | Prior::Laplace { .. } => u,
        Prior::Beta { .. } => share,
        Prior::Uniform { low, high } | Prior::TruncatedNormal { low, high, .. } => share * (high - low) + low,
        Prior::ShiftedLogNormal { shift, .. } => u.exp() + shift,
        _ => u.exp(),
    }
}

struct Plain<'m> {
    model: &'m GeoModel,
    values: Vec<D>,
    worth: Vec<f64>,
    target: Vec<f64>,
}

impl<'m> Plain<'m> {
    fn new(model: &'m GeoModel, u: &[D]) -> Self {
        let panel = model.panel();
        let values =
            model.names().iter().zip(u).map(|(name, u)| constrained(prior(model, name), *u)).collect();
        let per_geo = |geo: usize| &panel.kpi()[geo * WEEKS..(geo + 1) * WEEKS];
        let (units, shift): (Vec<f64>, f64) = match model.spec().scaling {
            Scaling::Maximum => {
                ((0..3).map(|geo| per_geo(geo).iter().copied().fold(0.0, f64::max)).collect(), 0.0)
            }
            Scaling::Mean => {
                ((0..3).map(|geo| per_geo(geo).iter().sum::<f64>() / WEEKS as f64).collect(), 0.0)
            }
            Scaling::Population => {
                let heads: Vec<f64> = (0..3)
                    .flat_map(|geo| per_geo(geo).iter().map(move |kpi| kpi / panel.population()[geo]))
                    .collect();
                let mean = heads.iter().sum::<f64>() / heads.len() as f64;
                let sd = (heads.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / heads.len() as f64).sqrt();
                (panel.population().iter().map(|people| people * sd).collect(), mean / sd)
            }
        };
        let cells = || 0..3 * WEEKS;
        Self {
            target: cells().map(|cell| panel.kpi()[cell] / units[cell / WEEKS] - shift).collect(),
            worth: cells().map(|cell| panel.worth().unwrap()[cell] * units[cell / WEEKS]).collect(),
            model,
            values,
        }
    }

    fn get(&self, name: &str) -> Option<D> {
        let place = self.model.names().iter().position(|own| own == name)?;
        Some(self.values[place])
    }

    /// Scaled series of a medium in one geo: volume, or frequency and reach.
    fn scaled(&self, medium: &PanelMedium, geo: usize) -> (Vec<f64>, Option<Vec<f64>>) {
        let (panel, length) = (self.model.panel(), WEEKS + BEFORE);
        let (Exposure::Volume(main) | Exposure::Reach { reach: main, .. }) = medium.exposure();
        let unit = match self.model.spec().scaling {
            Scaling::Maximum => main[geo * length..(geo + 1) * length].iter().copied().fold(0.0, f64::max),
            Scaling::Mean => main[geo * length..(geo + 1) * length].iter().sum::<f64>() / length as f64,
            Scaling::Population => {
                let mut heads: Vec<f64> = (0..3 * length)
                    .map(|cell| main[cell] / panel.population()[cell / length])
                    .filter(|value| *value > 0.0)
                    .collect();
                heads.sort_by(f64::total_cmp);
                0.5 * (heads[(heads.len() - 1) / 2] + heads[heads.len() / 2]) * panel.population()[geo]
            }
        };
        let own: Vec<f64> = main[geo * length..(geo + 1) * length].iter().map(|value| value / unit).collect();
        match medium.exposure() {
            Exposure::Volume(_) => (own, None),
            Exposure::Reach { frequency, .. } => {
                (frequency[geo * length..(geo + 1) * length].to_vec(), Some(own))
            }
        }
    }

    /// The effect of a medium in every week, `change` applied to volume or reach.
    fn effect(&self, medium: &PanelMedium, geo: usize, change: &dyn Fn(usize, f64) -> f64) -> Vec<D> {
        let spec = self.model.spec();
        let name = medium.name();
        let treatment = match name {
            "video" => &spec.paid_reach,
            "mail" => &spec.organic,
            paid => spec.overrides.get(paid).unwrap_or(&spec.paid),
        };
        let parameter = |what: &str| self.get(&format!("{what}[{name}]"));
        let curve = |x: D| {
            if x.re <= 0.0 {
                return D::from(0.0);
            }
            if treatment.saturation.family == Saturation::Logistic {
                return (x * parameter("saturation_lam").unwrap() * 0.5).tanh();
            }
            let slope = parameter("saturation_slope").unwrap_or(D::from(1.0));
            let ratio = parameter("saturation_kappa").unwrap() / x;
            ((ratio.ln() * slope).exp() + 1.0).recip()
        };
        let alpha = parameter("adstock_alpha").unwrap();
        let endless = treatment.adstock.family == Adstock::Endless;
        let weights: Vec<D> = (0..if endless { WEEKS + BEFORE } else { spec.max_lag })
            .map(|lag| {
                let exponent = match treatment.adstock.family {
                    Adstock::Delayed => (-parameter("adstock_theta").unwrap() + lag as f64).powi(2),
                    _ => D::from(lag as f64),
                };
                (alpha.ln() * exponent).exp()
            })
            .collect();
        let all: D = if endless { (-alpha + 1.0).recip() } else { weights.iter().sum() };
        let (series, reach) = self.scaled(medium, geo);
        let carried = |inner: &[D], week: usize| -> D {
            let terms = weights.iter().enumerate().filter(|(lag, _)| *lag <= week);
            terms.map(|(lag, weight)| inner[week - lag] * *weight / all).sum()
        };
        let changed = |week: usize, value: f64| D::from(change(week, value));
        let inner: Vec<D> = match (&reach, treatment.order) {
            (Some(reach), _) => series
                .iter()
                .zip(reach)
                .enumerate()
                .map(|(week, (frequency, reach))| curve(D::from(*frequency)) * changed(week, *reach))
                .collect(),
            (None, Order::SaturationFirst) => {
                series.iter().enumerate().map(|(week, x)| curve(changed(week, *x))).collect()
            }
            (None, Order::AdstockFirst) => {
                series.iter().enumerate().map(|(week, x)| changed(week, *x)).collect()
            }
        };
        (BEFORE..BEFORE + WEEKS)
            .map(|week| match (&reach, treatment.order) {
                (None, Order::AdstockFirst) => curve(carried(&inner, week)),
                _ => carried(&inner, week),
            })
            .collect()
    }

    /// Coefficients of all geos, given what a coefficient of one is worth in each.
    fn coefficients(&self, owner: &str, effect: &EffectSpec, worth: [D; 3], factor: f64) -> [D; 3] {
        let spent = |medium: &PanelMedium| medium.spend().map(|spend| spend.iter().sum::<f64>());
        let weight = match effect.measure {
            Measure::SpendShare => {
                let media = self.model.panel().media();
                let all: Vec<f64> = media.iter().filter_map(spent).collect();
                let own = media.iter().find(|medium| medium.name() == owner).and_then(spent).unwrap();
                own * all.len() as f64 / all.iter().sum::<f64>()
            }
            _ => 1.0,
        };
        let named = match effect.measure {
            Measure::Coefficient | Measure::SpendShare => "coefficient",
            Measure::Roi { .. } => "roi",
            Measure::MarginalRoi => "marginal_roi",
            Measure::Contribution => "share",
        };
        let measure = self.get(&format!("{named}[{owner}]"));
        let plain = effect.measure == Measure::Coefficient;
        let all: D = worth.iter().sum();
        match effect.pooling {
            Pooling::Separate => {
                GEOS.map(|geo| self.get(&format!("{named}[{owner}, {geo}]")).unwrap() * weight)
            }
            Pooling::Shared => [if plain { measure.unwrap() } else { measure.unwrap() * factor / all }; 3],
            Pooling::Hierarchical { form, .. } => {
                let spread = self.get(&format!("spread[{owner}]")).unwrap();
                let k = GEOS.map(|geo| self.get(&format!("offset[{owner}, {geo}]")).unwrap() * spread);
                let measure = measure.unwrap();
                match (form, plain) {
                    (Form::Normal, true) => k.map(|k| k + measure),
                    (Form::LogNormal, true) => k.map(|k| (k + measure).exp()),
                    (Form::Normal, false) => {
                        let met: D = (0..3).map(|geo| worth[geo] * k[geo]).sum();
                        k.map(|k| k + (measure * factor - met) / all)
                    }
                    (Form::LogNormal, false) => {
                        let met: D = (0..3).map(|geo| worth[geo] * k[geo].exp()).sum();
                        k.map(|k| k.exp() * measure * factor / met)
                    }
                }
            }
        }
    }

    fn log_likelihood(&self) -> D {
        let (panel, spec) = (self.model.panel(), self.model.spec());
        let worth = |geo: usize, series: &[D]| -> D {
            series.iter().zip(&self.worth[geo * WEEKS..]).map(|(value, worth)| *value * *worth).sum()
        };
        let total: f64 = panel.kpi().iter().zip(panel.worth().unwrap()).map(|(kpi, worth)| kpi * worth).sum();
        let mut expected = vec![D::from(0.0); 3 * WEEKS];
        let mut add = |series: &dyn Fn(usize) -> Vec<D>, beta: [D; 3]| {
            for (geo, beta) in beta.into_iter().enumerate() {
                for (week, value) in series(geo).into_iter().enumerate() {
                    expected[geo * WEEKS + week] += beta * value;
                }
            }
        };
        for medium in panel.media() {
            let effect = match medium.name() {
                "video" => &spec.paid_reach.effect,
                "mail" => &spec.organic.effect,
                paid => &spec.overrides.get(paid).unwrap_or(&spec.paid).effect,
            };
            let happened = |geo| self.effect(medium, geo, &|_, x| x);
            let (from, to) = match effect.measure {
                Measure::Roi { window: Some(window) } => window,
                _ => (0, WEEKS),
            };
            let spent: f64 =
                medium.spend().map_or(0.0, |spend| spend.chunks(WEEKS).flat_map(|geo| &geo[from..to]).sum());
            let of_unit = [0, 1, 2].map(|geo| {
                let now = worth(geo, &happened(geo));
                match effect.measure {
                    Measure::MarginalRoi => worth(geo, &self.effect(medium, geo, &|_, x| 1.01 * x)) - now,
                    Measure::Roi { window: Some(_) } => {
                        let inside = from + BEFORE..to + BEFORE;
                        let without = |week: usize, x: f64| if inside.contains(&week) { 0.0 } else { x };
                        now - worth(geo, &self.effect(medium, geo, &without))
                    }
                    _ => now,
                }
            });
            let factor = match effect.measure {
                Measure::MarginalRoi => 0.01 * spent,
                Measure::Contribution => total,
                _ => spent,
            };
            add(&happened, self.coefficients(medium.name(), effect, of_unit, factor));
        }
        let columns = panel.treatments().iter().map(|column| (column, &spec.treatment));
        for (column, effect) in columns.chain(panel.controls().iter().map(|column| (column, &spec.control))) {
            let values: Vec<f64> = match spec.scaling {
                Scaling::Maximum => column.values().to_vec(),
                Scaling::Mean => {
                    let mean = column.values().iter().sum::<f64>() / (3 * WEEKS) as f64;
                    column.values().iter().map(|x| x / mean).collect()
                }
                Scaling::Population => {
                    let count = (3 * WEEKS) as f64;
                    let mean = column.values().iter().sum::<f64>() / count;
                    let sd = (column.values().iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
                    column.values().iter().map(|x| (x - mean) / sd).collect()
                }
            };
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let series = |geo: usize| -> Vec<D> {
                values[geo * WEEKS..(geo + 1) * WEEKS].iter().map(|x| D::from(*x)).collect()
            };
            let above = [0, 1, 2]
                .map(|geo| worth(geo, &series(geo).into_iter().map(|x| x - least).collect::<Vec<_>>()));
            add(&series, self.coefficients(column.name(), effect, above, total));
        }
        let modes = match spec.fourier_cycle {
            None => yearly_fourier(panel.dates(), spec.fourier_order),
            Some(cycle) => cyclic_fourier(WEEKS, cycle, spec.fourier_order),
        };
        for (index, mode) in modes.columns().into_iter().enumerate() {
            let kind = if index < spec.fourier_order { "sin" } else { "cos" };
            let name = format!("{kind}_{}", index % spec.fourier_order + 1);
            let series = |_| mode.iter().map(|x| D::from(*x)).collect();
            add(&series, self.coefficients(&name, &spec.fourier, [D::from(0.0); 3], 0.0));
        }
        self.compared(&expected)
    }

    /// The log likelihood, given what terms add to the KPI.
    fn compared(&self, expected: &[D]) -> D {
        let (panel, spec) = (self.model.panel(), self.model.spec());
        let knots = match spec.level.knots {
            GeoKnots::Even(count) => even_knots(WEEKS, count),
            _ => Vec::new(),
        };
        let weights = knot_weights(WEEKS, &knots);
        let mut total = D::from(0.0);
        for (geo, geo_name) in GEOS.into_iter().enumerate() {
            let level = self.get(&format!("level[{geo_name}]")).unwrap_or(D::from(0.0));
            let sigma = self.get("sigma").or_else(|| self.get(&format!("sigma[{geo_name}]"))).unwrap();
            for week in 0..WEEKS {
                let shared: D = knots
                    .iter()
                    .enumerate()
                    .map(|(at, knot)| {
                        self.get(&format!("knot[{}]", panel.dates()[*knot])).unwrap() * weights[[at, week]]
                    })
                    .sum();
                let trend = match self.get(&format!("trend[{geo_name}]")) {
                    Some(slope) if week > 0 => {
                        slope * (self.get("trend_exponent").unwrap() * (week as f64).ln()).exp()
                    }
                    _ => D::from(0.0),
                };
                let explained = expected[geo * WEEKS + week] + level + shared + trend;
                let target = self.target[geo * WEEKS + week];
                let bell = |z: D| z * z * -0.5 - sigma.ln() - 0.5 * std::f64::consts::TAU.ln();
                total += match (spec.likelihood, spec.link) {
                    (Likelihood::Normal, Link::Identity) => bell((-explained + target) / sigma),
                    (Likelihood::LogNormal, Link::Log) => {
                        bell((-explained + target.ln()) / sigma) - target.ln()
                    }
                    (Likelihood::StudentT { nu }, Link::Identity) => {
                        let z = (-explained + target) / sigma;
                        let constant = ln_gamma(0.5 * (nu + 1.0)) - ln_gamma(0.5 * nu);
                        (z * z / nu).ln_1p() * (-0.5 * (nu + 1.0)) - sigma.ln() + constant
                            - 0.5 * (nu * std::f64::consts::PI).ln()
                    }
                    other => panic!("no formula for {other:?}"),
                };
            }
        }
        total
    }
}

fn points(model: &GeoModel) -> Vec<Vec<f64>> {
    let size = model.names().len();
    (0..2)
        .map(|point| {
            (0..size).map(|place| ((point * 13 + place * 7) as f64 * 0.9).sin() * 0.6 - 0.2).collect()
        })
        .collect()
}

#[test]
fn value_and_gradient_of_geos_equal_those_of_dual_numbers() {
    for model in models() {
        let mut posterior = model.posterior();
        for point in points(&model) {
            let mut gradient = vec![0.0; point.len()];
            let value = posterior.log_density(&point, &mut gradient);
            for place in 0..point.len() {
                let mut dual: Vec<D> = point.iter().map(|value| D::from_re(*value)).collect();
                dual[place] = dual[place].derivative();
                let priors =
                    model.names().iter().zip(&dual).map(|(name, u)| log_prior(prior(&model, name), *u));
                let exact = priors.fold(Plain::new(&model, &dual).log_likelihood(), |sum, term| sum + term);
                assert_relative_eq!(value, exact.re, max_relative = 1e-10);
                let name = &model.names()[place];
                let error = (gradient[place] - exact.eps).abs() / exact.eps.abs().max(1.0);
                assert!(error < 1e-8, "{name}: {} for {}", gradient[place], exact.eps);
            }
        }
    }
}

#[test]
fn a_density_of_own_values_is_the_other_one_without_the_change_of_scale() {
    for model in models() {
        let mut posterior = model.posterior();
        for point in points(&model) {
            let mut gradient = vec![0.0; point.len()];
            let unconstrained = posterior.log_density(&point, &mut gradient);
            let mut values = point.clone();
            model.constrain(&mut values);
            let own = posterior.log_density_of(&values);
            let change: f64 = model
                .names()
                .iter()
                .zip(&point)
                .map(|(name, u)| constrained(prior(&model, name), D::from_re(*u).derivative()).eps.ln())
                .sum();
            assert_relative_eq!(unconstrained, own + change, max_relative = 1e-11);
        }
    }
}

#[test]
fn the_gradient_of_counted_orders_is_the_limit_of_differences() {
    for link in [Link::Identity, Link::Log] {
        let spec = GeoSpec { likelihood: Likelihood::NegativeBinomial, link, ..GeoSpec::lightweight() };
        let model = GeoModel::new(spec, panel()).unwrap();
        let mut posterior = model.posterior();
        let mut point = points(&model)[0].clone();
        // Levels high enough that no mean is below zero.
        for (place, name) in model.names().iter().enumerate() {
            point[place] = match name.split('[').next().unwrap() {
                "level" => 1.5,
                "trend" => 0.01,
                "coefficient" if name.contains("weather") || name.contains("price") => 0.0,
                _ => 0.1 * point[place],
            };
        }
        let (mut gradient, mut unused) = (vec![0.0; point.len()], vec![0.0; point.len()]);
        assert!(posterior.log_density(&point, &mut gradient).is_finite());
        for place in 0..point.len() {
            let mut at = |step: f64| {
                let mut moved = point.clone();
                moved[place] += step;
                posterior.log_density(&moved, &mut unused)
            };
            let numeric = (8.0 * (at(1e-5) - at(-1e-5)) - (at(2e-5) - at(-2e-5))) / 12e-5;
            let error = (gradient[place] - numeric).abs() / gradient[place].abs().max(1.0);
            assert!(error < 1e-4, "{}: {} for {numeric}", model.names()[place], gradient[place]);
        }
    }
}

#[test]
fn what_media_bring_is_what_would_be_missing_without_them() {
    for model in models() {
        let draws: Vec<f64> = points(&model).concat().into_iter().map(|value| 0.2 * value).collect();
        let mut draws = ndarray::Array2::from_shape_vec((2, model.names().len()), draws).unwrap();
        for mut row in draws.rows_mut() {
            let mut values = row.to_vec();
            model.constrain(&mut values);
            row.assign(&ndarray::Array1::from(values));
        }
        let effects = model.effects_of(draws.view(), Lever::Frequency);
        let response = model.response_of(draws.view(), &[0.0, 1.0, 1.01], Lever::Frequency);
        for ((draw, channel), outcome) in effects.outcome.indexed_iter() {
            let at = |step: usize| response.outcome[[step, draw, channel]];
            assert_relative_eq!(at(0), 0.0, epsilon = 1e-9);
            assert_relative_eq!(at(1), *outcome, max_relative = 1e-9);
            let marginal = (at(2) - at(1)) / (0.01 * response.spend[[1, channel]]);
            assert_relative_eq!(effects.marginal_roi[[draw, channel]], marginal, max_relative = 1e-6);
            let roi = outcome / response.spend[[1, channel]];
            assert_relative_eq!(effects.roi[[draw, channel]], roi, max_relative = 1e-12);
        }
    }
}

#[test]
fn descriptions_that_cannot_be_are_refused() {
    let refused = |spec: GeoSpec| GeoModel::new(spec, panel()).unwrap_err().to_string();
    let meridian = GeoSpec::meridian;
    let mut organic = meridian();
    organic.organic.effect.measure = Measure::Roi { window: None };
    let mut separate = meridian();
    separate.paid.effect.pooling = Pooling::Separate;
    let mut unspent = meridian();
    unspent.paid.effect.measure = Measure::Roi { window: Some((40, 50)) };
    let mut negative = meridian();
    negative.paid.effect.prior = Prior::Normal { mean: 0.0, sd: 1.0 };
    let mut unknown = meridian();
    unknown.overrides.insert("print".to_owned(), unknown.paid.clone());
    let counted = GeoSpec { likelihood: Likelihood::NegativeBinomial, ..meridian() };
    let light = GeoSpec::lightweight;
    for (spec, words) in [
        (organic, "nobody pays"),
        (separate, "coefficients only"),
        (unspent, "nothing was spent"),
        (negative, "roi[tv]"),
        (unknown, "print"),
        (counted, "centred"),
        (GeoSpec { max_lag: 0, ..meridian() }, "memory"),
        (GeoSpec { fourier_cycle: Some(0.0), ..light() }, "cycle"),
        (GeoSpec { likelihood: Likelihood::StudentT { nu: -1.0 }, ..light() }, "degrees of freedom"),
        (GeoSpec { link: Link::Log, paid: GeoSpec::meridian().paid, ..light() }, "multiply"),
    ] {
        let refusal = refused(spec);
        assert!(refusal.contains(words), "{refusal}");
    }
}

#[test]
fn a_stored_description_comes_back() {
    for spec in [GeoSpec::meridian(), GeoSpec::pymc(), GeoSpec::lightweight()] {
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<GeoSpec>(&text).unwrap(), spec);
    }
    assert_eq!(serde_json::from_str::<GeoSpec>("{}").unwrap(), GeoSpec::meridian());
}

#[test]
fn slices_of_another_length_and_places_far_out_are_no_panic() {
    for model in models() {
        let mut posterior = model.posterior();
        assert!(posterior.log_density(&[0.0], &mut [0.0]).is_nan());
        let mut gradient = vec![0.0; model.names().len()];
        for far in [-1e4, -800.0, 800.0, 1e4, f64::NAN, f64::INFINITY] {
            let value = posterior.log_density(&vec![far; gradient.len()], &mut gradient);
            assert!(!value.is_finite() || value < 0.0, "{value} at {far}");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_draws_of_geos_on_any_number_of_threads() {
    let model = &models()[0];
    let settings =
        |threads| FitSettings { tune: 60, draws: 30, threads: Some(threads), ..FitSettings::seeded(3) };
    let (one, two) = (model.fit(&settings(1)).unwrap(), model.fit(&settings(2)).unwrap());
    assert_eq!(one.parameters(), two.parameters());
    assert_eq!(one.contributions(), two.contributions());
    let names: Vec<&str> = model.contributors().collect();
    assert_eq!(names, ["tv", "search", "radio", "video", "mail", "price"]);
    assert_eq!(one.diagnostics().contributions.len(), names.len());
}
