//! Models of several geos at once: what they share is learnt from all of them, what differs scatters.
//!
//! ```text
//! kpi[g,t] / unit[g] - shift ~ Normal(mu[g,t], sigma or sigma[g])          or another [`Likelihood`]
//! mu[g,t] = sum over k of b[k] W[k,t] + level[g]
//!         + slope[g] t^exponent + sum over m of beta[g,m] h[g,m,t]            media: carry-over and saturation
//!         + sum over c of gamma[g,c] z[g,c,t]           treatments, controls, Fourier modes
//! ```
//!
//! `h` is `saturation(adstock(x))`, or `adstock(saturation(x))`, or, where reach and frequency are known,
//! `adstock(reach * saturation(frequency))`. Coefficients of geos are one, separate, or scatter around a
//! centre without their being drawn towards it by the sampler's geometry (non-centred); `effect.rs` has the
//! formulas. A paid channel's prior can be about its return, its marginal return, its share of the
//! outcome or its coefficient.
//!
//! * [`GeoSpec`] is the description; [`GeoSpec::meridian`], [`GeoSpec::pymc`] and
//!   [`GeoSpec::lightweight`] are the peers' own models, to the constant. It can be stored.
//! * [`GeoModel`] is a description bound to a [`Panel`](crate::data::Panel); it can be fitted. A panel
//!   of one geo makes a national model.
//! * [`GeoPosterior`] is its log density with analytic gradient.
//!
//! # Source
//!
//! `_joint_dist_base_logic` of Meridian 2.1; `MMM` of PyMC-Marketing 1.3 with a dimension `geo`;
//! `media_mix_model` of `LightweightMMM` 0.1.9.

mod coordinates;
mod effect;
mod effects;
mod fit;
mod layout;
mod level;
mod likelihood;
mod posterior;
mod prepared;
mod scale;
mod spec;
mod term;

pub use effects::{GeoAccuracy, GeoEffects, GeoResponse, Lever};
pub use fit::GeoFit;
pub use likelihood::{Likelihood, Link};
pub use posterior::GeoPosterior;
pub use prepared::GeoModel;
pub use spec::{
    EffectSpec, Form, GeoKnots, GeoLevel, GeoSpec, LevelSpec, Measure, NoiseSpec, Pooling, Scaling,
    TreatmentSpec, TrendSpec,
};
