//! Our log density beside that of a file of a peer's.
//!
//! A file of PyMC-Marketing's has `points` that name every variable's value on its unconstrained scale. A
//! variable `adstock_alpha` with the dimension `channel` is our `adstock_alpha[tv]`, one with `channel` and
//! `geo` our `offset[tv, north]`; `names` in the specification translates where the names differ beyond
//! that. A file of Meridian's has `draws`: see [`crate::meridian`].

use std::path::Path;

use anyhow::{Context, bail};
use mmm_core::{geo::GeoModel, model::Model};
use serde::Serialize;
use serde_json::Value;

use crate::{
    meridian,
    spec::{Spec, read},
};

/// What one point says.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) log_density: f64,
    pub(crate) expected_log_density: f64,
    pub(crate) relative_error: f64,
    /// In the order of the file, on the unconstrained scale.
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

/// A model of one nation or of several geos.
enum Bound {
    National(Model),
    Geos(GeoModel),
}

impl Bound {
    fn names(&self) -> &[String] {
        match self {
            Self::National(model) => model.layout().names(),
            Self::Geos(model) => model.names(),
        }
    }

    fn evaluate(&self, position: &[f64]) -> (f64, Vec<f64>) {
        let mut gradient = vec![0.0; position.len()];
        let value = match self {
            Self::National(model) => model.posterior().log_density(position, &mut gradient),
            Self::Geos(model) => model.posterior().log_density(position, &mut gradient),
        };
        (value, gradient)
    }
}

/// Values by our names, and their places in the order of a file.
pub(crate) struct Position<'m> {
    names: &'m [String],
    values: Vec<f64>,
    places: Vec<usize>,
}

impl<'m> Position<'m> {
    pub(crate) fn new(names: &'m [String]) -> Self {
        Self { names, values: vec![f64::NAN; names.len()], places: Vec::new() }
    }

    pub(crate) const fn names(&self) -> &'m [String] {
        self.names
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    pub(crate) fn set(&mut self, theirs: &str, name: &str, value: f64) -> anyhow::Result<()> {
        let place = self.names.iter().position(|own| own == name).with_context(|| {
            format!(
                "{theirs} is {name} here, which the model does not have; it has {}",
                self.names.join(", ")
            )
        })?;
        self.values[place] = value;
        self.places.push(place);
        Ok(())
    }

    /// The values in our order; every parameter must have one.
    fn complete(&self) -> anyhow::Result<Vec<f64>> {
        match self.values.iter().position(|value| value.is_nan()) {
            Some(missing) => bail!("the file has no value for {}", self.names[missing]),
            None => Ok(self.values.clone()),
        }
    }
}

pub(crate) fn compare(file: &Path, spec: &Path, data: &Path) -> anyhow::Result<Points> {
    let (spec, csv) = (Spec::read(spec)?, read(data)?);
    let model = match spec.bind_panel(&csv)? {
        Some(model) => Bound::Geos(model),
        None => Bound::National(spec.bind(&csv)?),
    };
    // Python writes NaN, which JSON does not have.
    let text = read(file)?.replace("NaN", "null");
    let vectors: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
    let compared = |of: &dyn Fn(&Value) -> anyhow::Result<Point>, list: &[Value]| {
        let points = list.iter().enumerate();
        points.map(|(index, point)| of(point).with_context(|| format!("point {index}"))).collect()
    };
    let points: anyhow::Result<Vec<Point>> = match (vectors["points"].as_array(), vectors["draws"].as_array())
    {
        (Some(points), _) => compared(&|point| of_pymc(&model, &spec, &vectors, point), points),
        (None, Some(draws)) => compared(&|draw| of_meridian(&model, &spec, &vectors, draw), draws),
        (None, None) => bail!("the file has neither a list of points nor one of draws"),
    };
    Ok(Points { points: points? })
}

fn of_pymc(model: &Bound, spec: &Spec, file: &Value, point: &Value) -> anyhow::Result<Point> {
    let unconstrained = point["unconstrained"].as_object().context("it has no unconstrained values")?;
    let order: Vec<&str> = match point["grad_order"].as_array() {
        Some(order) => order.iter().filter_map(Value::as_str).collect(),
        None => unconstrained.keys().map(String::as_str).collect(),
    };
    let mut position = Position::new(model.names());
    for variable in order {
        for (name, value) in variable_values(spec, file, variable, &unconstrained[variable])? {
            position.set(variable, &name, value)?;
        }
    }
    let (log_density, slopes) = model.evaluate(&position.complete()?);
    let gradient: Vec<f64> = position.places.iter().map(|place| slopes[*place]).collect();
    let expected = point["logp"].as_f64().context("it has no logp")?;
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
        expected_gradient,
        gradient_error,
        ..Point::without_gradient(log_density, expected, gradient)
    })
}

/// Meridian's density is that of its parameters on their own scale.
fn of_meridian(model: &Bound, spec: &Spec, file: &Value, draw: &Value) -> anyhow::Result<Point> {
    let Bound::Geos(model) = model else {
        bail!("a model of Meridian's is described by `geo_model`, also where there is a single nation")
    };
    let mut position = Position::new(model.names());
    meridian::place(&mut position, spec, file, draw)?;
    let mut values = position.complete()?;
    let expected = draw["joint_log_prob"].as_f64().context("it has no joint_log_prob")?;
    let mut posterior = model.posterior();
    let log_density = posterior.log_density_of(&values);
    model.unconstrain(&mut values);
    let mut slopes = vec![0.0; values.len()];
    posterior.log_density(&values, &mut slopes);
    let gradient = position.places.iter().map(|place| slopes[*place]).collect();
    Ok(Point::without_gradient(log_density, expected, gradient))
}

impl Point {
    fn without_gradient(log_density: f64, expected: f64, gradient: Vec<f64>) -> Self {
        Self {
            log_density,
            expected_log_density: expected,
            relative_error: (log_density - expected).abs() / expected.abs(),
            gradient,
            expected_gradient: None,
            gradient_error: None,
        }
    }
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
    let dimensions: Vec<&str> =
        file["dims"][plain].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut found = Vec::new();
    walk(&file["coords"], &dimensions, values, &[], &mut found).with_context(|| format!("in {variable}"))?;
    let named = |(labels, value): (Vec<String>, f64)| match labels.as_slice() {
        [] => (ours.to_owned(), value),
        labels => (format!("{ours}[{}]", labels.join(", ")), value),
    };
    Ok(found.into_iter().map(named).collect())
}

/// Every cell of nested lists with its labels, the geo last.
fn walk(
    coords: &Value,
    dimensions: &[&str],
    cells: &Value,
    above: &[String],
    found: &mut Vec<(Vec<String>, f64)>,
) -> anyhow::Result<()> {
    let [dimension, inner @ ..] = dimensions else {
        let value = cells.as_f64().with_context(|| format!("{cells} is no number"))?;
        found.push((above.to_vec(), value));
        return Ok(());
    };
    let labels = coords[*dimension].as_array().with_context(|| format!("{dimension} has no labels"))?;
    let cells = cells.as_array().with_context(|| format!("{dimension} has no values"))?;
    if labels.len() != cells.len() {
        bail!("there are {} values for {} labels of {dimension}", cells.len(), labels.len());
    }
    for (label, cell) in labels.iter().zip(cells) {
        let mut named = above.to_vec();
        let place = if *dimension == "geo" { named.len() } else { named.len().saturating_sub(1) };
        named.insert(place, label.as_str().unwrap_or_default().to_owned());
        walk(coords, inner, cell, &named, found)?;
    }
    Ok(())
}
