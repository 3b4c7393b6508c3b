//! A fit finds what the simulator hid.

use mmm_core::fit::FitSettings;

use crate::{market, model_of};

/// Ten markets of three channels. The 90 % intervals must hold the truth in at least 22 of 30 cases
/// (27 expected; 22 or fewer happen by chance about once in a hundred and fifty), and the
/// contribution of all channels together must be met within 20 %.
#[test]
fn the_truth_lies_in_the_intervals_and_the_total_is_met() {
    let (mut inside, mut all) = (0, 0);
    for seed in 0..10 {
        let simulation = market(seed);
        let fit = model_of(&simulation).fit(&FitSettings::seeded(seed)).unwrap();
        let convergence = fit.convergence();
        assert!(convergence.converged, "market {seed}: {convergence}");
        let effects = fit.effects();
        let (mut found, mut hidden) = (0.0, 0.0);
        for (channel, truth) in effects.channels.iter().zip(&simulation.truth.channels) {
            all += 1;
            inside += u32::from((channel.roi.q5..=channel.roi.q95).contains(&truth.roi));
            found += channel.contribution.mean;
            hidden += truth.total;
        }
        assert!((0.8..1.2).contains(&(found / hidden)), "market {seed}: {found} for {hidden}");
        assert!((0.8..=1.0).contains(&effects.measures.band_coverage), "{:?}", effects.measures);
    }
    assert!(inside >= 22, "{inside} of {all}");
}
