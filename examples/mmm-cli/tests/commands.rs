//! The binary itself: what it prints, and what it refuses.
//!
//! Comparisons with the peers need the reference folder: `$TENANCY_SHARED`, or `shared` beside the
//! workspace. Without it they say so and pass, unless `TENANCY_REQUIRE=all` asks them to fail.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn mmm(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mmm")).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = mmm(&[arguments, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refusal(arguments: &[&str]) -> String {
    let output = mmm(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

fn shared(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder = env::var_os("TENANCY_SHARED").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    let path = folder.join("mmm").join(name);
    if path.is_file() {
        return Some(path.to_str().unwrap().to_owned());
    }
    let required = env::var("TENANCY_REQUIRE").is_ok_and(|value| value == "all");
    assert!(!required, "TENANCY_REQUIRE=all, but {} is missing", path.display());
    writeln!(std::io::stderr().lock(), "SKIPPED: {} is missing", path.display()).unwrap();
    None
}

fn spec(name: &str) -> String {
    format!("{}/specs/{name}.json", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn densities_and_gradients_are_those_of_the_files() {
    for (file, data, slopes) in [
        ("national_geometric_logistic", "mmm_example", 15),
        ("national_geometric_logistic_lift_gamma", "mmm_example", 15),
        ("national_weibullcdf_mm", "mmm_example", 17),
        ("geo_hierarchical", "mmm_multidimensional_example", 28),
    ] {
        let (Some(model), Some(data)) = (
            shared(&format!("vectors/pymc_model/{file}.json")),
            shared(&format!("data/pymc-marketing/{data}.csv")),
        ) else {
            return;
        };
        let result = json(&["density", &model, "--spec", &spec(file), "--data", &data]);
        let points = result["points"].as_array().unwrap();
        assert_eq!(points.len(), 3);
        for point in points {
            assert!(point["relative_error"].as_f64().unwrap() <= 1e-10, "{file}: {point}");
            assert!(point["gradient_error"].as_f64().unwrap() <= 1e-8, "{file}: {point}");
            assert!(point["log_density"].is_f64() && point["expected_log_density"].is_f64());
            for list in ["gradient", "expected_gradient"] {
                assert_eq!(point[list].as_array().unwrap().len(), slopes);
            }
        }
    }
}

#[test]
fn densities_of_meridian_are_those_of_the_files() {
    for (file, parameters) in [
        ("geo_coefficient", 100),
        ("geo_roi_lognormal", 100),
        ("geo_rf_roi", 66),
        ("national_roi_knots8", 29),
    ] {
        let (Some(model), Some(data)) = (
            shared(&format!("vectors/meridian_model/{file}.json")),
            shared(&format!("vectors/meridian_model/{file}_input.csv")),
        ) else {
            return;
        };
        let result = json(&["density", &model, "--spec", &spec(file), "--data", &data]);
        let points = result["points"].as_array().unwrap();
        assert_eq!(points.len(), 3);
        for point in points {
            assert!(point["relative_error"].as_f64().unwrap() <= 1e-10, "{file}: {point}");
            assert!(point["expected_gradient"].is_null() && point["gradient_error"].is_null());
            assert_eq!(point["gradient"].as_array().unwrap().len(), parameters, "{file}");
        }
    }
}

#[test]
fn every_density_file_has_its_specification() {
    for folder in ["pymc_model", "meridian_model"] {
        let Some(one) = shared(&format!("vectors/{folder}/{}.json", first_of(folder))) else { return };
        for entry in fs::read_dir(Path::new(&one).parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.file_stem().unwrap().to_str().unwrap();
                assert!(Path::new(&spec(name)).is_file(), "{folder}/{name} has no specification");
            }
        }
    }
}

fn first_of(folder: &str) -> &'static str {
    if folder == "pymc_model" { "national_geometric_logistic" } else { "geo_coefficient" }
}

#[test]
fn a_file_of_another_model_is_refused_by_name() {
    let (Some(model), Some(data)) = (
        shared("vectors/pymc_model/national_weibullcdf_mm.json"),
        shared("data/pymc-marketing/mmm_example.csv"),
    ) else {
        return;
    };
    let error =
        refusal(&["density", &model, "--spec", &spec("national_geometric_logistic"), "--data", &data]);
    assert!(error.contains("adstock_lam[x1]"), "{error}");
}

#[test]
fn transforms_are_those_of_the_files() {
    for (file, cases, values) in [
        ("pymc_adstock_cases.csv", 480, 14_895),
        ("pymc_saturation.csv", 421, 2 * 421 - 3),
        ("robyn_transforms.csv", 55, 3300),
        ("lightweight_mmm_transforms.csv", 28, 1120),
        ("meridian_transforms.csv", 59, 1490),
    ] {
        let Some(path) = shared(&format!("vectors/{file}")) else { return };
        let result = json(&["transform", &path]);
        assert!(result["max_error"].as_f64().unwrap() <= 1e-12, "{file}: {result}");
        assert_eq!(
            (result["cases"].as_u64(), result["values"].as_u64()),
            (Some(cases), Some(values)),
            "{file}"
        );
        assert!(result["worst"].is_string());
    }
}

/// A hundred weeks of two channels, the first one worth its money.
fn market(folder: &Path) -> (String, String) {
    let row = |week: i32| {
        let wave = |pace: f64| (f64::from(week) * pace).sin();
        let (tv, search) = (100.0 + 90.0 * wave(0.9), 60.0 + 50.0 * wave(1.7));
        let revenue = 2000.0 + 300.0 * (tv / 100.0).tanh() + 80.0 * (search / 50.0).tanh() + 20.0 * wave(7.3);
        format!("{},{revenue:.2},{tv:.2},{search:.2},{:.3}", date(week), 1.0 + 0.1 * wave(0.4))
    };
    let rows: Vec<String> = (0..100).map(row).collect();
    let csv = format!("week,revenue,tv_spend,search_cost,price\n{}\n", rows.join("\n"));
    let (data, spec) = (folder.join("data.csv"), folder.join("spec.json"));
    fs::write(&data, csv).unwrap();
    let text = r#"{
        "columns": {
            "date": "week", "kpi": "revenue", "kpi_value": 1.0,
            "channels": [{"name": "tv", "spend": "tv_spend"}, "search_cost"], "controls": ["price"]
        },
        "model": {"fourier_order": 1},
        "fit": {"seed": 3, "tune": 500, "draws": 500}
    }"#;
    fs::write(&spec, text).unwrap();
    (data.to_str().unwrap().to_owned(), spec.to_str().unwrap().to_owned())
}

