//! Fits a CSV file and prints what each channel returned, whether the fit converged, how today's budget
//! is best split, and how long it took.
//!
//! ```text
//! cargo run --release -p mmm-core --example fit_csv -- FILE --kpi y --channels x1,x2 \
//!     [--controls event_1,event_2,t] [--date date_week] [--value 1.0] [--seeds 1,2,3] [--trend] [--pymc] \
//!     [--hill] [--knots 8] [--organic newsletter]
//! ```
//!
//! A channel is the column of its spend, or `spend:exposure` where another column says what that bought.
//! Without `--date` the first column holds the dates. With `--pymc` the controls are used as they are,
//! with `--hill` channels saturate along Hill curves, with `--knots` the level may bend.

use std::{collections::HashMap, error::Error, time::Instant};

use mmm_core::{
    artifact::Summary,
    budget::Budget,
    data::Dataset,
    fit::{Fit, FitSettings},
    model::{ChannelSpec, Knots, Model, ModelSpec},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let data = load(&arguments)?;
    let preset = if arguments.has("pymc") { ModelSpec::pymc() } else { ModelSpec::default() };
    let channel = if arguments.has("hill") { ChannelSpec::hill() } else { ChannelSpec::default() };
    let knots = match arguments.named.get("knots") {
        Some(count) => Knots::Even(count.parse()?),
        None => Knots::None,
    };
    let model = Model::new(ModelSpec { trend: arguments.has("trend"), channel, knots, ..preset }, data)?;
    for seed in arguments.list("seeds", "1").iter().map(|seed| seed.parse::<u64>()) {
        let start = Instant::now();
        let fit = model.fit(&FitSettings::seeded(seed?))?;
        let drawn = start.elapsed();
        let summary = fit.summary()?;
        print(&summary, drawn.as_secs_f64(), start.elapsed().as_secs_f64());
        plan(fit);
    }
    Ok(())
}

/// `--name value` pairs, flags, and one path.
struct Arguments {
    path: String,
    named: HashMap<String, String>,
}

impl Arguments {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut path, mut named) = (None, HashMap::new());
        let mut arguments = arguments.peekable();
        while let Some(argument) = arguments.next() {
            if let Some(name) = argument.strip_prefix("--") {
                let value = arguments.next_if(|next| !next.starts_with("--")).unwrap_or_default();
                named.insert(name.to_owned(), value);
            } else {
                path = Some(argument);
            }
        }
        Ok(Self { path: path.ok_or("name a CSV file")?, named })
    }

    fn has(&self, name: &str) -> bool {
        self.named.contains_key(name)
    }

    fn list(&self, name: &str, default: &str) -> Vec<String> {
        let text = self.named.get(name).map_or(default, String::as_str);
        text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

fn load(arguments: &Arguments) -> Result<Dataset, Box<dyn Error>> {
    let mut reader = csv::Reader::from_path(&arguments.path)?;
    let headers = reader.headers()?.clone();
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let place = |name: &str| {
        headers.iter().position(|header| header == name).ok_or_else(|| format!("there is no column {name:?}"))
    };
    let numbers = |name: &str| -> Result<Vec<f64>, Box<dyn Error>> {
        let place = place(name)?;
        let parse = |row: &csv::StringRecord| row[place].trim().parse().unwrap_or(f64::NAN);
        Ok(rows.iter().map(parse).collect())
    };
    let date = arguments.named.get("date").map_or(Ok(0), |name| place(name))?;
    let kpi = arguments.list("kpi", "y").join(",");
    let mut builder =
        Dataset::builder().dates(rows.iter().map(|row| &row[date])).kpi(kpi.as_str(), numbers(&kpi)?);
    if let Some(value) = arguments.named.get("value") {
        builder = builder.kpi_value(value.parse()?);
    }
    for name in arguments.list("channels", "") {
        builder = match name.split_once(':') {
            Some((spend, exposure)) => builder.exposed_channel(spend, numbers(spend)?, numbers(exposure)?),
            None => builder.channel(name.as_str(), numbers(&name)?),
        };
    }
    for name in arguments.list("organic", "") {
        builder = builder.organic(name.as_str(), numbers(&name)?);
    }
    for name in arguments.list("controls", "") {
        builder = builder.control(name.as_str(), numbers(&name)?);
    }
    Ok(builder.build()?)
}

/// Today's budget, better split; only where the fit converged.
fn plan(fit: Fit) {
    let Ok(fit) = fit.require_converged() else { return };
    let start = Instant::now();
    match fit.optimize(&Budget::default()) {
        Ok(plan) => {
            for channel in &plan.channels {
                println!("{:<16} {:>14.2} -> {:>14.2} per period", channel.name, channel.now, channel.plan);
            }
            println!(
                "gain {:.2} ({:.2} .. {:.2}) over {} periods, better with probability {:.3}; planned in {:.3} s\n",
                plan.gain.mean,
                plan.gain.q5,
                plan.gain.q95,
                plan.horizon,
                plan.p_improvement,
                start.elapsed().as_secs_f64()
            );
        }
        Err(error) => println!("no plan: {error}"),
    }
}

fn print(summary: &Summary, drawn: f64, total: f64) {
    let settings = &summary.model.settings;
    println!(
        "seed {}: {} chains x ({} + {}) draws",
        settings.seed, settings.chains, settings.tune, settings.draws
    );
    println!("{:<16} {:>14} {:>8} {:>10} {:>22}", "channel", "spend", "share", "return", "90 % interval");
    for channel in &summary.channels {
        let interval = format!("{:.3} .. {:.3}", channel.roi.q5, channel.roi.q95);
        println!(
            "{:<16} {:>14.2} {:>7.1}% {:>10.3} {interval:>22}",
            channel.name,
            channel.spend,
            100.0 * channel.share.mean,
            channel.roi.mean
        );
    }
    for organic in &summary.organic {
        println!("{:<16} {:>14} {:>7.1}%", organic.name, "organic", 100.0 * organic.share.mean);
    }
    let verdict = if summary.convergence.converged { "converged" } else { "NOT CONVERGED" };
    println!("{verdict}: {}", summary.convergence);
    println!("R2 {:.4}, MAPE {:.4}", summary.measures.r_squared, summary.measures.mape);
    println!("fit {drawn:.3} s, with diagnostics and effects {total:.3} s\n");
}
