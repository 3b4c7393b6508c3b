//! Where each parameter sits in a flat vector: intercept, retentions, rates, betas, controls,
//! Fourier modes, sigma. It is PyMC-Marketing's order.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The places and names of a model's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    channels: usize,
    controls: usize,
    fourier: usize,
    names: Vec<String>,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// The KPI without anything else, in units of the largest KPI.
    Intercept,
    /// A channel's share of pressure kept from one period to the next.
    Retention,
    /// A channel's speed of saturation.
    Rate,
    /// A channel's contribution at full saturation, in units of the largest KPI.
    Beta,
    /// The effect of a control, in units of the largest KPI per unit of its column.
    Control,
    /// The weight of a Fourier mode, in units of the largest KPI.
    Fourier,
    /// The standard deviation of the noise, in units of the largest KPI.
    Sigma,
}

impl Layout {
    pub(super) fn new(channels: &[String], controls: &[String], fourier: &[String]) -> Self {
        let of = |kind: &'static str, owners: &[String]| -> Vec<String> {
            owners.iter().map(|owner| format!("{kind}[{owner}]")).collect()
        };
        let mut names = vec!["intercept".to_owned()];
        for kind in ["adstock_alpha", "saturation_lam", "saturation_beta"] {
            names.extend(of(kind, channels));
        }
        names.extend(of("gamma_control", controls));
        names.extend(of("gamma_fourier", fourier));
        names.push("sigma".to_owned());
        Self { channels: channels.len(), controls: controls.len(), fourier: fourier.len(), names }
    }

    /// The names of all parameters, in order, such as `saturation_beta[tv]`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: a model has an intercept and a noise at least.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of channels.
    pub const fn channels(&self) -> usize {
        self.channels
    }

    /// The places of the parameters of one kind.
    pub const fn range(&self, kind: ParameterKind) -> Range<usize> {
        let media = 1 + 3 * self.channels;
        match kind {
            ParameterKind::Intercept => 0..1,
            ParameterKind::Retention => 1..1 + self.channels,
            ParameterKind::Rate => 1 + self.channels..1 + 2 * self.channels,
            ParameterKind::Beta => 1 + 2 * self.channels..media,
            ParameterKind::Control => media..media + self.controls,
            ParameterKind::Fourier => media + self.controls..media + self.controls + self.fourier,
            ParameterKind::Sigma => {
                let sigma = media + self.controls + self.fourier;
                sigma..sigma + 1
            }
        }
    }

    /// The place of the noise.
    pub(crate) const fn sigma(&self) -> usize {
        self.range(ParameterKind::Sigma).start
    }

    /// The number of linear coefficients.
    pub(crate) const fn linear(&self) -> usize {
        1 + self.controls + self.fourier
    }

    /// The place of the linear coefficient `index`: the intercept, then controls and Fourier modes.
    pub(crate) const fn linear_place(&self, index: usize) -> usize {
        if index == 0 { 0 } else { 3 * self.channels + index }
    }
}
