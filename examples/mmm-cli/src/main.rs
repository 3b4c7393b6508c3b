//! The marketing mix model on the command line: from a CSV file to decisions.
//!
//! ```text
//! mmm explore DATA.csv [--spec SPEC.json]             what can be seen before any model
//! mmm fit DATA.csv --spec SPEC.json --out FIT.json    draws from the posterior and keeps the draws
//! mmm report FIT.json [--html PAGE.html]              what each channel brought and returned
//! mmm validate FIT.json [--quick]                     whether the fit can be trusted, and stays as it is
//! mmm optimise FIT.json [--total X] [--horizon N] [--request BUDGET.json] [--dates]
//!                                                     how the budget is best split
//! mmm density MODEL.json --spec SPEC.json --data DATA.csv
//! mmm transform CASES.csv                             our formulas beside the peers' numbers
//! ```
//!
//! Every command prints JSON with `--json`; errors go to standard error with exit code 1. The format of
//! a specification is described in [`spec`].

mod density;
mod fits;
mod meridian;
mod print;
mod spec;
mod transform;
mod validate;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};
use mmm_core::{budget::Budget, validate::RollingOrigin};

/// Marketing mix modelling.
#[derive(Debug, Parser)]
#[command(name = "mmm", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what can be seen in a CSV file before any model.
    Explore {
        /// The data: one row a period, with a header.
        data: PathBuf,
        /// What the columns are.
        #[arg(long)]
        spec: Option<PathBuf>,
    },
    /// Draw from the posterior of a model of a CSV file.
    Fit {
        /// The data: one row a period, with a header.
        data: PathBuf,
        /// What the columns are, and the model.
        #[arg(long)]
        spec: Option<PathBuf>,
        /// Where to keep the draws.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Print what a fit says, or write it as a page.
    Report {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
        /// Where to write a page with charts: one HTML file that needs nothing else.
        #[arg(long)]
        html: Option<PathBuf>,
    },
    /// Print whether a fit can be trusted: its diagnostics, and what fitting again says.
    Validate {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
        /// Leave out what takes further fits.
        #[arg(long)]
        quick: bool,
        /// How often unseen periods are predicted.
        #[arg(long, default_value_t = RollingOrigin::default().folds)]
        folds: usize,
        /// How many periods each time.
        #[arg(long, default_value_t = RollingOrigin::default().horizon)]
        horizon: usize,
    },
    /// Split a budget; only a fit that converged gives advice.
    Optimise {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
        /// The budget per period; today's where absent.
        #[arg(long, conflicts_with = "request")]
        total: Option<f64>,
        /// The number of periods; 13 where absent.
        #[arg(long, conflicts_with = "request")]
        horizon: Option<usize>,
        /// Amount, bounds, groups, ratios, prices and objective as `mmm_core::budget::Budget` stores them.
        #[arg(long)]
        request: Option<PathBuf>,
        /// Plan an amount per channel and period, starting from what was spent last.
        #[arg(long)]
        dates: bool,
    },
    /// Evaluate a log density at the points of a file of PyMC-Marketing's or Meridian's.
    Density {
        /// The points, with their log densities and gradients.
        model: PathBuf,
        /// The same model in our words.
        #[arg(long)]
        spec: PathBuf,
        /// The data of the model.
        #[arg(long)]
        data: PathBuf,
    },
    /// Compare adstock and saturation with a file of cases.
    Transform {
        /// The cases.
        cases: PathBuf,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mmm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    match &arguments.command {
        Command::Explore { data, spec } => fits::explore(data, spec.as_deref(), json),
        Command::Fit { data, spec, out } => fits::fit(data, spec.as_deref(), out.as_deref(), json),
        Command::Report { fit, html } => fits::report(fit, html.as_deref(), json),
        Command::Validate { fit, quick, folds, horizon } => {
            let plan = RollingOrigin { folds: *folds, horizon: *horizon };
            fits::validate(fit, (!quick).then_some(&plan), json)
        }
        Command::Optimise { fit, total, horizon, request, dates } => {
            let budget = if let Some(path) = request {
                fits::request(path)?
            } else {
                let budget = total.map_or_else(Budget::default, Budget::fixed);
                match horizon {
                    Some(periods) => budget.horizon(*periods),
                    None => budget,
                }
            };
            fits::optimise(fit, &budget, *dates, json)
        }
        Command::Density { model, spec, data } => print::density(&density::compare(model, spec, data)?, json),
        Command::Transform { cases } => print::transform(&transform::compare(cases)?, json),
    }
}