/// Mondays from the first one of 2020 on.
fn date(week: i32) -> String {
    let date = mmm_core::data::Date::new(2020, 1, 6).unwrap();
    mmm_core::data::Date::from_days_since_epoch(date.days_since_epoch() + 7 * i64::from(week))
        .unwrap()
        .to_string()
}

#[test]
fn a_fit_is_kept_reported_judged_and_decided_upon() {
    let folder = tempfile::tempdir().unwrap();
    let (data, spec) = market(folder.path());
    let kept = folder.path().join("fit.json");
    let kept = kept.to_str().unwrap();
    let summary = json(&["fit", &data, "--spec", &spec, "--out", kept]);
    assert_eq!(summary["channels"][0]["name"], "tv");
    assert_eq!(summary["convergence"]["converged"], true, "{}", summary["convergence"]);
    assert_eq!(json(&["report", kept]), summary);
    let page = folder.path().join("report.html");
    json(&["report", kept, "--html", page.to_str().unwrap()]);
    assert!(fs::read_to_string(&page).unwrap().contains("</html>"));

    let trust = json(&["validate", kept, "--folds", "2", "--horizon", "8"]);
    assert_eq!(trust["convergence"], summary["convergence"]);
    assert_eq!(trust["leave_one_out"]["by_period"].as_array().unwrap().len(), 100);
    assert_eq!(trust["energy_mobility"].as_array().unwrap().len(), 4);
    assert_eq!(trust["health"]["components"].as_array().unwrap().len(), 5);
    assert_eq!(trust["refits"]["unseen"]["folds"].as_array().unwrap().len(), 2);
    assert_eq!(trust["refits"]["placebo"]["imitates"], "tv");
    let quick = json(&["validate", kept, "--quick"]);
    assert_eq!((&quick["refits"], &quick["health"]), (&Value::Null, &trust["health"]));

    let plan = json(&["optimise", kept, "--total", "150", "--horizon", "4"]);
    assert!((plan["total"].as_f64().unwrap() - 150.0).abs() < 1e-6);
    assert_eq!((plan["horizon"].as_u64(), plan["channels"].as_array().unwrap().len()), (Some(4), 2));
    let request = folder.path().join("budget.json");
    let text = r#"{"amount": {"fixed": 150}, "horizon": 4, "ratios": [{"one": "tv", "other": "search_cost", "low": 0.5, "high": 0.9}]}"#;
    fs::write(&request, text).unwrap();
    let request = request.to_str().unwrap();
    let asked = json(&["optimise", kept, "--request", request]);
    let amount = |place: usize| asked["channels"][place]["plan"].as_f64().unwrap();
    let names = [0, 1].map(|place| asked["channels"][place]["name"].as_str().unwrap());
    assert_eq!(names, ["tv", "search_cost"]);
    assert!((0.5 - 1e-6..=0.9 + 1e-6).contains(&(amount(0) / amount(1))), "{asked}");
    assert!(asked["regret"]["mean"].as_f64().unwrap() >= 0.0);
    let dated = json(&["optimise", kept, "--total", "150", "--horizon", "4", "--dates"]);
    assert_eq!(dated["channels"][0]["spend"].as_array().unwrap().len(), 4);
    assert!((dated["total"].as_f64().unwrap() - 600.0).abs() < 1e-3);
    assert!(refusal(&["optimise", kept, "--request", &spec]).contains("is no budget"));
    for command in [vec!["report", kept], vec!["validate", kept, "--quick"], vec!["optimise", kept]] {
        let text = String::from_utf8(mmm(&command).stdout).unwrap();
        assert!(text.lines().count() >= 3, "{command:?}: {text}");
    }
}

