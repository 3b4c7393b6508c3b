//! This crate beside PyMC-Marketing with nutpie, in one run: time, effective draws, memory, agreement.
//!
//! ```text
//! PEERS_PYTHON=PYTHON TENANCY_SHARED=FOLDER cargo bench -p mmm-core --bench peers [-- SEEDS]
//! ```
//!
//! `peers/README.md` says how to install the peer and what the figures mean. Every fit is a process of
//! its own; without `PEERS_PYTHON` only ours run.

mod shared;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    process::{Command, Stdio},
    time::Instant,
};

use mmm_core::{
    fit::{Fit, FitSettings},
    model::{ChannelSpec, Model, ModelSpec, Prior, Shape},
    transform::{adstock::Adstock, saturation::Saturation},
};
use serde::{Deserialize, Serialize};
use shared::{QUICKSTART, SMALL_BUSINESS, Source};

/// What a fit reports on its last line.
#[derive(Debug, Deserialize, Serialize)]
struct Figures {
    wall: f64,
    cpu: f64,
    #[serde(default)]
    compile: f64,
    sampling: f64,
    min_ess_bulk: f64,
    min_ess_tail: f64,
    worst_r_hat: f64,
    divergences: usize,
    megabytes: f64,
    /// Posterior mean and its Monte Carlo error by name.
    means: BTreeMap<String, (f64, f64)>,
}

/// The true contribution of every channel of the small business, from the file beside its data.
const TRUE_CONTRIBUTIONS: &str = "small_business_truth_contributions.csv";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().collect();
    if let [_, mode, name, seed, ..] = arguments.as_slice()
        && mode == "fit"
    {
        println!("{}", serde_json::to_string(&fit(name, seed.parse()?)?)?);
        return Ok(());
    }
    let seeds: u64 = arguments.iter().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(3);
    println!(
        "{:<15} {:<9} {:>4} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>10} {:>7} {:>5} {:>7}",
        "data",
        "who",
        "seed",
        "wall s",
        "cpu s",
        "compile",
        "sampling",
        "min bulk",
        "min tail",
        "bulk / s",
        "R-hat",
        "div.",
        "MB"
    );
    for (name, source) in [("quickstart", &QUICKSTART), ("small_business", &SMALL_BUSINESS)] {
        let (mut all_ours, mut all_theirs) = (Vec::new(), Vec::new());
        for seed in 1..=seeds {
            let own = run(Command::new(env::current_exe()?).args(["fit", name, &seed.to_string()]))?;
            print(name, "ours", seed, &own);
            all_ours.push(own);
            if let Some(python) = env::var_os("PEERS_PYTHON") {
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/with_nutpie.py");
                let path = source.path()?;
                let theirs = run(Command::new(python).arg(script).arg(path).args([&seed.to_string(), name]))?;
                print(name, "nutpie", seed, &theirs);
                all_theirs.push(theirs);
            }
        }
        if !all_theirs.is_empty() {
            compare(&all_ours, &all_theirs);
        }
        if name == "small_business" {
            for (who, all) in [("ours", &all_ours), ("nutpie", &all_theirs)] {
                for figures in all {
                    println!(
                        "  {who}: contributions off by {:.1} % of the truth",
                        100.0 * error(source, figures)?
                    );
                }
            }
        }
    }
    Ok(())
}

/// Medians of both, and how the posterior means agree.
fn compare(ours: &[Figures], theirs: &[Figures]) {
    let median = |of: &dyn Fn(&Figures) -> f64, all: &[Figures]| {
        let mut values: Vec<f64> = all.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratio = |of: &dyn Fn(&Figures) -> f64| median(of, theirs) / median(of, ours);
    println!(
        "  {:.0}x in total, {:.0}x in processor time, {:.0}x without compiling, {:.0}x bulk and {:.0}x tail draws per second of sampling; \
         tail draws {:.0} beside {:.0}",
        ratio(&|f| f.wall),
        ratio(&|f| f.cpu),
        ratio(&|f| f.wall - f.compile),
        1.0 / ratio(&|f| f.min_ess_bulk / f.sampling),
        1.0 / ratio(&|f| f.min_ess_tail / f.sampling),
        median(&|f| f.min_ess_tail, ours),
        median(&|f| f.min_ess_tail, theirs)
    );
    let (own, other) = (&ours[0].means, &theirs[0].means);
    let apart = own.iter().filter_map(|(name, (mean, error))| {
        let (theirs, their_error) = other.get(name)?;
        Some(((mean - theirs).abs() / error.hypot(*their_error), name))
    });
    let apart: Vec<(f64, &String)> = apart.collect();
    let worst = apart.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((errors, name)) = worst {
        println!(
            "  {} of {} means compared; at most {errors:.1} standard errors apart ({name})",
            apart.len(),
            own.len()
        );
    }
}

fn print(data: &str, who: &str, seed: u64, figures: &Figures) {
    println!(
        "{data:<15} {who:<9} {seed:>4} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {:>9.0} {:>9.0} {:>10.0} {:>7.4} {:>5} {:>7.1}",
        figures.wall,
        figures.cpu,
        figures.compile,
        figures.sampling,
        figures.min_ess_bulk,
        figures.min_ess_tail,
        figures.min_ess_bulk / figures.sampling,
        figures.worst_r_hat,
        figures.divergences,
        figures.megabytes
    );
}

/// Runs a fit as a process and reads the last line it prints.
fn run(command: &mut Command) -> Result<Figures, Box<dyn Error>> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let last = text.lines().last().ok_or_else(|| format!("{command:?} printed nothing"))?;
    Ok(serde_json::from_str(last)?)
}

