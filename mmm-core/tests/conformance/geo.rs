//! The log density of geo-hierarchical models of PyMC-Marketing and Meridian.

use std::collections::BTreeMap;

use mmm_core::{
    data::{Panel, PanelBuilder},
    geo::{EffectSpec, GeoKnots, GeoModel, GeoSpec, Measure},
    model::Prior,
};
use serde_json::Value;

use crate::shared::{Table, deviation, flat, json, say};

/// Places parameters by name, whatever the order of a file.
struct Position<'m> {
    model: &'m GeoModel,
    values: Vec<f64>,
    places: Vec<usize>,
}

impl<'m> Position<'m> {
    fn new(model: &'m GeoModel) -> Self {
        Self { model, values: vec![f64::NAN; model.names().len()], places: Vec::new() }
    }

    fn has(&self, name: &str) -> bool {
        self.model.names().iter().any(|own| own == name)
    }

    fn set(&mut self, name: &str, value: f64) {
        let place = self.model.names().iter().position(|own| own == name);
        let place = place.unwrap_or_else(|| panic!("{name} is not in {:?}", self.model.names()));
        self.values[place] = value;
        self.places.push(place);
    }

    fn complete(&self) {
        let missing = self.values.iter().position(|value| value.is_nan());
        assert_eq!(missing.map(|place| &self.model.names()[place]), None);
    }
}

#[test]
fn a_hierarchy_of_geos_equals_pymc() {
    let (Some(table), Some(vectors)) = (
        Table::read("data/pymc-marketing/mmm_multidimensional_example.csv"),
        json("vectors/pymc_model/geo_hierarchical.json"),
    ) else {
        return;
    };
    let mut builder = Panel::builder()
        .rows(table.texts("geo"), table.texts("date"))
        .kpi("y", table.numbers("y"))
        .channel("x1", table.numbers("x1"))
        .channel("x2", table.numbers("x2"));
    for name in ["event_1", "event_2"] {
        builder = builder.control(name, table.numbers(name));
    }
    let spec = GeoSpec { max_lag: 6, ..GeoSpec::pymc() };
    let model = GeoModel::new(spec, builder.build().unwrap()).unwrap();
    let ours = BTreeMap::from([
        ("intercept_contribution", "level"),
        ("saturation_beta_offset", "offset"),
        ("saturation_beta_mu", "coefficient"),
        ("saturation_beta_sigma", "spread"),
        ("gamma_control", "coefficient"),
        ("gamma_fourier", "coefficient"),
        ("y_sigma", "sigma"),
    ]);
    let mut posterior = model.posterior();
    let points = vectors["points"].as_array().unwrap();
    let (mut worst_density, mut worst_gradient, mut compared) = (0.0_f64, 0.0_f64, 0);
    for point in points {
        let mut position = Position::new(&model);
        for variable in point["grad_order"].as_array().unwrap() {
            let variable = variable.as_str().unwrap();
            let plain = variable.trim_end_matches("_log__").trim_end_matches("_logodds__");
            let prefix = ours.get(plain).copied().unwrap_or(plain);
            for (labels, value) in labelled(&vectors, plain, &point["unconstrained"][variable]) {
                position.set(&format!("{prefix}[{}]", labels.join(", ")), value);
            }
        }
        position.complete();
        let mut gradient = vec![0.0; position.values.len()];
        let density = posterior.log_density(&position.values, &mut gradient);
        let expected = point["logp"].as_f64().unwrap();
        worst_density = worst_density.max((density - expected).abs() / expected.abs());
        let slopes = position.places.iter().map(|place| gradient[*place]);
        worst_gradient = worst_gradient.max(deviation(slopes, flat(&point["grad"])));
        compared += position.places.len();
    }
    say(&format!(
        "PyMC density geo_hierarchical: {} points, log density within {worst_density:.1e}, {compared} slopes within {worst_gradient:.1e}",
        points.len()
    ));
    assert!(points.len() == 3 && compared == 3 * 28);
    assert!(worst_density <= 1e-10 && worst_gradient <= 1e-8);
}

/// A variable's cells in the file's order with their labels, the geo last.
fn labelled(vectors: &Value, variable: &str, cells: &Value) -> Vec<(Vec<String>, f64)> {
    let dimensions: Vec<&str> =
        vectors["dims"][variable].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let mut found = Vec::new();
    walk(&vectors["coords"], &dimensions, cells, Vec::new(), &mut found);
    found
}

