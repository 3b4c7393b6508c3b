//! Where each parameter sits in a flat vector: level, adstock, saturation, betas, controls, Fourier
//! modes, sigma. It is PyMC-Marketing's order: one name after the other, over all channels that have
//! a parameter of that name.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::ChannelSpec;

/// The places and names of a model's parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    levels: usize,
    adstock: usize,
    saturation: usize,
    controls: usize,
    fourier: usize,
    channels: Vec<ChannelPlaces>,
    names: Vec<String>,
}

/// The places of one channel's parameters, in the order of its families.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChannelPlaces {
    pub(crate) adstock: Vec<usize>,
    pub(crate) saturation: Vec<usize>,
    pub(crate) beta: usize,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// The KPI without anything else, in units of the largest KPI: the intercept, or one value per
    /// knot.
    Level,
    /// How a channel's pressure is carried.
    Adstock,
    /// How a channel's pressure saturates.
    Saturation,
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
    pub(super) fn new(
        levels: &[String],
        channels: &[(&str, &ChannelSpec)],
        controls: &[String],
        fourier: &[String],
    ) -> Self {
        let mut names = levels.to_vec();
        let mut places = vec![ChannelPlaces::default(); channels.len()];
        let adstock: Vec<Vec<&str>> =
            channels.iter().map(|(_, spec)| parameter_names(spec.adstock.family.parameters())).collect();
        let saturation: Vec<Vec<&str>> =
            channels.iter().map(|(_, spec)| parameter_names(spec.saturation.family.parameters())).collect();
        for (prefix, owned) in [("adstock", &adstock), ("saturation", &saturation)] {
            let mut seen: Vec<&str> = Vec::new();
            for name in owned.iter().flatten() {
                if !seen.contains(name) {
                    seen.push(name);
                }
            }
            let found = |places: &mut ChannelPlaces, count: usize, at: usize, place: usize| {
                let list = if prefix == "adstock" { &mut places.adstock } else { &mut places.saturation };
                list.resize(count, 0);
                list[at] = place;
            };
            for name in seen {
                for (channel, own) in owned.iter().enumerate() {
                    if let Some(at) = own.iter().position(|other| *other == name) {
                        found(&mut places[channel], own.len(), at, names.len());
                        names.push(format!("{prefix}_{name}[{}]", channels[channel].0));
                    }
                }
            }
        }
        for (channel, place) in channels.iter().zip(&mut places) {
            place.beta = names.len();
            names.push(format!("saturation_beta[{}]", channel.0));
        }
        names.extend(controls.iter().map(|owner| format!("gamma_control[{owner}]")));
        names.extend(fourier.iter().map(|owner| format!("gamma_fourier[{owner}]")));
        names.push("sigma".to_owned());
        Self {
            levels: levels.len(),
            adstock: adstock.iter().map(Vec::len).sum(),
            saturation: saturation.iter().map(Vec::len).sum(),
            controls: controls.len(),
            fourier: fourier.len(),
            channels: places,
            names,
        }
    }

    /// The names of all parameters, in order, such as `saturation_beta[tv]`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: a model has a level and a noise at least.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of media: paid channels, then organic ones.
    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// The places of the parameters of one kind.
    pub fn range(&self, kind: ParameterKind) -> Range<usize> {
        let counts = [
            (ParameterKind::Level, self.levels),
            (ParameterKind::Adstock, self.adstock),
            (ParameterKind::Saturation, self.saturation),
            (ParameterKind::Beta, self.channels.len()),
            (ParameterKind::Control, self.controls),
            (ParameterKind::Fourier, self.fourier),
        ];
        let before = counts.iter().take_while(|(other, _)| *other != kind);
        let start = before.map(|(_, count)| count).sum();
        let count = counts.iter().find(|(other, _)| *other == kind).map_or(1, |(_, count)| *count);
        start..start + count
    }

    /// The places of one channel's parameters.
    pub(crate) fn channel(&self, channel: usize) -> &ChannelPlaces {
        &self.channels[channel]
    }

    /// The place of the noise.
    pub(crate) fn sigma(&self) -> usize {
        self.names.len() - 1
    }

    /// The number of linear coefficients.
    pub(crate) const fn linear(&self) -> usize {
        self.levels + self.controls + self.fourier
    }

    /// The place of the linear coefficient `index`: the levels, then controls and Fourier modes.
    pub(crate) const fn linear_place(&self, index: usize) -> usize {
        if index < self.levels { index } else { self.adstock + self.saturation + self.channels.len() + index }
    }
}

fn parameter_names(parameters: &'static [crate::transform::Parameter]) -> Vec<&'static str> {
    parameters.iter().map(|parameter| parameter.name).collect()
}
