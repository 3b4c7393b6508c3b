//! The stored document.

use mmm_core::{
    artifact::{FORMAT, RestoreError, SealError, StoredFit, Summary, seal},
    fit::FitSettings,
    simulate::Scenario,
};

use crate::{market, model_of, short};

#[test]
fn leaving_a_period_out_costs_about_as_much_as_the_information_criterion_says() {
    let fit = model_of(&market(1)).fit(&FitSettings { draws: 300, ..short(3) }).unwrap();
    let (left_out, criterion) = (fit.leave_one_out(), fit.waic());
    assert_eq!((left_out.pareto_k.len(), left_out.density.by_period.len()), (104, 104));
    approx::assert_relative_eq!(left_out.density.elpd, criterion.elpd, max_relative = 0.02);
    let parameters = fit.model().layout().len() as f64;
    assert!((1.0..1.5 * parameters).contains(&left_out.density.effective_parameters));
    // What is not seen is predicted worse than what is.
    let seen = fit.log_likelihood().mean_axis(ndarray::Axis(0)).unwrap().sum();
    assert!(left_out.density.elpd < seen, "{} for {seen}", left_out.density.elpd);
}

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

#[test]
fn joint_figures_agree_with_the_channels_where_they_must() {
    let summary = model_of(&market(1)).fit(&short(1)).unwrap().summary().unwrap();
    let media = summary.media.unwrap();
    let sum =
        |of: fn(&mmm_core::artifact::ChannelSummary) -> f64| summary.channels.iter().map(of).sum::<f64>();
    approx::assert_relative_eq!(media.spend, sum(|channel| channel.spend), max_relative = 1e-12);
    approx::assert_relative_eq!(media.contribution.mean, sum(|c| c.contribution.mean), max_relative = 1e-12);
    approx::assert_relative_eq!(media.share.mean, sum(|channel| channel.share.mean), max_relative = 1e-12);
    approx::assert_relative_eq!(sum(|c| c.effect_share.unwrap().mean), 1.0, max_relative = 1e-12);
    // The channels' errors are not all in the same direction.
    assert!(media.contribution.q95 <= sum(|channel| channel.contribution.q95));
    assert!(media.contribution.q5 >= sum(|channel| channel.contribution.q5));
}

#[test]
fn a_stored_fit_comes_back_to_the_bit_and_only_to_its_own_data() {
    let data = market(1).data;
    let fit = model_of(&market(1)).fit(&short(1)).unwrap();
    let text = serde_json::to_string(&fit.store()).unwrap();
    let stored: StoredFit = serde_json::from_str(&text).unwrap();
    let back = stored.clone().restore(data.clone()).unwrap();
    assert_eq!((back.parameters(), back.contributions()), (fit.parameters(), fit.contributions()));
    assert_eq!(back.convergence(), fit.convergence());
    let other = stored.clone().restore(market(2).data).unwrap_err();
    assert!(matches!(other, RestoreError::OtherData { .. }), "{other}");
    let later = StoredFit { format: 99, ..stored.clone() }.restore(data.clone()).unwrap_err();
    assert_eq!(later, RestoreError::Format { found: 99 });
    let mut short = stored;
    short.draws.parameters.pop();
    assert!(matches!(short.restore(data).unwrap_err(), RestoreError::Damaged(_)));
}

/// `stored/fit-1.mmm` was written by version 0.1.0: the market below, two chains of four draws, seed 5.
#[test]
fn a_file_of_the_first_version_is_read() {
    let text = include_str!("../stored/fit-1.mmm");
    let stored = StoredFit::from_file(text).unwrap();
    assert_eq!((stored.format, stored.crate_version.as_str()), (1, "0.1.0"));
    let data = Scenario::weekly(["tv"]).weeks(40).seed(5).simulate().unwrap().data;
    let fit = stored.restore(data).unwrap();
    assert_eq!((fit.parameters().dim(), fit.settings().seed), ((2, 4, 12), 5));
    let sigma = fit.parameter("sigma").unwrap();
    let contribution = fit.contributions().mean().unwrap();
    approx::assert_relative_eq!(sigma[[1, 3]], 0.017_626_868_638_952_072, max_relative = 1e-12);
    approx::assert_relative_eq!(contribution, 1_345_878.364_533_756_4, max_relative = 1e-12);
    assert!(fit.summary().is_ok());
}

#[test]
fn a_file_that_was_cut_or_changed_is_refused() {
    let file = model_of(&market(1)).fit(&short(1)).unwrap().store().to_file().unwrap();
    assert!(StoredFit::from_file(&file).is_ok());
    let cut = StoredFit::from_file(&file[..file.len() - 9]).unwrap_err();
    assert!(matches!(cut, SealError::Length { .. }), "{cut}");
    let changed = StoredFit::from_file(&file.replacen("\"energies\":[", "\"energies\":[1", 1)).unwrap_err();
    assert!(matches!(changed, SealError::Length { .. } | SealError::Checksum { .. }), "{changed}");
    let other = seal("plan", 1, &"not a fit").unwrap();
    assert!(matches!(StoredFit::from_file(&other).unwrap_err(), SealError::Kind { .. }));
}

#[test]
fn a_document_of_version_one_can_be_read() {
    let summary = model_of(&market(1)).fit(&short(1)).unwrap().summary().unwrap();
    let mut value = serde_json::to_value(&summary).unwrap();
    let document = value.as_object_mut().unwrap();
    document.insert("format".into(), 1.into());
    document.remove("media");
    for channel in document["channels"].as_array_mut().unwrap() {
        channel.as_object_mut().unwrap().remove("effect_share");
    }
    let back: Summary = serde_json::from_value(value).unwrap();
    assert!(back.media.is_none() && back.channels.iter().all(|channel| channel.effect_share.is_none()));
}