/// One fit of ours, from the start of the process.
fn fit(name: &str, seed: u64) -> Result<Figures, Box<dyn Error>> {
    let start = Instant::now();
    let (source, spec) = match name {
        "quickstart" => (QUICKSTART, ModelSpec::pymc()),
        _ => (SMALL_BUSINESS, ModelSpec { channel: hill_of_pymc(), ..ModelSpec::pymc() }),
    };
    let model = Model::new(spec, source.load()?)?;
    let sampling = Instant::now();
    let fit = model.fit(&FitSettings::seeded(seed))?;
    let (wall, sampling) = (start.elapsed().as_secs_f64(), sampling.elapsed().as_secs_f64());
    let (cpu, megabytes) = (cpu_seconds()?, peak_megabytes()?);
    let verdict = fit.convergence();
    Ok(Figures {
        wall,
        cpu,
        compile: 0.0,
        sampling,
        min_ess_bulk: verdict.min_ess_bulk.unwrap_or(0.0),
        min_ess_tail: verdict.min_ess_tail.unwrap_or(0.0),
        worst_r_hat: verdict.worst_r_hat.unwrap_or(f64::NAN),
        divergences: verdict.divergences,
        megabytes,
        means: means(&fit),
    })
}

/// The Hill curve with the priors of PyMC-Marketing.
fn hill_of_pymc() -> ChannelSpec {
    let wide = Prior::HalfNormal { sd: 1.5 };
    let saturation = Shape::of(Saturation::Hill).with("slope", wide).with("kappa", wide);
    ChannelSpec { saturation, beta: wide, ..ChannelSpec::of(Adstock::Geometric, Saturation::Hill) }
}

/// Names as the peer has them.
fn means(fit: &Fit) -> BTreeMap<String, (f64, f64)> {
    let diagnostics = fit.diagnostics();
    let figures = diagnostics.all().map(|quantity| {
        let name = if quantity.name == "sigma" { "y_sigma" } else { &quantity.name }.to_owned();
        (name, (quantity.mean, quantity.mcse_mean))
    });
    figures.collect()
}

/// The mean over channels of the contribution's error as a share of its true value.
fn error(source: &Source, figures: &Figures) -> Result<f64, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(source.path()?.with_file_name(TRUE_CONTRIBUTIONS))?;
    let headers = reader.headers()?.clone();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let mut sum = 0.0;
    for channel in source.channels {
        let column = format!("contribution_{channel}");
        let place = headers.iter().position(|header| header == column).ok_or(column)?;
        let truth: f64 = rows.iter().map(|row| row[place].parse::<f64>()).sum::<Result<_, _>>()?;
        let name = format!("contribution[{channel}]");
        let (mean, _) = figures.means.get(&name).ok_or(name)?;
        sum += (mean - truth).abs() / truth;
    }
    Ok(sum / source.channels.len() as f64)
}

/// Seconds on a processor so far, all threads; 0 where the system does not say.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let Ok(text) = fs::read_to_string("/proc/self/stat") else { return Ok(0.0) };
    let after_name = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after_name.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<_, _>>()?;
    Ok(ticks / 100.0)
}

/// The most memory held so far; 0 where the system does not say.
fn peak_megabytes() -> Result<f64, Box<dyn Error>> {
    let Ok(text) = fs::read_to_string("/proc/self/status") else { return Ok(0.0) };
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: 0 kB");
    Ok(line.split_whitespace().nth(1).unwrap_or("0").parse::<f64>()? / 1024.0)
}
