//! The log density of a PyMC-Marketing model, with its gradient and its contributions.

use mmm_core::model::{Model, ModelSpec};
use serde_json::Value;

use crate::shared::{deviation, json, mmm_example, say};

fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

#[test]
fn log_density_and_gradient_equal_pymc() {
    let (Some(data), Some(vectors)) =
        (mmm_example(), json("vectors/pymc_model/national_geometric_logistic.json"))
    else {
        return;
    };
    let model = Model::new(ModelSpec::pymc(), data.build().unwrap()).unwrap();
    assert!(deviation([model.kpi_scale()], flat(&vectors["scales"]["target_scale"])) < 1e-14);
    assert!(
        deviation(model.channel_scales().iter().copied(), flat(&vectors["scales"]["channel_scale"])) < 1e-14
    );
    let mut posterior = model.posterior();
    let points = vectors["points"].as_array().unwrap();
    let (mut worst_density, mut worst_gradient) = (0.0_f64, 0.0_f64);
    for point in points {
        let of_order = |values: &Value| -> Vec<f64> {
            let order = point["grad_order"].as_array().unwrap();
            order.iter().flat_map(|name| flat(&values[name.as_str().unwrap()])).collect()
        };
        let unconstrained = of_order(&point["unconstrained"]);
        let mut gradient = vec![0.0; unconstrained.len()];
        let density = posterior.log_density(&unconstrained, &mut gradient);
        let expected = point["logp"].as_f64().unwrap();
        worst_density = worst_density.max((density - expected).abs() / expected.abs());
        worst_gradient = worst_gradient.max(deviation(gradient, flat(&point["grad"])));
    }
    assert!(points.len() >= 3 && worst_density <= 1e-10 && worst_gradient <= 1e-8);
    say(&format!(
        "PyMC density: {} points, log density within {worst_density:.1e}, gradient within {worst_gradient:.1e}",
        points.len()
    ));
}