fn walk(
    coords: &Value,
    dimensions: &[&str],
    cells: &Value,
    above: Vec<String>,
    found: &mut Vec<(Vec<String>, f64)>,
) {
    let [dimension, inner @ ..] = dimensions else {
        found.push((above, cells.as_f64().unwrap()));
        return;
    };
    let (labels, cells) = (coords[*dimension].as_array().unwrap(), cells.as_array().unwrap());
    assert_eq!(labels.len(), cells.len());
    for (label, cell) in labels.iter().zip(cells) {
        let mut named = above.clone();
        let label = label.as_str().unwrap().to_owned();
        // What an inner dimension adds comes before the geo.
        let place = above.len() - usize::from(*dimension != "geo" && !above.is_empty());
        named.insert(place, label);
        walk(coords, inner, cell, named, found);
    }
}

/// Which columns of a Meridian file are what.
struct Columns {
    volume: usize,
    reach: usize,
    organic: &'static [&'static str],
    treatments: &'static [&'static str],
    controls: [&'static str; 2],
}

impl Columns {
    fn volume(&self) -> Vec<String> {
        (0..self.volume).map(|channel| format!("Channel{channel}")).collect()
    }

    fn reach(&self) -> Vec<String> {
        (self.volume..self.volume + self.reach).map(|channel| format!("Channel{channel}")).collect()
    }

    fn panel(&self, table: &Table) -> PanelBuilder {
        let mut builder = if table.has("geo") {
            Panel::builder()
                .rows(table.texts("geo"), table.texts("time"))
                .population(table.numbers("population"))
        } else {
            Panel::builder().national(table.texts("time"))
        };
        builder = builder
            .kpi("conversions", table.numbers("conversions"))
            .worth(table.numbers("revenue_per_conversion"));
        let of = |name: &str, what: &str| table.numbers(&format!("{name}_{what}"));
        for name in self.volume() {
            builder = builder.exposed_channel(&name, of(&name, "spend"), of(&name, "impression"));
        }
        for name in self.reach() {
            builder =
                builder.reach_channel(&name, of(&name, "spend"), of(&name, "reach"), of(&name, "frequency"));
        }
        for name in self.organic {
            builder = builder.organic(*name, of(name, "impression"));
        }
        for name in self.treatments {
            builder = builder.treatment(*name, table.numbers(name));
        }
        for name in self.controls {
            builder = builder.control(name, table.numbers(name));
        }
        builder
    }

    /// The owners of a group of Meridian's parameters.
    fn owners(&self, group: &str) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        match group {
            "m" | "gm" => self.volume(),
            "rf" | "grf" => self.reach(),
            "om" | "gom" => owned(self.organic),
            "n" | "gn" => owned(self.treatments),
            "c" | "gc" => owned(&self.controls),
            other => panic!("no group {other}"),
        }
    }
}

/// Puts one draw of Meridian's latents in the place of ours.
fn placed<'m>(model: &'m GeoModel, columns: &Columns, file: &Value, draw: &Value) -> Position<'m> {
    let mut position = Position::new(model);
    let geos: Vec<String> = if model.panel().geos().len() == 1 {
        model.panel().geos().to_vec()
    } else {
        file["geos"].as_array().unwrap().iter().map(|geo| geo.as_str().unwrap().to_owned()).collect()
    };
    for (latent, value) in draw["latents"].as_object().unwrap() {
        match latent.as_str() {
            "knot_values" => {
                let knots = model.names().iter().filter(|name| name.starts_with("knot["));
                let knots: Vec<String> = knots.cloned().collect();
                let values = flat(value);
                assert_eq!(knots.len(), values.len());
                knots.iter().zip(values).for_each(|(name, value)| position.set(name, value));
            }
            "sigma" => position.set("sigma", value.as_f64().unwrap()),
            "tau_g_excl_baseline" => {
                let baseline = usize::try_from(file["baseline_geo_idx"].as_u64().unwrap()).unwrap();
                let others = geos.iter().enumerate().filter(|(geo, _)| *geo != baseline);
                for ((_, geo), value) in others.zip(flat(value)) {
                    position.set(&format!("level[{geo}]"), value);
                }
            }
            dev if dev.ends_with("_dev") => {
                let group = dev.trim_end_matches("_dev").rsplit_once('_').unwrap().1;
                for (geo, row) in geos.iter().zip(value.as_array().unwrap()) {
                    for (owner, value) in columns.owners(group).iter().zip(flat(row)) {
                        position.set(&format!("offset[{owner}, {geo}]"), value);
                    }
                }
            }
            other => {
                let (what, group) = other.rsplit_once('_').unwrap();
                let prefix = match what {
                    "alpha" => "adstock_alpha",
                    "ec" => "saturation_kappa",
                    "slope" => "saturation_slope",
                    "eta" | "xi" => "spread",
                    "beta" | "gamma" => "coefficient",
                    "contribution" => "share",
                    what => what,
                };
                for (owner, value) in columns.owners(group).iter().zip(flat(value)) {
                    let name = format!("{prefix}[{owner}]");
                    // What never changes is no parameter here.
                    if position.has(&name) || !["slope", "eta", "xi"].contains(&what) {
                        position.set(&name, value);
                    }
                }
            }
        }
    }
    position.complete();
    position
}

