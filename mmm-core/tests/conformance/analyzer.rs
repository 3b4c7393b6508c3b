//! What Meridian's analyzer says of its own test posterior.

use mmm_core::{
    data::{Date, Panel},
    geo::{EffectSpec, GeoModel, GeoSpec, Lever, Measure, Pooling},
    model::Prior,
};
use ndarray::{Array2, ArrayView2};
use serde_json::Value;

use crate::shared::{deviation, flat, json, say};

const GEOS: usize = 5;
const TIMES: usize = 49;
const BEFORE: usize = 3;
const CHANNELS: usize = 3;

/// Meridian's unit test data: three weeks of exposure before the KPI.
fn panel(inputs: &Value) -> Panel {
    let array = |name: &str| flat(&inputs[name]["values"]);
    let length = TIMES + BEFORE;
    let rows: Vec<(usize, usize)> =
        (0..GEOS).flat_map(|geo| (0..length).map(move |time| (geo, time))).collect();
    let date = |time: usize| Date::from_days_since_epoch(18_652 + 7 * i64::try_from(time).unwrap()).unwrap();
    // Before the KPI begins its columns are not read.
    let later = |values: Vec<f64>, width: usize, column: usize| -> Vec<f64> {
        let of = |(geo, time): &(usize, usize)| {
            let time = time.saturating_sub(BEFORE);
            values[(geo * TIMES + time) * width + column]
        };
        rows.iter().map(of).collect()
    };
    let population = array("population");
    let mut builder = Panel::builder()
        .rows(rows.iter().map(|(geo, _)| format!("geo {geo}")), rows.iter().map(|(_, time)| date(*time)))
        .before(BEFORE)
        .kpi("kpi", later(array("kpi"), 1, 0))
        .worth(later(array("revenue_per_kpi"), 1, 0))
        .population(rows.iter().map(|(geo, _)| population[*geo]).collect::<Vec<_>>());
    let media = array("media");
    for channel in 0..CHANNELS {
        let spend = later(array("media_spend"), CHANNELS, channel);
        let exposure: Vec<f64> =
            rows.iter().map(|(geo, time)| media[(geo * length + time) * CHANNELS + channel]).collect();
        builder = builder.exposed_channel(format!("media {channel}"), spend, exposure);
    }
    for control in 0..2 {
        builder = builder.control(format!("control {control}"), later(array("controls"), 2, control));
    }
    builder.build().unwrap()
}

/// Coefficients per geo are parameters here: they are what the posterior of the file has.
fn spec() -> GeoSpec {
    let mut spec = GeoSpec::meridian();
    let own = EffectSpec {
        measure: Measure::Coefficient,
        prior: Prior::Normal { mean: 0.0, sd: 5.0 },
        pooling: Pooling::Separate,
    };
    spec.max_lag = 16;
    spec.paid.effect = own.clone();
    spec.control = own;
    spec
}

/// The draws of the file in the order of the model.
fn draws(model: &GeoModel, posterior: &Value) -> Array2<f64> {
    let read = |name: &str| flat(&posterior[name]["values"]);
    let (betas, gammas, taus, knots) =
        (read("beta_gm"), read("gamma_gc"), read("tau_g"), read("knot_values"));
    let (alpha, ec, sigma) = (read("alpha_m"), read("ec_m"), read("sigma"));
    let count = sigma.len();
    assert!(read("slope_m").iter().all(|slope| (slope - 1.0).abs() < 1e-12));
    let place = |text: &str| text.rsplit(' ').next().unwrap().trim_end_matches(']').parse::<usize>().unwrap();
    let mut result = Array2::zeros((count, model.names().len()));
    for (column, name) in model.names().iter().enumerate() {
        let (kind, rest) = name.split_once('[').unwrap_or((name, ""));
        let knot = model.names()[..column].iter().filter(|name| name.starts_with("knot[")).count();
        for draw in 0..count {
            result[[draw, column]] = match (kind, rest.split_once(", ")) {
                ("knot", _) => knots[draw * TIMES + knot],
                ("sigma", _) => sigma[draw],
                ("level", _) => taus[draw * GEOS + place(rest)],
                ("adstock_alpha", _) => alpha[draw * CHANNELS + place(rest)],
                ("saturation_kappa", _) => ec[draw * CHANNELS + place(rest)],
                ("coefficient", Some((owner, geo))) if owner.starts_with("media") => {
                    betas[(draw * GEOS + place(geo)) * CHANNELS + place(owner)]
                }
                ("coefficient", Some((owner, geo))) => gammas[(draw * GEOS + place(geo)) * 2 + place(owner)],
                other => panic!("{other:?} of {name}"),
            };
        }
    }
    result
}

/// What every draw's expected outcome gains where level and difference of the geo, which the file has in single
/// precision, are also added in single precision, as they were when the expectations were made.
fn rounding(model: &GeoModel, posterior: &Value) -> Vec<f64> {
    let panel = model.panel();
    let people = |geo: usize| panel.population()[geo];
    let heads: Vec<f64> = panel.kpi().iter().enumerate().map(|(at, kpi)| kpi / people(at / TIMES)).collect();
    let mean = heads.iter().sum::<f64>() / heads.len() as f64;
    let sd = (heads.iter().map(|head| (head - mean).powi(2)).sum::<f64>() / heads.len() as f64).sqrt();
    let (levels, differences) = (flat(&posterior["mu_t"]["values"]), flat(&posterior["tau_g"]["values"]));
    let of_draw = |draw: usize| {
        let cells = panel.worth().unwrap().iter().enumerate().map(|(at, worth)| {
            let exact = levels[draw * TIMES + at % TIMES] + differences[draw * GEOS + at / TIMES];
            worth * people(at / TIMES) * sd * (f64::from(exact as f32) - exact)
        });
        cells.sum()
    };
    (0..levels.len() / TIMES).map(of_draw).collect()
}

