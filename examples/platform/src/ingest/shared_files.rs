//! Public data sets of other tools: each is read, each column gets a suggestion with a reason, and each
//! file ends as a source or with a list that says why not.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Problem, Role, Roles, Table, Validated, read, suggest, validate};

/// The folder with the data sets; `None`, said aloud, where this machine has none.
fn data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("TENANCY_SHARED").map_or(beside, PathBuf::from);
    let folder = shared.join("mmm/data");
    if folder.is_dir() {
        return Some(folder);
    }
    let required = std::env::var("TENANCY_REQUIRE").is_ok_and(|what| what == "all");
    assert!(!required, "no data sets in {}", folder.display());
    let said = writeln!(std::io::stderr().lock(), "SKIPPED: no data sets in {}", folder.display());
    said.ok().and(None)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "csv") {
            found.push(path);
        }
    }
}

fn with_suggestions(table: &Table) -> Result<Validated, Vec<Problem>> {
    validate(table, &Roles::suggested(&suggest(table)), None)
}

#[test]
fn the_example_of_pymc_marketing_needs_no_click() {
    let Some(folder) = data() else { return };
    let bytes = fs::read(folder.join("pymc-marketing/mmm_example.csv")).unwrap();
    let table = read(&bytes).unwrap();
    let roles: Vec<(String, Role)> =
        suggest(&table).into_iter().map(|column| (column.name, column.role)).collect();
    let expected = [
        ("date_week", Role::Date),
        ("y", Role::Kpi),
        ("x1", Role::MediaSpend),
        ("x2", Role::MediaSpend),
        ("event_1", Role::Control),
        ("event_2", Role::Control),
        ("dayofyear", Role::Ignore),
        ("t", Role::Control),
    ];
    assert_eq!(roles, expected.map(|(name, role)| (name.to_owned(), role)));
    let Validated { source, warnings, .. } = with_suggestions(&table).unwrap();
    assert_eq!(source.extent().to_string(), "179 weeks, 2 channels, 3 controls, no gaps");
    assert_eq!(warnings, []);
    assert!((source.kpi.values[0] - 3_984.662_237_343_649).abs() < 1e-9);
}

/// How each file ends when every suggestion is accepted.
const ENDS: &[(&str, &str)] = &[
    ("lightweight_mmm/simulate_dummy_data_160x3x2_seed5.csv", "no_date"),
    (
        "meridian/geo_all_channels.csv",
        "156 weeks, 5 channels, 1 organic medium, 3 controls, no gaps, 40 geos summed to one series",
    ),
    ("meridian/geo_media.csv", "156 weeks, 4 channels, 2 controls, no gaps, 20 geos summed to one series"),
    ("meridian/geo_media_rf.csv", "156 weeks, 4 channels, 2 controls, no gaps, 20 geos summed to one series"),
    ("meridian/national_all_channels.csv", "156 weeks, 5 channels, 1 organic medium, 3 controls, no gaps"),
    ("meridian/national_media.csv", "156 weeks, 4 channels, 2 controls, no gaps"),
    ("meridian/national_media_rf.csv", "156 weeks, 4 channels, 2 controls, no gaps"),
    ("meridian/unit_testing/expected_national_data.csv", "200 weeks, 3 channels, 2 controls, no gaps"),
    ("mmm-param-recovery/small_business_data.csv", "104 weeks, 4 channels, 2 controls, no gaps"),
    ("mmm-param-recovery/small_business_truth_contributions.csv", "no_kpi no_media"),
    ("pymc-marketing/media_tvp_data.csv", "179 weeks, 2 channels, 2 controls, no gaps"),
    ("pymc-marketing/mmm_example.csv", "179 weeks, 2 channels, 3 controls, no gaps"),
    (
        "pymc-marketing/mmm_multidimensional_example.csv",
        "159 weeks, 2 channels, 2 controls, no gaps, 2 geos summed to one series",
    ),
    ("pymc-marketing/mmm_roas_data.csv", "131 weeks, 2 channels, 1 control, no gaps"),
    (
        "pymc-marketing/multidimensional_mock_data.csv",
        "179 weeks, 2 channels, 3 controls, no gaps, 2 geos summed to one series",
    ),
    ("robyn/df_curve_reach_freq.csv", "no_date"),
    ("robyn/dt_prophet_holidays.csv", "too_many_rows"),
    ("robyn/dt_simulated_weekly.csv", "208 weeks, 5 channels, 1 organic medium, 3 controls, no gaps"),
];

/// The folder of variants of one data set: of five regions, or of one nation; with and without missing weeks.
fn end_of_variant(name: &str) -> Option<&'static str> {
    Some(match name.strip_prefix("meridian/unit_testing/")? {
        file if file.contains("national") => "200 weeks, 3 channels, 2 controls, no gaps",
        file if file.starts_with("lagged") => "empty_cell",
        "sample_data_media_only.csv" => {
            "200 weeks, 3 channels, 2 controls, no gaps, 5 geos summed to one series"
        }
        "sample_data_rf_only.csv" => {
            "200 weeks, 2 channels, 2 controls, no gaps, 5 geos summed to one series"
        }
        "sample_data_with_organic_and_non_media.csv" => {
            "200 weeks, 5 channels, 5 organic media, 4 controls, no gaps, 5 geos summed to one series"
        }
        _ => "200 weeks, 5 channels, 2 controls, no gaps, 5 geos summed to one series",
    })
}

/// The codes of a refusal, each once in a row.
fn codes(problems: &[Problem]) -> String {
    let mut codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
    codes.dedup();
    codes.join(" ")
}

#[test]
fn every_data_set_is_taken_or_refused_with_a_reason() {
    let Some(folder) = data() else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    assert!(paths.len() >= ENDS.len(), "{} files in {}", paths.len(), folder.display());
    let mut other = Vec::new();
    for path in paths {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let found = read(&fs::read(&path).unwrap()).and_then(|table| {
            let columns = suggest(&table);
            assert!(columns.iter().all(|column| !column.reason.is_empty()), "{name}");
            with_suggestions(&table)
        });
        let end = found.map_or_else(|problems| codes(&problems), |found| found.source.extent().to_string());
        let expected = ENDS.iter().find(|(file, _)| *file == name).map(|(_, end)| *end);
        if let Some(expected) = expected.or_else(|| end_of_variant(&name)).filter(|expected| *expected != end)
        {
            other.push((name, end, expected));
        }
    }
    assert!(other.is_empty(), "found and expected: {other:#?}");
}
