//! Robyn's way finds the fit it can, the same on every run, and its front is one.

use mmm_core::ridge::{RidgeError, RidgeSettings};

use crate::{market, model_of};

fn quick(seed: u64) -> RidgeSettings {
    RidgeSettings { trials: 2, candidates: 400, population: 30, seed }
}

#[test]
fn the_front_is_a_front_and_the_same_on_every_run() {
    let model = model_of(&market(1));
    let found = model.explore(&quick(1)).unwrap();
    assert_eq!(found.tried, 800);
    assert!(!found.front.is_empty());
    for pair in found.front.windows(2) {
        assert!(pair[0].nrmse < pair[1].nrmse && pair[0].rssd > pair[1].rssd);
    }
    assert!(found.front[0].r_squared > 0.8, "{}", found.front[0].r_squared);
    for candidate in &found.front {
        assert!(candidate.contributions.iter().all(|total| *total >= 0.0));
        assert_eq!((candidate.media.len(), candidate.roi.len()), (3, 3));
    }
    assert_eq!(model.explore(&quick(1)).unwrap(), found);
    assert_ne!(model.explore(&quick(2)).unwrap(), found);
}

#[test]
fn searching_longer_finds_no_worse() {
    let model = model_of(&market(2));
    let best = |candidates: usize| {
        let found = model.explore(&RidgeSettings { candidates, ..quick(3) }).unwrap();
        found.front.iter().map(|candidate| candidate.nrmse + candidate.rssd).fold(f64::INFINITY, f64::min)
    };
    let (early, late) = (best(30), best(600));
    assert!(late < 0.9 * early, "{late} after {early}");
}

#[test]
fn settings_that_cannot_work_are_errors() {
    let model = model_of(&market(1));
    for settings in [
        RidgeSettings { trials: 0, ..quick(1) },
        RidgeSettings { population: 3, ..quick(1) },
        RidgeSettings { candidates: 10, ..quick(1) },
    ] {
        assert_eq!(model.explore(&settings), Err(RidgeError::Settings));
    }
}