#[test]
fn a_fit_that_did_not_converge_gives_no_advice() {
    let folder = tempfile::tempdir().unwrap();
    let (data, spec) = market(folder.path());
    let text = fs::read_to_string(&spec).unwrap().replace("500", "20");
    fs::write(&spec, text).unwrap();
    let kept = folder.path().join("fit.json");
    let kept = kept.to_str().unwrap();
    json(&["fit", &data, "--spec", &spec, "--out", kept]);
    assert!(refusal(&["optimise", kept]).contains("did not converge"));
}

#[test]
fn without_a_specification_columns_are_told_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let (data, _) = market(folder.path());
    let summary = json(&["fit", &data]);
    let names: Vec<&Value> = summary["channels"].as_array().unwrap().iter().map(|c| &c["name"]).collect();
    assert_eq!(names, ["tv_spend", "search_cost"]);
    assert_eq!(summary["model"]["controls"], serde_json::json!(["price"]));
}

#[test]
fn a_file_is_explored_before_it_is_fitted() {
    let folder = tempfile::tempdir().unwrap();
    let (data, spec) = market(folder.path());
    let seen = json(&["explore", &data, "--spec", &spec]);
    assert_eq!((seen["periods"].as_u64(), seen["columns"].as_array().unwrap().len()), (Some(100), 4));
    let text = String::from_utf8(mmm(&["explore", &data]).stdout).unwrap();
    assert!(text.contains("tv_spend") && text.contains("VIF"), "{text}");
}

#[test]
fn a_file_that_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, spec) = market(folder.path());
    let text = fs::read_to_string(&spec).unwrap().replace("500", "20");
    fs::write(&spec, text).unwrap();
    let kept = folder.path().join("fit.json");
    let path = kept.to_str().unwrap();
    json(&["fit", &data, "--spec", &spec, "--out", path]);
    let whole = fs::read_to_string(&kept).unwrap();
    fs::write(&kept, whole.replacen("0.", "1.", 9)).unwrap();
    assert!(refusal(&["report", path]).contains("checksum"));
    fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
    assert!(refusal(&["report", path]).contains("not whole"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (data, spec) = market(folder.path());
    let whole = fs::read_to_string(&data).unwrap();
    for (broken, words) in [
        (whole.replacen("2020-01-13", "2020-01-14", 1), "2020"),
        (whole.replacen(",1.000", ",cheap", 1), "column \"price\", row 1: \"cheap\" is no number"),
        (whole.replacen("price", "prize", 1), "column \"price\": the file has no such column"),
    ] {
        fs::write(&data, broken).unwrap();
        let error = refusal(&["fit", &data, "--spec", &spec]);
        assert!(error.contains(words), "{error}");
    }
    let geos = fs::read_to_string(&spec).unwrap().replacen("\"model\"", "\"geo_model\": {}, \"model\"", 1);
    let of_geos = folder.path().join("geos.json");
    fs::write(&of_geos, geos).unwrap();
    fs::write(&data, whole).unwrap();
    let error = refusal(&["fit", &data, "--spec", of_geos.to_str().unwrap()]);
    assert!(error.contains("geo_model"), "{error}");
    assert!(refusal(&["report", &data]).contains("is no file of `mmm fit --out`"));
    assert!(refusal(&["report", "nowhere.json"]).contains("nowhere.json cannot be read"));
}
