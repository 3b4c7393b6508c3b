//! The commands around a fit: explore, draw, report, validate, optimise.

use std::{fs, io::Write, ops::ControlFlow, path::Path};

use anyhow::Context;
use mmm_core::{
    artifact::{StoredFit, seal, unseal},
    budget::{Budget, Flighting},
    fit::Fit,
    report::Report,
    validate::RollingOrigin,
};
use serde::{Deserialize, Serialize};

use crate::{
    print,
    spec::{Spec, read},
    validate::trust,
};

/// What the header of a kept fit calls it, and its version.
const KIND: (&str, u32) = ("mmm fit", 1);

/// A kept fit: the data and the specification as they were, and the draws.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    spec: Spec,
    csv: String,
    fit: StoredFit,
}

pub(crate) fn explore(data: &Path, spec: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let csv = read(data)?;
    let spec = spec.map_or_else(|| Spec::guess(&csv), Spec::read)?;
    print::exploration(&spec.dataset(&csv)?.explore(), json)
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
        fs::write(path, seal(KIND.0, KIND.1, &kept)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

pub(crate) fn report(path: &Path, html: Option<&Path>, json: bool) -> anyhow::Result<()> {
    let fit = restore(path)?;
    if let Some(page) = html {
        fs::write(page, Report::of(&fit)?.html())
            .with_context(|| format!("{} cannot be written", page.display()))?;
    }
    print::summary(&fit.summary()?, json)
}

pub(crate) fn validate(path: &Path, plan: Option<&RollingOrigin>, json: bool) -> anyhow::Result<()> {
    print::trust(&trust(&restore(path)?, plan)?, json)
}

pub(crate) fn optimise(path: &Path, budget: &Budget, dates: bool, json: bool) -> anyhow::Result<()> {
    let fit = restore(path)?.require_converged()?;
    if dates {
        return print::schedule(&fit.schedule(budget, Flighting::Free)?, json);
    }
    print::plan(&fit.optimize(budget)?, json)
}

/// Reads a stored request.
pub(crate) fn request(path: &Path) -> anyhow::Result<Budget> {
    serde_json::from_str(&read(path)?).with_context(|| format!("{} is no budget", path.display()))
}

fn restore(path: &Path) -> anyhow::Result<Fit> {
    let text = read(path)?;
    let kept: Kept = unseal(KIND.0, KIND.1, &text)
        .with_context(|| format!("{} is no file of `mmm fit --out`", path.display()))?;
    Ok(kept.fit.restore(kept.spec.dataset(&kept.csv)?)?)
}
