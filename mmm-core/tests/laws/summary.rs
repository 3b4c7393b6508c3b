//! The stored document.

use mmm_core::artifact::{FORMAT, Summary};

use crate::{market, model_of, short};

#[test]
fn a_summary_survives_its_own_serialisation() {
    let summary = model_of(&market(1)).fit(&short(1)).unwrap().summary().unwrap();
    let value = serde_json::to_value(&summary).unwrap();
    let back: Summary = serde_json::from_value(value).unwrap();
    assert_eq!(back, summary);
    assert_eq!(back.format, FORMAT);
}

#[test]
fn a_summary_written_as_text_can_be_read() {
    let summary = model_of(&market(1)).fit(&short(1)).unwrap().summary().unwrap();
    let text = serde_json::to_string(&summary).unwrap();
    // serde_json rounds the last bit of a number it reads, so texts are compared by what they say.
    let back: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!(back.convergence.checks, summary.convergence.checks);
    assert_eq!(back.model.spec, summary.model.spec);
    for (back, written) in back.over_time.fitted.iter().zip(&summary.over_time.fitted) {
        approx::assert_relative_eq!(back, written, max_relative = 1e-14);
    }
}

#[test]
fn a_summary_describes_data_model_and_verdict() {
    let simulation = market(1);
    let fit = model_of(&simulation).fit(&short(9)).unwrap();
    let summary = fit.summary().unwrap();
    let names: Vec<&str> = summary.channels.iter().map(|channel| channel.name.as_str()).collect();
    assert_eq!(names, ["tv", "search", "social"]);
    let over_time = &summary.over_time;
    assert_eq!(over_time.actual, simulation.data.kpi());
    for line in [&over_time.fitted, &over_time.band_low, &over_time.band_high, &over_time.baseline] {
        assert_eq!(line.len(), over_time.dates.len());
    }
    assert_eq!(summary.parameters.len(), fit.model().layout().len());
    assert_eq!(summary.contributions.len(), 3);
    assert_eq!((summary.model.settings.seed, summary.model.periods), (9, 104));
    assert_eq!(summary.model.data_fingerprint, format!("{:016x}", simulation.data.fingerprint()));
    // A hundred draws a chain are never enough for a verdict.
    assert!(!summary.convergence.converged);
    assert!(fit.require_converged().is_err());
}
