//! Writes the report of an invented market to a file, to see what one looks like.
//!
//! ```text
//! cargo run --release -p mmm-core --features report --example report -- REPORT.html
//! ```

use std::{env, error::Error, fs};

use mmm_core::{
    fit::FitSettings,
    model::{Model, ModelSpec},
    report::Report,
    simulate::Scenario,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("name the file to write")?;
    let draws = env::args().nth(2).map_or(Ok(1000), |text| text.parse())?;
    let market = Scenario::weekly(["TV", "Search", "Social", "Radio", "Out of home"]).organic(["Newsletter"]);
    let data = market.weeks(156).seed(11).simulate()?.data;
    let model = Model::new(ModelSpec { trend: true, ..ModelSpec::default() }, data)?;
    let fit = model.fit(&FitSettings { draws, ..FitSettings::seeded(11) })?;
    fs::write(path, Report::of(&fit)?.html())?;
    Ok(())
}