#[test]
fn media_effects_equal_meridian() {
    let (Some(vectors), Some(posterior)) = (
        json("vectors/meridian_analyzer/media_only.json"),
        json("data/meridian/unit_testing/sample_posterior_media_only.json"),
    ) else {
        return;
    };
    let model = GeoModel::new(spec(), panel(&vectors["inputs"])).unwrap();
    let draws = draws(&model, &posterior);
    let expected = |name: &str| flat(&vectors[name]["values"]);
    let mut compared = 0;
    let mut check = |name: &str, ours: Vec<f64>| {
        compared += ours.len();
        let worst = deviation(ours, expected(name));
        // These six come from the sums in single precision of which `rounding` tells.
        let tolerance = if name.starts_with("predictive_accuracy") { 1e-8 } else { 1e-9 };
        assert!(worst <= tolerance, "{name} within {worst:.1e}");
    };
    let effects = model.effects_of(draws.view(), Lever::Reach);
    let by_frequency = model.effects_of(draws.view(), Lever::Frequency);
    check("incremental_outcome[chain,draw,channel]", effects.outcome.iter().copied().collect());
    check("roi", effects.roi.iter().copied().collect());
    check("marginal_roi_by_reach_1pct", effects.marginal_roi.iter().copied().collect());
    check("marginal_roi_by_frequency_1pct", by_frequency.marginal_roi.iter().copied().collect());
    check("cpik", effects.cost_per_kpi.iter().copied().collect());
    let expected_outcome = effects.expected_outcome.iter().zip(rounding(&model, &posterior));
    check("expected_outcome_total", expected_outcome.map(|(outcome, rounding)| outcome + rounding).collect());
    let response = model.response_of(draws.view(), &[0.0, 0.5, 1.0, 1.5, 2.0], Lever::Reach);
    check("response_curves_spend[mult,channel]", response.spend.iter().copied().collect());
    let curves = response.outcome.outer_iter().flat_map(|at| {
        (0..CHANNELS).flat_map(move |channel| mean_and_band(&at.view(), channel)).collect::<Vec<_>>()
    });
    check("response_curves_incremental_outcome[mult,channel,(mean,ci_lo,ci_hi)]", curves.collect());
    let (geo, national) = (effects.accuracy, effects.national_accuracy);
    let accuracy = [geo.r_squared, national.r_squared, geo.mape, national.mape, geo.wmape, national.wmape];
    check("predictive_accuracy[metric(R2,MAPE,wMAPE),granularity(geo,national)]", accuracy.into());
    let negative = vectors["negative_baseline_probability"].as_f64().unwrap();
    assert!((effects.negative_baseline - negative).abs() < 1e-12);
    assert_eq!(compared, 5 * 60 + 20 + 15 + 45 + 6);
    say(&format!(
        "Meridian's analyzer, media only: {} figures within 1e-9, six of them within 1e-8",
        compared + 1
    ));
}

/// The expected numbers of Meridian's own tests; they are of single precision.
#[test]
fn media_effects_equal_the_constants_of_meridians_own_tests() {
    let (Some(vectors), Some(constants)) =
        (json("vectors/meridian_analyzer/media_only.json"), json("vectors/meridian_analyzer_expected.json"))
    else {
        return;
    };
    let model = GeoModel::new(spec(), panel(&vectors["inputs"])).unwrap();
    let mut compared = Vec::new();
    for (draws_of, suffix) in [("posterior", "USE_POSTERIOR"), ("prior", "USE_PRIOR")] {
        let Some(file) = json(&format!("data/meridian/unit_testing/sample_{draws_of}_media_only.json"))
        else {
            return;
        };
        let draws = draws(&model, &file);
        let effects = model.effects_of(draws.view(), Lever::Frequency);
        for (figure, ours) in [("INC_OUTCOME", &effects.outcome), ("MROI", &effects.marginal_roi)] {
            let name = format!("{figure}_MEDIA_ONLY_{suffix}");
            let worst = deviation(ours.iter().copied(), flat(&constants[&name]["values"]));
            assert!(worst <= 1e-3, "{name} within {worst:.1e}");
            compared.push(name);
        }
    }
    let all = constants.as_object().unwrap();
    let others: Vec<&str> = all.keys().filter(|name| !compared.contains(name)).map(String::as_str).collect();
    assert_eq!((compared.len(), others.len()), (4, 80));
    say(&format!(
        "Meridian's own constants: {} of {} compared within 1e-3; not compared: {}",
        compared.len(),
        all.len(),
        others.join(", ")
    ));
}

fn mean_and_band(draws: &ArrayView2<'_, f64>, channel: usize) -> [f64; 3] {
    let mut values = draws.column(channel).to_vec();
    values.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let place = share * (values.len() - 1) as f64;
        let (low, rest) = (place.floor() as usize, place.fract());
        let high = (low + 1).min(values.len() - 1);
        values[low] + rest * (values[high] - values[low])
    };
    [values.iter().sum::<f64>() / values.len() as f64, quantile(0.05), quantile(0.95)]
}
