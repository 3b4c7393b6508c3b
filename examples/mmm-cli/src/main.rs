//! The marketing mix model on the command line: from a CSV file to decisions.
//!
//! ```text
//! mmm fit DATA.csv --spec SPEC.json --out FIT.json    draws from the posterior and keeps the draws
//! mmm report FIT.json                                 what each channel brought and returned
//! mmm validate FIT.json                               whether the fit can be trusted
//! mmm optimise FIT.json [--total X] [--horizon N]     how the budget is best split
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

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

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
    /// Print what a fit says.
    Report {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
    },
    /// Print whether a fit can be trusted.
    Validate {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
    },
    /// Split a budget; only a fit that converged gives advice.
    Optimise {
        /// A file that `fit --out` wrote.
        fit: PathBuf,
        /// The budget per period; today's where absent.
        #[arg(long)]
        total: Option<f64>,
        /// The number of periods.
        #[arg(long, default_value_t = 13)]
        horizon: usize,
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
        Command::Fit { data, spec, out } => fits::fit(data, spec.as_deref(), out.as_deref(), json),
        Command::Report { fit } => fits::report(fit, json),
        Command::Validate { fit } => fits::validate(fit, json),
        Command::Optimise { fit, total, horizon } => fits::optimise(fit, *total, *horizon, json),
        Command::Density { model, spec, data } => print::density(&density::compare(model, spec, data)?, json),
        Command::Transform { cases } => print::transform(&transform::compare(cases)?, json),
    }
}
