//! Our adstock and saturation beside the peers' numbers, for every file of cases that they gave.
//!
//! | file                             | told by its columns     | rows                                  |
//! |----------------------------------|-------------------------|---------------------------------------|
//! | `pymc_adstock_cases.csv`         | `case_id`               | series in `pymc_adstock_series.csv`   |
//! | `pymc_saturation.csv`            | `dy_dx`                 | a point with its slope each           |
//! | `robyn_transforms.csv`           | `immediate`             | a period of a case each               |
//! | `lightweight_mmm_transforms.csv` | `channel`               | likewise                              |
//! | `meridian_transforms.csv`        | `kind`, `params`, `t`   | likewise                              |

use std::path::Path;

use anyhow::{Context, bail};
use mmm_core::transform::{
    adstock::{Adstock, robyn_scale},
    carryover::{Carryover, Direction},
    recursive::recursive_adstock,
    saturation::{Saturation, inverse_michaelis_menten, robyn_inflexion},
};
use ndarray::Array1;
use serde::Serialize;
use serde_json::Value;

use crate::spec::{Table, read};

/// How far we are from a file.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// Kinds with their parameters, or points.
    pub(crate) cases: usize,
    /// Numbers that were compared.
    pub(crate) values: usize,
    /// The largest difference, relative to the larger of 1 and the expected value.
    pub(crate) max_error: f64,
    /// The case that has it.
    pub(crate) worst: Option<String>,
}

/// Parameters of a case, as JSON or as `name=value;…`.
struct Params(Value);

impl Params {
    fn read(text: &str) -> Self {
        let pairs = || {
            let pair = |pair: &str| {
                let (name, value) = pair.split_once('=')?;
                Some((name.to_owned(), value.parse::<f64>().ok()?.into()))
            };
            Value::Object(text.split(';').filter_map(pair).collect())
        };
        Self(serde_json::from_str(text).unwrap_or_else(|_| pairs()))
    }

    fn number(&self, name: &str) -> anyhow::Result<f64> {
        self.0[name].as_f64().with_context(|| format!("there is no number {name} in {}", self.0))
    }

    fn numbers(&self, names: &[&str]) -> anyhow::Result<Vec<f64>> {
        names.iter().map(|name| self.number(name)).collect()
    }

    fn count(&self, name: &str) -> anyhow::Result<usize> {
        let count = self.0[name].as_u64().and_then(|count| usize::try_from(count).ok());
        count.with_context(|| format!("there is no count {name} in {}", self.0))
    }

    fn is(&self, name: &str) -> bool {
        self.0[name].as_bool().unwrap_or_default()
    }
}

impl Comparison {
    /// One case: ours beside theirs; what is not finite in the file is left out.
    fn add(&mut self, name: &str, pairs: impl IntoIterator<Item = (f64, f64)>) {
        self.cases += 1;
        for (ours, theirs) in pairs.into_iter().filter(|(_, theirs)| theirs.is_finite()) {
            self.values += 1;
            let error = (ours - theirs).abs() / theirs.abs().max(1.0);
            // A result that is not a number is the worst of all.
            let error = if error.is_nan() { f64::INFINITY } else { error };
            if error > self.max_error || self.worst.is_none() {
                self.max_error = error;
                self.worst = Some(name.to_owned());
            }
        }
    }
}

pub(crate) fn compare(path: &Path) -> anyhow::Result<Comparison> {
    let text = read(path)?;
    let table = Table::read(&text)?;
    let mut comparison = Comparison { cases: 0, values: 0, max_error: 0.0, worst: None };
    if table.has("case_id") {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let series = read(&path.with_file_name(name.replace("cases", "series")))?;
        adstock_cases(&table, &Table::read(&series)?, &mut comparison)?;
    } else {
        let column = if table.has("dy_dx") { saturation_points } else { series_cases };
        column(&table, &mut comparison)?;
    }
    Ok(comparison)
}

fn adstock_cases(cases: &Table, series: &Table, comparison: &mut Comparison) -> anyhow::Result<()> {
    let (ids, x, y) = (series.texts("case_id")?, series.numbers("x")?, series.numbers("y")?);
    let columns = (cases.texts("case_id")?, cases.texts("kind")?, cases.texts("params")?);
    for ((id, kind), text) in columns.0.into_iter().zip(columns.1).zip(columns.2) {
        let params = Params::read(text);
        let (adstock, names): (_, &[&str]) = match kind {
            "geometric" => (Adstock::Geometric, &["alpha"]),
            "binomial" => (Adstock::Binomial, &["alpha"]),
            "delayed" => (Adstock::Delayed, &["alpha", "theta"]),
            "weibull_pdf" => (Adstock::WeibullPdf, &["lam", "k"]),
            "weibull_cdf" => (Adstock::WeibullCdf, &["lam", "k"]),
            other => bail!("there is no adstock {other:?}"),
        };
        let direction = match params.0["mode"].as_str() {
            Some("Before") => Direction::Before,
            Some("Overlap") => Direction::Overlap,
            _ => Direction::After,
        };
        let carryover = Carryover::new(adstock, params.count("l_max")?).toward(direction);
        let carryover = if params.is("normalize") { carryover } else { carryover.unnormalized() };
        let rows: Vec<usize> = (0..x.len()).filter(|row| ids[*row] == id).collect();
        let pressure: Array1<f64> = rows.iter().map(|row| x[*row]).collect();
        let carried = carryover.apply(pressure.view(), &params.numbers(names)?)?;
        comparison.add(
            &format!("case {id}: {kind} {text}"),
            carried.into_iter().zip(rows.iter().map(|row| y[*row])),
        );
    }
    Ok(())
}