fn compare_with_meridian(name: &str, columns: &Columns, spec: GeoSpec) {
    let (Some(table), Some(file)) = (
        Table::read(&format!("vectors/meridian_model/{name}_input.csv")),
        json(&format!("vectors/meridian_model/{name}.json")),
    ) else {
        return;
    };
    let model = GeoModel::new(spec, columns.panel(&table).build().unwrap()).unwrap();
    let mut posterior = model.posterior();
    let draws = file["draws"].as_array().unwrap();
    let (mut worst_density, mut worst_slope, mut slopes) = (0.0_f64, 0.0_f64, 0);
    for draw in draws {
        let position = placed(&model, columns, &file, draw);
        let expected = draw["joint_log_prob"].as_f64().unwrap();
        let density = posterior.log_density_of(&position.values);
        worst_density = worst_density.max((density - expected).abs() / expected.abs());
        let mut point = position.values.clone();
        model.unconstrain(&mut point);
        let (mut gradient, mut unused) = (vec![0.0; point.len()], vec![0.0; point.len()]);
        let value = posterior.log_density(&point, &mut gradient);
        for place in 0..point.len() {
            let mut at = |step: f64| {
                let mut moved = point.clone();
                moved[place] += step;
                posterior.log_density(&moved, &mut unused)
            };
            // Richardson: differences of two widths, whose leading errors cancel.
            let numeric = (8.0 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 12e-4;
            // Differences of a number as large as the density are that much less exact.
            let size = gradient[place].abs().max(1e-3 * value.abs()).max(1.0);
            worst_slope = worst_slope.max((gradient[place] - numeric).abs() / size);
            slopes += 1;
        }
    }
    say(&format!(
        "Meridian density {name}: {} draws, log density within {worst_density:.1e}, {slopes} slopes within {worst_slope:.1e} of differences",
        draws.len()
    ));
    assert!(draws.len() == 3 && worst_density <= 1e-10 && worst_slope <= 1e-6);
}

const GEO: Columns = Columns {
    volume: 5,
    reach: 0,
    organic: &["Organic_channel0"],
    treatments: &["Promo"],
    controls: ["competitor_sales_control", "sentiment_score_control"],
};

fn ten_knots() -> GeoSpec {
    let mut spec = GeoSpec::meridian();
    spec.level.knots = GeoKnots::Even(10);
    spec
}

#[test]
fn coefficients_of_geos_equal_meridian() {
    let mut spec = ten_knots();
    spec.paid.effect = EffectSpec {
        measure: Measure::Coefficient,
        prior: Prior::HalfNormal { sd: 5.0 },
        ..spec.paid.effect
    };
    compare_with_meridian("geo_coefficient", &GEO, spec);
}

#[test]
fn returns_of_geos_equal_meridian() {
    compare_with_meridian("geo_roi_lognormal", &GEO, ten_knots());
}

const TWO_CONTROLS: [&str; 2] = ["competitor_activity_score_control", "sentiment_score_control"];

#[test]
fn reach_and_frequency_equal_meridian() {
    let columns = Columns { volume: 3, reach: 1, organic: &[], treatments: &[], controls: TWO_CONTROLS };
    compare_with_meridian("geo_rf_roi", &columns, ten_knots());
}

#[test]
fn a_nation_with_knots_equals_meridian() {
    let columns = Columns { volume: 4, reach: 0, organic: &[], treatments: &[], controls: TWO_CONTROLS };
    let mut spec = GeoSpec::meridian();
    spec.level.knots = GeoKnots::Even(8);
    compare_with_meridian("national_roi_knots8", &columns, spec);
}
