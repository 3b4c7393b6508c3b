//! The peers' example data, fitted.

use mmm_core::{
    fit::FitSettings,
    model::{ChannelSpec, Knots, Model, ModelSpec},
};

use crate::shared::{Table, dataset, mmm_example, say};

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

/// Hill curves on the data of all three peers, the level bending at knots on the longer ones.
#[test]
fn hill_curves_and_knots_converge_on_the_data_of_the_peers() {
    let (Some(quickstart), Some(robyn), Some(meridian)) = (
        mmm_example(),
        Table::read("data/robyn/dt_simulated_weekly.csv"),
        Table::read("data/meridian/national_media.csv"),
    ) else {
        return;
    };
    let robyn = dataset(
        &robyn,
        "DATE",
        robyn.numbers("revenue"),
        &["tv_S", "ooh_S", "print_S", "facebook_S", "search_S"],
        &["competitor_sales_B", "newsletter"],
    );
    let worth = meridian.numbers("revenue_per_conversion");
    let revenue = meridian.numbers("conversions").into_iter().zip(worth).map(|(count, worth)| count * worth);
    let meridian = dataset(
        &meridian,
        "time",
        revenue.collect(),
        &["Channel0_spend", "Channel1_spend", "Channel2_spend", "Channel3_spend"],
        &["competitor_activity_score_control", "sentiment_score_control"],
    );
    for (name, data, knots) in [
        ("PyMC-Marketing", quickstart, Knots::None),
        ("Robyn", robyn, Knots::Even(8)),
        ("Meridian", meridian, Knots::Even(6)),
    ] {
        let spec = ModelSpec { channel: ChannelSpec::hill(), knots, ..ModelSpec::default() };
        let fit = Model::new(spec, data.build().unwrap()).unwrap().fit(&FitSettings::seeded(1)).unwrap();
        let summary = fit.summary().unwrap();
        assert!(summary.convergence.converged, "{name}: {}", summary.convergence);
        let plan = summary.recommendation.unwrap();
        assert!(plan.gain.mean >= 0.0 && plan.channels.iter().all(|channel| channel.low <= channel.plan));
        say(&format!("{name} with Hill curves: {}", summary.convergence));
    }
}
