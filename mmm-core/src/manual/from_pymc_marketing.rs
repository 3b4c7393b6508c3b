//! Coming from PyMC-Marketing: the same model in other words.
//!
//! [`ModelSpec::pymc`](crate::model::ModelSpec::pymc) is the density of `pymc_marketing.mmm.MMM` 1.3 with
//! its default priors. The crate's tests compare log density and gradient with those of PyMC at given points, to
//! 1e-10 and 1e-8.
//!
//! | PyMC-Marketing                                             | here                                                   |
//! |------------------------------------------------------------|--------------------------------------------------------|
//! | `date_column`, `channel_columns`, `control_columns`         | [`Dataset::builder`](crate::data::Dataset::builder)    |
//! | `GeometricAdstock(l_max=8)`                                 | `max_lag: 8`, the default adstock                      |
//! | `DelayedAdstock`, `WeibullCDFAdstock`, …                    | [`Adstock`](crate::transform::adstock::Adstock), per channel |
//! | `LogisticSaturation()`                                      | the default saturation                                 |
//! | `HillSaturation`, `MichaelisMentenSaturation`, …            | [`Saturation`](crate::transform::saturation::Saturation), per channel |
//! | `adstock_first=False`                                       | [`Order::SaturationFirst`](crate::transform::Order)    |
//! | `yearly_seasonality=2`                                      | `fourier_order: 2`                                     |
//! | `model_config={"intercept": Prior("Normal", ...)}`          | a field of [`ModelSpec`](crate::model::ModelSpec)      |
//! | `Prior("Gamma", alpha=3, beta=1)`                           | `Prior::Gamma { shape: 3.0, rate: 1.0 }`               |
//! | `mmm.fit(X, y, chains=4, tune=1000, draws=1000)`            | [`Model::fit`](crate::model::Model::fit)               |
//! | `mmm.add_lift_test_measurements(df)`                        | [`LiftTest`](crate::model::LiftTest) in the description |
//! | `az.summary`, `az.loo`, `az.waic`                           | [`Fit::diagnostics`](crate::fit::Fit::diagnostics), [`Fit::leave_one_out`](crate::fit::Fit::leave_one_out), [`Fit::waic`](crate::fit::Fit::waic) |
//! | `compute_channel_contribution_original_scale`               | [`Fit::decompose`](crate::fit::Fit::decompose), [`Fit::effects`](crate::fit::Fit::effects) |
//! | `TimeSliceCrossValidator`                                   | [`Model::roll`](crate::model::Model::roll)             |
//! | `optimize_budget`                                           | [`ConvergedFit::optimize`](crate::diagnose::ConvergedFit::optimize) |
//! | `mmm.save("model.nc")`                                      | [`StoredFit::to_file`](crate::artifact::StoredFit::to_file) |
//!
//! The quickstart's model:
//!
//! ```
//! use mmm_core::{
//!     data::Dataset,
//!     fit::FitSettings,
//!     model::{ChannelSpec, Model, ModelSpec, Prior, Shape},
//!     transform::{adstock::Adstock, saturation::Saturation},
//! };
//! # use mmm_core::simulate::Scenario;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let base = Scenario::weekly(["x1", "x2"]).weeks(104).seed(3).simulate()?.data;
//! # let (dates, y) = (base.dates().to_vec(), base.kpi().to_vec());
//! # let [x1, x2] = [0, 1].map(|at: usize| base.channels()[at].spend().to_vec());
//! # let t: Vec<f64> = (0..104).map(f64::from).collect();
//! // mmm = MMM(date_column="date_week", target_column="y", channel_columns=["x1", "x2"],
//! //           control_columns=["t"], yearly_seasonality=2,
//! //           adstock=GeometricAdstock(l_max=8), saturation=LogisticSaturation(),
//! //           model_config={"adstock_alpha": Prior("Beta", alpha=2, beta=5)})
//! let data = Dataset::builder().dates(dates).kpi("y", y).channel("x1", x1).channel("x2", x2).control("t", t);
//! let channel = ChannelSpec {
//!     adstock: Shape::of(Adstock::Geometric).with("alpha", Prior::Beta { alpha: 2.0, beta: 5.0 }),
//!     saturation: Shape::of(Saturation::Logistic),
//!     ..ChannelSpec::default()
//! };
//! let spec = ModelSpec { channel, ..ModelSpec::pymc() };
//!
//! // mmm.fit(X, y, chains=4, draws=1000, tune=1000, target_accept=0.9, random_seed=42)
//! let model = Model::new(spec, data.build()?)?;
//! let settings = FitSettings { target_accept: 0.9, ..FitSettings::seeded(42) };
//! # let settings = FitSettings { tune: 200, draws: 100, ..settings };
//! let fit = model.fit(&settings)?;
//!
//! // mmm.idata.posterior["adstock_alpha"].sel(channel="x1")
//! let alpha = fit.parameter("adstock_alpha[x1]").ok_or("no such parameter")?;
//! assert_eq!(alpha.dim(), (4, settings.draws));
//! # Ok(())
//! # }
//! ```
//!
//! What differs, on purpose:
//!
//! * [`ModelSpec::default`](crate::model::ModelSpec) standardises controls; PyMC-Marketing takes them as
//!   they are, and a column in the millions then meets a prior of width two. `ModelSpec::pymc()` does as it does.
//! * The Weibull CDF kernel has the length `l_max`, as in 1.3; 0.19 had one more.
//! * A channel with a lag, families or an order of its own is an entry of `overrides`, not another class.
//! * Convergence is checked, and without it there is no budget.
//! * The sampler works in other coordinates, so draws of one seed are not PyMC's; their distribution is.
