//! From a CSV file to a decision, in eight steps.
//!
//! You need a file with one row a week (or a day), a date, what you want to explain, and what you spent
//! per channel. Two years are a good length; half a year is the least.
//!
//! ```text
//! week,orders,tv_cost,search_cost,search_clicks,price
//! 2023-01-02,1204,15000,4200,8100,9.99
//! 2023-01-09,1187,0,4350,8420,9.99
//! ```
//!
//! # 1. Say what the columns are
//!
//! A channel is its spend, and what that bought where you know it: then the clicks work and the spend is
//! what they cost. Whatever else moves the KPI is a control or an event; what you leave out ends up in a
//! channel that moved at the same time.
//!
//! ```
//! use mmm_core::data::{Date, csv::Columns};
//!
//! let columns = Columns::new("week", "orders")
//!     .kpi_value(20.0) // what an order is worth; without it there is no return, only orders per euro
//!     .channel("tv_cost")
//!     .exposed_channel("search", "search_cost", "search_clicks")
//!     .control("price")
//!     .event("christmas", Date::new(2023, 12, 24));
//! ```
//!
//! # 2. Read it, and mend what is wrong in one go
//!
//! Every problem is listed with its column and row: gaps, duplicates, negative spend, cells that are no
//! numbers, columns that are combinations of others.
//!
//! ```
//! # use mmm_core::data::csv::Columns;
//! # let columns = Columns::new("week", "orders").channel("tv_cost");
//! let file = "week,orders,tv_cost\n2023-01-02,1204,15000\n2023-01-16,many,-3\n";
//! for problem in columns.read(file.as_bytes()).unwrap_err().problems() {
//!     println!("{problem}"); // column "orders", row 2: "many" is no number; write it like 1234.5
//! }
//! ```
//!
//! # 3. Look at it
//!
//! ```
//! # let data = mmm_core::simulate::Scenario::weekly(["tv", "search"]).simulate().unwrap().data;
//! for note in data.explore().notes {
//!     println!("{}: {}", note.column, note.message);
//! }
//! ```
//!
//! A note is no error. Two channels that always move together stay together in every model: their sum is
//! known, their parts are what the prior says.
//!
//! # 4. Describe the model
//!
//! The default is geometric adstock over eight periods, logistic saturation and a yearly season. Turn on
//! what your business has: a trend, knots where the level bends, Hill curves where a channel needs a
//! minimum to work. State what you know as a prior or as a lift test, before you look at the result.
//!
//! ```
//! use mmm_core::model::{ChannelSpec, Knots, ModelSpec, Prior};
//!
//! let mut spec = ModelSpec { knots: Knots::Even(6), ..ModelSpec::default() };
//! // Television needs pressure before it works, and is carried longer.
//! let tv = ChannelSpec { max_lag: Some(13), beta: Prior::HalfNormal { sd: 0.5 }, ..ChannelSpec::hill() };
//! spec.overrides.insert("tv".to_owned(), tv);
//! ```
//!
//! # 5. Fit, and ask whether it converged
//!
//! ```
//! # use mmm_core::{fit::FitSettings, model::{Model, ModelSpec}, simulate::Scenario};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let data = Scenario::weekly(["tv", "search"]).seed(1).simulate()?.data;
//! # let spec = ModelSpec { trend: true, ..ModelSpec::default() };
//! let model = Model::new(spec, data)?;
//! let fit = model.fit(&FitSettings::seeded(7))?;
//!
//! // Nothing can be decided with a fit that did not converge: the type does not let you.
//! let fit = fit.require_converged()?;
//! # Ok(())
//! # }
//! ```
//!
//! Where it did not, the error says which checks failed and for which parameter. Draw longer first; then
//! look for channels that say the same; then narrow priors. [`overrule`](crate::diagnose::NotConverged::overrule)
//! is there for those who must, and its reason stays with every recommendation.
//!
//! # 6. Ask whether it is right
//!
//! Converged means that the draws are those of the model. Whether the model is that of your business is
//! another question, and has more answers:
//!
//! ```no_run
//! # use mmm_core::{fit::{Fit, FitSettings}, model::Model, validate::RollingOrigin};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (model, fit): (Model, Fit) = todo!();
//! let health = fit.health(); // one score with named components
//! let unseen = model.roll(&RollingOrigin::default(), fit.settings())?; // four quarters it had not seen
//! assert!(unseen.mean.wmape < unseen.mean.naive_wmape, "worse than last year's values");
//! let refreshed = model.refresh(8, fit.settings())?; // would two months of data change the story?
//! let placebo = model.placebo("tv", fit.settings())?; // does it find effects where there are none?
//! # Ok(())
//! # }
//! ```
//!
//! # 7. Read what it says
//!
//! Every figure comes with its 90 % interval. Say both or say neither.
//!
//! ```
//! # use mmm_core::{fit::FitSettings, model::{Model, ModelSpec}, simulate::Scenario};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let data = Scenario::weekly(["tv", "search"]).weeks(104).seed(7).simulate()?.data;
//! # let settings = FitSettings { tune: 200, draws: 200, ..FitSettings::seeded(7) };
//! # let fit = Model::new(ModelSpec::default(), data)?.fit(&settings)?;
//! for channel in fit.effects().channels {
//!     let roi = channel.roi;
//!     println!("{}: {:.2} ({:.2} to {:.2}) per unit of spend", channel.name, roi.mean, roi.q5, roi.q95);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `report`, `report::Report::of(&fit)?.html()` is the page to send around.
//!
//! # 8. Decide
//!
//! ```
//! # use mmm_core::{fit::FitSettings, model::{Model, ModelSpec}, simulate::Scenario};
//! use mmm_core::budget::Budget;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let data = Scenario::weekly(["tv", "search"]).seed(1).simulate()?.data;
//! # let spec = ModelSpec { trend: true, ..ModelSpec::default() };
//! # let fit = Model::new(spec, data)?.fit(&FitSettings::seeded(7))?.require_converged()?;
//! let plan = fit.optimize(&Budget::default().horizon(13))?;
//! println!("better than today with probability {:.2}", plan.p_improvement);
//! for channel in &plan.channels {
//!     let mark = if channel.extrapolated { " (beyond what was ever spent)" } else { "" };
//!     println!("{}: {:.0} -> {:.0}{mark}", channel.name, channel.now, channel.plan);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Keep the fit: [`StoredFit::to_file`](crate::artifact::StoredFit::to_file) writes a file that says what
//! it is and whether it is whole. Move the budget in steps, measure, state what you measured as a
//! [`LiftTest`](crate::model::LiftTest), and fit again.
