//! The quickstart data of PyMC-Marketing, fitted.

use mmm_core::{
    fit::FitSettings,
    model::{Model, ModelSpec},
};

use crate::shared::mmm_example;

/// The data were made with these numbers (PyMC-Marketing's quickstart notebook).
const TRUTH: [(&str, f64); 4] = [
    ("adstock_alpha[x1]", 0.4),
    ("adstock_alpha[x2]", 0.2),
    ("saturation_lam[x1]", 4.0),
    ("saturation_lam[x2]", 3.0),
];

#[test]
fn the_quickstart_converges_on_its_truth_whatever_the_seed() {
    let Some(data) = mmm_example() else { return };
    let model = Model::new(ModelSpec::pymc(), data.build().unwrap()).unwrap();
    for seed in 1..=5 {
        let fit = model.fit(&FitSettings::seeded(seed)).unwrap();
        let convergence = fit.convergence();
        assert!(convergence.converged, "seed {seed}: {convergence}");
        for (name, truth) in TRUTH {
            let draws = fit.parameter(name).unwrap();
            let (mean, sd) = (draws.mean().unwrap(), draws.std(1.0));
            assert!((mean - truth).abs() < 3.0 * sd, "seed {seed}: {name} is {mean} with sd {sd}");
        }
    }
}