fn saturation_points(table: &Table, comparison: &mut Comparison) -> anyhow::Result<()> {
    let (kinds, texts) = (table.texts("kind")?, table.texts("params")?);
    let (x, y, slopes) = (table.numbers("x")?, table.numbers("y")?, table.numbers("dy_dx")?);
    for row in 0..x.len() {
        let params = Params::read(texts[row]);
        let of = |name| params.number(name);
        let (curve, parameters, height) = match kinds[row] {
            "logistic" => (Saturation::Logistic, vec![of("lam")?], 1.0),
            "inverse_scaled_logistic" => (Saturation::InverseScaledLogistic, vec![of("lam")?], 1.0),
            "tanh" => (Saturation::Tanh, vec![of("b")? * of("c")?], of("b")?),
            "tanh_baselined" => (Saturation::TanhBaselined, vec![of("x0")?, of("r")?], of("gain")?),
            "michaelis_menten" => (Saturation::MichaelisMenten, vec![of("lam")?], of("alpha")?),
            "hill" => (Saturation::Hill, vec![of("slope")?, of("kappa")?], 1.0),
            "hill_sigmoid" => (Saturation::HillSigmoid, vec![of("lam")?, of("beta")?], of("sigma")?),
            "root" => (Saturation::Root, vec![of("alpha")?], 1.0),
            other => bail!("there is no saturation {other:?}"),
        };
        let response = curve.response(x[row], &parameters).context("the curve has other parameters")?;
        let pairs = [(height * response.value, y[row]), (height * response.by_pressure, slopes[row])];
        comparison.add(&format!("{} {} at {}", kinds[row], texts[row], x[row]), pairs);
    }
    Ok(())
}

fn series_cases(table: &Table, comparison: &mut Comparison) -> anyhow::Result<()> {
    let (kinds, texts) = (table.texts("kind")?, table.texts("params")?);
    let channels = if table.has("channel") { table.texts("channel")? } else { vec![""; table.rows.len()] };
    let (x, y) = (table.numbers("x")?, table.texts("y")?);
    let key = |row: &usize| (kinds[*row], texts[*row], channels[*row]);
    let mut rows: Vec<usize> = (0..x.len()).collect();
    rows.sort_by_key(key);
    for rows in rows.chunk_by(|a, b| key(a) == key(b)) {
        let (kind, text, channel) = key(&rows[0]);
        let pressure: Array1<f64> = rows.iter().map(|row| x[*row]).collect();
        let ours = series(kind, &Params::read(text), &pressure)?;
        // A blank was not given out by the peer.
        let theirs = rows.iter().map(|row| y[*row].parse().unwrap_or(f64::NAN));
        comparison.add(&format!("{kind} {text} {channel}"), ours.into_iter().zip(theirs));
    }
    Ok(())
}

fn series(kind: &str, params: &Params, x: &Array1<f64>) -> anyhow::Result<Array1<f64>> {
    let of = |name: &str| params.number(name);
    let curve = |curve: Saturation, parameters: &[f64], share: f64| -> anyhow::Result<Array1<f64>> {
        let at = |x: &f64| curve.response(share * x, parameters).map(|response| response.value);
        x.iter().map(|x| at(x).context("the curve has other parameters")).collect()
    };
    let carry = |adstock, parameter: &str| -> anyhow::Result<Array1<f64>> {
        let carryover = Carryover::new(adstock, (params.count("max_lag")? + 1).min(x.len()));
        Ok(carryover.apply(x.view(), &[of(parameter)?])?)
    };
    let weibull = |adstock| -> anyhow::Result<Array1<f64>> {
        let parameters = [robyn_scale(x.len(), of("scale")?), of("shape")?];
        Ok(Carryover::new(adstock, x.len()).unnormalized().apply(x.view(), &parameters)?)
    };
    match kind {
        "geometric" => carry(Adstock::Geometric, "alpha"),
        "binomial" => carry(Adstock::BinomialClosed, "alpha"),
        "hill" if params.0.get("ec").is_some() => {
            curve(Saturation::Hill, &params.numbers(&["slope", "ec"])?, 1.0)
        }
        "hill" => {
            curve(Saturation::Hill, &params.numbers(&["slope", "half_max_effective_concentration"])?, 1.0)
        }
        "exponent" => curve(Saturation::Root, &params.numbers(&["exponent"])?, 1.0),
        "adstock" => Ok(recursive_adstock(x.view(), of("lag_weight")?, params.is("normalise"))?),
        "carryover" => {
            let carryover = Carryover::new(Adstock::Delayed, params.count("number_lags")?);
            let parameters = params.numbers(&["ad_effect_retention_rate", "peak_effect_delay"])?;
            Ok(carryover.apply(x.view(), &parameters)?)
        }
        "adstock_geometric" => Ok(recursive_adstock(x.view(), of("theta")?, false)?),
        "adstock_weibull_cdf" => weibull(Adstock::WeibullCdf),
        "adstock_weibull_pdf" => weibull(Adstock::WeibullPdf),
        "saturation_hill" | "saturation_hill_marginal" => {
            let inflexion = robyn_inflexion(&x.to_vec(), of("gamma")?);
            let share = if kind.ends_with("marginal") { 0.5 } else { 1.0 };
            curve(Saturation::Hill, &[of("alpha")?, inflexion], share)
        }
        "mic_men" => Ok(curve(Saturation::MichaelisMenten, &[of("Km")?], 1.0)? * of("Vmax")?),
        "mic_men_reverse" => {
            let (most, half) = (of("Vmax")?, of("Km")?);
            Ok(x.mapv(|y| inverse_michaelis_menten(y, most, half)))
        }
        other => bail!("there is no transform {other:?}"),
    }
}
