//! Coming from Google's Meridian: what is where, and what to expect to be different.
//!
//! | Meridian                                                   | here                                                   |
//! |------------------------------------------------------------|--------------------------------------------------------|
//! | `InputData`, `CsvDataLoader`                                | [`Dataset::builder`](crate::data::Dataset::builder); `csv::Columns` reads a file |
//! | `media`, `media_spend`                                      | `exposed_channel(name, spend, exposure)`               |
//! | `organic_media`                                             | `organic(name, exposure)`                              |
//! | `revenue_per_kpi`                                           | `kpi_value`                                            |
//! | `ModelSpec(max_lag=8)`                                      | `max_lag`: counts the current period, so 9 for Meridian's 8 |
//! | `adstock_decay_spec="geometric"` or `"binomial"`            | [`Adstock`](crate::transform::adstock::Adstock), per channel |
//! | `hill_before_adstock=True`                                  | [`Order::SaturationFirst`](crate::transform::Order), per channel |
//! | `knots=n` or a list                                         | [`Knots::Even`](crate::model::Knots), [`Knots::At`](crate::model::Knots) |
//! | `enable_aks`                                                | see the features of [`Knots`](crate::model::Knots)     |
//! | `roi_calibration_period`, experiments                       | [`LiftTest`](crate::model::LiftTest)                   |
//! | `holdout_id`                                                | [`Model::holdout`](crate::model::Model::holdout), [`Model::roll`](crate::model::Model::roll) |
//! | `Meridian.sample_posterior(n_chains, n_adapt, n_burnin, n_keep)` | [`Model::fit`](crate::model::Model::fit): `tune` is adapt and burn-in together |
//! | `Analyzer.roi`, `marginal_roi`, `response_curves`           | [`Fit::effects`](crate::fit::Fit::effects)             |
//! | `Analyzer.expected_vs_actual_data`, `predictive_accuracy`   | `fitted`, `predictive`, `measures` of the effects      |
//! | `reviewer.ModelReviewer` (health score)                     | [`Fit::health`](crate::fit::Fit::health)               |
//! | `BudgetOptimizer`                                           | [`ConvergedFit::optimize`](crate::diagnose::ConvergedFit::optimize) |
//! | `Summarizer` (HTML)                                         | `report::Report` (feature `report`)                    |
//! | `save_mmm` (pickle)                                         | [`StoredFit::to_file`](crate::artifact::StoredFit::to_file) |
//!
//! A national model with Hill curves, knots and exposures:
//!
//! ```
//! use mmm_core::{
//!     data::Dataset,
//!     fit::FitSettings,
//!     model::{ChannelSpec, Knots, Model, ModelSpec, Prior, Shape},
//!     transform::{adstock::Adstock, saturation::Saturation},
//! };
//! # use mmm_core::simulate::Scenario;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let base = Scenario::weekly(["tv", "search"]).exposed().organic(["mail"]).weeks(104).seed(3).simulate()?.data;
//! # let (time, conversions) = (base.dates().to_vec(), base.kpi().to_vec());
//! # let price = base.controls()[1].values().to_vec();
//! # let mail = base.organic()[0].exposure().to_vec();
//! # let column = |at: usize| (base.channels()[at].spend().to_vec(), base.channels()[at].exposure().unwrap().to_vec());
//! # let [(tv_spend, tv_views), (search_spend, search_clicks)] = [column(0), column(1)];
//! // coord_to_columns = CoordToColumns(time="time", kpi="conversions", revenue_per_kpi=..., media=[...],
//! //                                   media_spend=[...], organic_media=["mail"], controls=["price"])
//! let data = Dataset::builder()
//!     .dates(time)
//!     .kpi("conversions", conversions)
//!     .kpi_value(12.5)
//!     .exposed_channel("tv", tv_spend, tv_views)
//!     .exposed_channel("search", search_spend, search_clicks)
//!     .organic("mail", mail)
//!     .control("price", price);
//!
//! // spec.ModelSpec(knots=8, max_lag=8), alpha_m ~ Uniform(0, 1), ec_m ~ TruncatedNormal(.8, .8, .1, 10)
//! let channel = ChannelSpec {
//!     adstock: Shape::of(Adstock::Geometric).with("alpha", Prior::Uniform { low: 0.0, high: 1.0 }),
//!     saturation: Shape::of(Saturation::Hill)
//!         .with("kappa", Prior::TruncatedNormal { mean: 0.8, sd: 0.8, low: 0.1, high: 10.0 }),
//!     ..ChannelSpec::default()
//! };
//! let spec = ModelSpec { channel, knots: Knots::Even(8), max_lag: 9, fourier_order: 0, ..ModelSpec::default() };
//!
//! // mmm.sample_posterior(n_chains=4, n_adapt=500, n_burnin=500, n_keep=1000, seed=1)
//! let model = Model::new(spec, data.build()?)?;
//! let settings = FitSettings::seeded(1);
//! # let settings = FitSettings { tune: 200, draws: 100, ..settings };
//! let fit = model.fit(&settings)?;
//!
//! // analyzer.Analyzer(mmm).roi(), .marginal_roi()
//! for channel in fit.effects().channels {
//!     assert!(channel.roi.q5 <= channel.roi.q95 && channel.response.marginal_roi.mean.is_finite());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! What differs:
//!
//! * **Units.** Meridian divides media by the median of its positive values and centres the KPI; here both
//!   are divided by their largest value. A prior on half saturation is therefore in other units.
//! * **Convergence.** Meridian passes R-hat below 1.2 and says "not converged" above 10. Here it must be
//!   below 1.01, with enough effective draws in bulk and tails, or nothing can be decided.
//! * **Lags.** `max_lag` here counts the current period too.
//! * **Doubles.** Everything is computed in double precision.
