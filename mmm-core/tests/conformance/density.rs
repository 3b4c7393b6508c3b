//! The log density of PyMC-Marketing models, with its gradient.

use mmm_core::{
    model::{ChannelSpec, LiftLikelihood, LiftTest, Model, ModelSpec, Prior},
    transform::{adstock::Adstock, saturation::Saturation},
};
use serde_json::Value;

use crate::shared::{deviation, flat, json, mmm_example, say};

/// Compares density and gradient at every point of a file. `moved` is one of PyMC's names and the one
/// before which our layout has it.
fn compare(file: &str, spec: ModelSpec, moved: Option<(&str, &str)>) {
    let (Some(data), Some(vectors)) = (mmm_example(), json(&format!("vectors/pymc_model/{file}.json")))
    else {
        return;
    };
    let model = Model::new(spec, data.build().unwrap()).unwrap();
    assert!(deviation([model.kpi_scale()], flat(&vectors["scales"]["target_scale"])) < 1e-14);
    assert!(
        deviation(model.channel_scales().iter().copied(), flat(&vectors["scales"]["channel_scale"])) < 1e-14
    );
    let mut posterior = model.posterior();
    let points = vectors["points"].as_array().unwrap();
    let (mut worst_density, mut worst_gradient, mut compared) = (0.0_f64, 0.0_f64, 0);
    for point in points {
        let order: Vec<&str> =
            point["grad_order"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let mut ours = order.clone();
        if let Some((name, before)) = moved {
            ours.retain(|other| *other != name);
            ours.insert(ours.iter().position(|other| *other == before).unwrap(), name);
        }
        // The gradient is one flat list in PyMC's order.
        let mut slopes = flat(&point["grad"]).into_iter();
        let by_name: Vec<(&str, Vec<f64>)> = order
            .iter()
            .map(|name| (*name, slopes.by_ref().take(flat(&point["unconstrained"][name]).len()).collect()))
            .collect();
        let expected_slopes =
            ours.iter().flat_map(|name| by_name.iter().find(|(other, _)| other == name).unwrap().1.clone());
        let of_order =
            |values: &Value| -> Vec<f64> { ours.iter().flat_map(|name| flat(&values[*name])).collect() };
        let unconstrained = of_order(&point["unconstrained"]);
        let mut gradient = vec![0.0; unconstrained.len()];
        let density = posterior.log_density(&unconstrained, &mut gradient);
        let expected = point["logp"].as_f64().unwrap();
        worst_density = worst_density.max((density - expected).abs() / expected.abs());
        assert!(gradient.iter().all(|slope| slope.is_finite()));
        // PyMC's own gradient is not a number in places; ours is compared with the others.
        let pairs = gradient.into_iter().zip(expected_slopes);
        let (ours, theirs): (Vec<f64>, Vec<f64>) = pairs.filter(|(_, theirs)| !theirs.is_nan()).unzip();
        compared += ours.len();
        worst_gradient = worst_gradient.max(deviation(ours, theirs));
    }
    assert!(points.len() >= 3 && worst_density <= 1e-10 && worst_gradient <= 1e-8);
    say(&format!(
        "PyMC density {file}: {} points, log density within {worst_density:.1e}, {compared} slopes within {worst_gradient:.1e}",
        points.len()
    ));
}

#[test]
fn geometric_adstock_and_logistic_saturation_equal_pymc() {
    compare("national_geometric_logistic", ModelSpec::pymc(), None);
}

#[test]
fn lift_tests_equal_pymc() {
    let test = |channel: &str, level, change, effect, standard_error| LiftTest {
        channel: channel.to_owned(),
        level,
        change,
        effect,
        standard_error,
        likelihood: LiftLikelihood::Gamma,
    };
    let lift_tests = vec![test("x1", 0.2, 0.1, 150.0, 40.0), test("x2", 0.5, 0.2, 200.0, 60.0)];
    let spec = ModelSpec { lift_tests, ..ModelSpec::pymc() };
    compare("national_geometric_logistic_lift_gamma", spec, None);
}

#[test]
fn weibull_adstock_and_michaelis_menten_saturation_equal_pymc() {
    let channel = ChannelSpec {
        // PyMC calls it alpha there: a gamma distribution of mean 2 and deviation 1.
        beta: Prior::Gamma { shape: 4.0, rate: 2.0 },
        ..ChannelSpec::of(Adstock::WeibullCdf, Saturation::MichaelisMenten)
    };
    let spec = ModelSpec { max_lag: 6, channel, ..ModelSpec::pymc() };
    compare("national_weibullcdf_mm", spec, Some(("saturation_lam_log__", "saturation_alpha_log__")));
}
