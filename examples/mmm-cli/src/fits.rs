//! The commands around a fit: draw, report, validate, optimise.

use std::{fs, io::Write, ops::ControlFlow, path::Path};

use anyhow::Context;
use mmm_core::{artifact::StoredFit, budget::Budget, fit::Fit};
use serde::{Deserialize, Serialize};

use crate::{
    print::{self, Trust},
    spec::{Spec, read},
};

/// A kept fit: the data and the specification as they were, and the draws.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    spec: Spec,
    csv: String,
    fit: StoredFit,
}

pub(crate) fn fit(data: &Path, spec: Option<&Path>, out: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let csv = read(data)?;
    let spec = spec.map_or_else(|| Spec::guess(&csv), Spec::read)?;
    let model = spec.bind(&csv)?;
    let fit = model.fit_observed(&spec.fit, |progress| {
        // A hundred lines at most; they go to standard error, so that the output stays clean.
        if progress.draws_done % progress.draws_total.div_ceil(20).max(1) == 0 {
            let _ = write!(std::io::stderr(), "\r{:>3.0} %", 100.0 * progress.share());
        }
        ControlFlow::Continue(())
    })?;
    eprintln!();
    print::summary(&fit.summary()?, json)?;
    if let Some(path) = out {
        let kept = Kept { spec, csv, fit: fit.store() };
        fs::write(path, serde_json::to_string(&kept)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

pub(crate) fn report(path: &Path, json: bool) -> anyhow::Result<()> {
    print::summary(&restore(path)?.summary()?, json)
}

pub(crate) fn validate(path: &Path, json: bool) -> anyhow::Result<()> {
    let fit = restore(path)?;
    let (left_out, effects) = (fit.leave_one_out(), fit.effects());
    let trust = Trust {
        convergence: fit.convergence(),
        energy_mobility: fit.energy_mobility(),
        unreliable_periods: left_out.unreliable(),
        leave_one_out: left_out.density,
        waic: fit.waic(),
        measures: effects.measures,
        accuracy: effects.accuracy,
    };
    print::trust(&trust, json)
}

pub(crate) fn optimise(path: &Path, total: Option<f64>, horizon: usize, json: bool) -> anyhow::Result<()> {
    let fit = restore(path)?.require_converged()?;
    let budget = total.map_or_else(Budget::default, Budget::fixed).horizon(horizon);
    print::plan(&fit.optimize(&budget)?, json)
}

fn restore(path: &Path) -> anyhow::Result<Fit> {
    let text = read(path)?;
    let kept: Kept = serde_json::from_str(&text)
        .with_context(|| format!("{} was not written by `mmm fit --out`", path.display()))?;
    Ok(kept.fit.restore(kept.spec.dataset(&kept.csv)?)?)
}
