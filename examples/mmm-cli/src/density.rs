//! Our log density beside that of a file with points of a PyMC-Marketing model.
//!
//! The file names every variable's value on PyMC's unconstrained scale. A variable `adstock_alpha` with
//! the dimension `channel` is our `adstock_alpha[tv]`, and so on; `names` in the specification translates
//! where the names differ beyond that.

use std::path::Path;

use anyhow::{Context, bail};
use mmm_core::model::Model;
use serde::Serialize;
use serde_json::Value;

use crate::spec::{Spec, read};

/// What one point says.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) log_density: f64,
    pub(crate) expected_log_density: f64,
    pub(crate) relative_error: f64,
    /// In the order of the file.
    pub(crate) gradient: Vec<f64>,
    /// `null` where the file has none.
    pub(crate) expected_gradient: Option<Vec<Option<f64>>>,
    /// The largest difference, relative to the larger of 1 and the expected value; slopes that are not a
    /// number in the file do not count.
    pub(crate) gradient_error: Option<f64>,
}

/// All points of a file.
#[derive(Debug, Serialize)]
pub(crate) struct Points {
    pub(crate) points: Vec<Point>,
}

pub(crate) fn compare(file: &Path, spec: &Path, data: &Path) -> anyhow::Result<Points> {
    let spec = Spec::read(spec)?;
    let model = spec.bind(&read(data)?)?;
    // Python writes NaN, which JSON does not have.
    let text = read(file)?.replace("NaN", "null");
    let vectors: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let points = vectors["points"].as_array().context("the file has no list of points")?;
    let points = points.iter().enumerate().map(|(index, point)| {
        compare_point(&model, &spec, &vectors, point).with_context(|| format!("point {index}"))
    });
    Ok(Points { points: points.collect::<Result<_, _>>()? })
}

fn compare_point(model: &Model, spec: &Spec, file: &Value, point: &Value) -> anyhow::Result<Point> {
    let unconstrained = point["unconstrained"].as_object().context("it has no unconstrained values")?;
    let order: Vec<&str> = match point["grad_order"].as_array() {
        Some(order) => order.iter().filter_map(Value::as_str).collect(),
        None => unconstrained.keys().map(String::as_str).collect(),
    };
    let names = model.layout().names();
    let mut position = vec![f64::NAN; names.len()];
    let mut places = Vec::with_capacity(names.len());
    for variable in order {
        for (name, value) in variable_values(spec, file, variable, &unconstrained[variable])? {
            let place = names.iter().position(|own| *own == name);
            let place = place.with_context(|| {
                format!(
                    "{variable} is {name} here, which the model does not have; it has {}",
                    names.join(", ")
                )
            })?;
            position[place] = value;
            places.push(place);
        }
    }
    if let Some(missing) = position.iter().position(|value| value.is_nan()) {
        bail!("the file has no value for {}", names[missing]);
    }
    let mut slopes = vec![0.0; position.len()];
    let log_density = model.posterior().log_density(&position, &mut slopes);
    let gradient: Vec<f64> = places.iter().map(|place| slopes[*place]).collect();
    let expected_log_density = point["logp"].as_f64().context("it has no logp")?;
    let expected_gradient = point
        .get("grad")
        .map(|grad| grad.as_array().into_iter().flatten().map(Value::as_f64).collect::<Vec<Option<f64>>>());
    let gradient_error = match &expected_gradient {
        Some(expected) if expected.len() != gradient.len() => {
            bail!("the gradient has {} slopes, the model {} parameters", expected.len(), gradient.len())
        }
        Some(expected) => {
            let pairs = gradient.iter().zip(expected);
            let errors = pairs.filter_map(|(ours, theirs)| {
                theirs.map(|theirs| (ours - theirs).abs() / theirs.abs().max(1.0))
            });
            Some(errors.fold(0.0, f64::max))
        }
        None => None,
    };
    Ok(Point {
        log_density,
        expected_log_density,
        relative_error: (log_density - expected_log_density).abs() / expected_log_density.abs(),
        gradient,
        expected_gradient,
        gradient_error,
    })
}

/// Our names of a variable's values, in the file's order.
fn variable_values(
    spec: &Spec,
    file: &Value,
    variable: &str,
    values: &Value,
) -> anyhow::Result<Vec<(String, f64)>> {
    let suffixes = ["_log__", "_logodds__", "_interval__"];
    let plain = suffixes.iter().find_map(|suffix| variable.strip_suffix(suffix)).unwrap_or(variable);
    let ours = match spec.names.get(plain).map_or(plain, String::as_str) {
        "intercept_contribution" => "intercept",
        "y_sigma" => "sigma",
        other => other,
    };
    let number =
        |value: &Value| value.as_f64().with_context(|| format!("{variable} has {value}, which is no number"));
    let Some(values) = values.as_array() else { return Ok(vec![(ours.to_owned(), number(values)?)]) };
    let dimension = file["dims"][plain][0].as_str().with_context(|| format!("{plain} has no dimension"))?;
    let labels =
        file["coords"][dimension].as_array().with_context(|| format!("{dimension} has no labels"))?;
    if labels.len() != values.len() {
        bail!("{variable} has {} values for {} labels", values.len(), labels.len());
    }
    let named = |(label, value): (&Value, &Value)| {
        Ok((format!("{ours}[{}]", label.as_str().unwrap_or_default()), number(value)?))
    };
    labels.iter().zip(values).map(named).collect()
}
