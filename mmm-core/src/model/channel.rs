//! The description of one channel: how its pressure is carried, how it saturates, what is believed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::transform::{Order, Parameter, adstock::Adstock, saturation::Saturation};

use super::{Prior, SpecError, Support};

/// How one channel works. See [`transform`](crate::transform) for the formulas.
///
/// [`ChannelSpec::default`] is PyMC-Marketing's: geometric adstock, then logistic saturation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Document")]
pub struct ChannelSpec {
    /// How pressure is carried.
    pub adstock: Shape<Adstock>,
    /// How pressure saturates.
    pub saturation: Shape<Saturation>,
    /// Which of the two comes first.
    pub order: Order,
    /// Over how many periods pressure is carried, the current one included; the model's where absent.
    pub max_lag: Option<usize>,
    /// Whether adstock weights are divided by their sum.
    pub normalized: bool,
    /// What the curve is multiplied with, in units of the largest KPI: the contribution at full
    /// saturation, where the curve saturates.
    pub beta: Prior,
}

/// A family of curves and what is believed about its parameters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shape<F> {
    /// The family.
    pub family: F,
    /// Priors by the name of the parameter; a parameter that is not named has the family's default.
    pub priors: BTreeMap<String, Prior>,
}

/// A family whose parameters have names, default priors and usual values.
pub(crate) trait Family: Copy {
    /// The parameters in order.
    fn parameters(self) -> &'static [Parameter];
    /// The default prior of a parameter, and where a chain may start.
    fn usual(self, place: usize) -> (Prior, f64);
}

/// What a stored description may hold; `retention` and `rate` come from before there was a choice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    adstock: Shape<Adstock>,
    #[serde(default)]
    saturation: Shape<Saturation>,
    #[serde(default)]
    order: Order,
    max_lag: Option<usize>,
    normalized: Option<bool>,
    beta: Option<Prior>,
    retention: Option<Prior>,
    rate: Option<Prior>,
}

impl Default for ChannelSpec {
    fn default() -> Self {
        Self {
            adstock: Shape::default(),
            saturation: Shape::default(),
            order: Order::AdstockFirst,
            max_lag: None,
            normalized: true,
            beta: Prior::HalfNormal { sd: 2.0 },
        }
    }
}

impl ChannelSpec {
    /// Geometric adstock, then a Hill curve.
    ///
    /// The priors put half saturation between a fifth and one and a half times the largest spend and
    /// the slope between 0.7 and 2: within the bounds that Robyn searches and Meridian's prior
    /// favours, and narrow enough that a year of data is not read as a step.
    pub fn hill() -> Self {
        Self { saturation: Shape::of(Saturation::Hill), ..Self::default() }
    }

    /// These families with their default priors.
    pub fn of(adstock: Adstock, saturation: Saturation) -> Self {
        Self { adstock: Shape::of(adstock), saturation: Shape::of(saturation), ..Self::default() }
    }
}

impl<F> Shape<F> {
    /// A family with its default priors.
    pub const fn of(family: F) -> Self {
        Self { family, priors: BTreeMap::new() }
    }

    /// Replaces the prior of one parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, prior: Prior) -> Self {
        self.priors.insert(parameter.to_owned(), prior);
        self
    }
}

#[allow(private_bounds, reason = "the families are a closed list")]
impl<F: Family> Shape<F> {
    /// Name, prior and starting point of every parameter in order.
    pub(crate) fn beliefs(&self) -> impl Iterator<Item = (&'static str, Prior, f64)> {
        self.family.parameters().iter().enumerate().map(|(place, parameter)| {
            let (default, start) = self.family.usual(place);
            (parameter.name, self.priors.get(parameter.name).copied().unwrap_or(default), start)
        })
    }

    /// Checks that every prior belongs to a parameter and allows only values it can take.
    pub(super) fn check(&self, what: &str) -> Result<(), SpecError> {
        let parameters = self.family.parameters();
        let unknown = |name: &&String| parameters.iter().all(|parameter| parameter.name != name.as_str());
        if let Some(name) = self.priors.keys().find(unknown) {
            return Err(SpecError::UnknownParameter { parameter: format!("{what} {name}") });
        }
        for (parameter, (name, prior, _)) in parameters.iter().zip(self.beliefs()) {
            let expected = Support::of(parameter.domain);
            if !prior.is_proper() || !prior.support().lies_in(expected) {
                return Err(SpecError::Prior { parameter: format!("{what} {name}"), expected });
            }
        }
        Ok(())
    }
}

impl Family for Adstock {
    fn parameters(self) -> &'static [Parameter] {
        Self::parameters(self)
    }

    fn usual(self, place: usize) -> (Prior, f64) {
        let share = (Prior::Beta { alpha: 1.0, beta: 3.0 }, 0.33);
        match (self, place) {
            (Self::HalfLife, _) => (Prior::InverseGamma { shape: 2.6, scale: 1.0 }, 0.7),
            (Self::Delayed, 1) => (Prior::HalfNormal { sd: 1.0 }, 0.6),
            (Self::WeibullPdf, 0) => (Prior::Gamma { shape: 4.0, rate: 2.0 }, 2.0),
            (Self::WeibullPdf, _) => (Prior::Gamma { shape: 9.0, rate: 3.0 }, 2.0),
            (Self::WeibullCdf, _) => (Prior::Gamma { shape: 0.64, rate: 0.32 }, 1.5),
            _ => share,
        }
    }
}

impl Family for Saturation {
    fn parameters(self) -> &'static [Parameter] {
        Self::parameters(self)
    }

    fn usual(self, place: usize) -> (Prior, f64) {
        match (self, place) {
            (Self::InverseScaledLogistic, _) => (Prior::Gamma { shape: 3.0, rate: 4.0 }, 0.6),
            (Self::Tanh | Self::MichaelisMenten, _) => (Prior::HalfNormal { sd: 1.0 }, 0.6),
            (Self::TanhBaselined, 0) => (Prior::HalfNormal { sd: 1.0 }, 0.7),
            (Self::TanhBaselined, _) => (Prior::Beta { alpha: 2.0, beta: 2.0 }, 0.5),
            (Self::Hill, 0) => (Prior::LogNormal { mu: 0.182, sigma: 0.3 }, 1.2),
            (Self::Hill, _) => (Prior::LogNormal { mu: -0.693, sigma: 0.6 }, 0.5),
            (Self::HillSigmoid, 0) => (Prior::HalfNormal { sd: 1.5 }, 0.5),
            (Self::HillSigmoid, _) => (Prior::Gamma { shape: 3.0, rate: 1.0 }, 3.0),
            (Self::Root, _) => (Prior::Beta { alpha: 1.0, beta: 2.0 }, 0.4),
            _ => (Prior::Gamma { shape: 3.0, rate: 1.0 }, 2.0),
        }
    }
}

impl From<Document> for ChannelSpec {
    fn from(document: Document) -> Self {
        let Document { mut adstock, mut saturation, order, max_lag, normalized, beta, retention, rate } =
            document;
        adstock.priors.extend(retention.map(|prior| ("alpha".to_owned(), prior)));
        saturation.priors.extend(rate.map(|prior| ("lam".to_owned(), prior)));
        let default = Self::default();
        let normalized = normalized.unwrap_or(default.normalized);
        Self { adstock, saturation, order, max_lag, normalized, beta: beta.unwrap_or(default.beta) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_prior_suits_its_parameter() {
        for family in [
            Adstock::None,
            Adstock::Geometric,
            Adstock::Endless,
            Adstock::HalfLife,
            Adstock::Binomial,
            Adstock::BinomialClosed,
            Adstock::Delayed,
            Adstock::WeibullPdf,
            Adstock::WeibullCdf,
        ] {
            assert_eq!(Shape::of(family).check("adstock"), Ok(()), "{family:?}");
        }
        for family in [
            Saturation::None,
            Saturation::Logistic,
            Saturation::InverseScaledLogistic,
            Saturation::Tanh,
            Saturation::TanhBaselined,
            Saturation::MichaelisMenten,
            Saturation::Hill,
            Saturation::HillSigmoid,
            Saturation::Root,
        ] {
            assert_eq!(Shape::of(family).check("saturation"), Ok(()), "{family:?}");
        }
    }

    #[test]
    fn a_prior_for_nothing_and_a_prior_too_wide_are_refused() {
        let shape = Shape::of(Saturation::Hill);
        let unknown = shape.clone().with("lam", Prior::HalfNormal { sd: 1.0 });
        assert!(matches!(unknown.check("saturation"), Err(SpecError::UnknownParameter { .. })));
        let negative = shape.with("kappa", Prior::Uniform { low: -0.1, high: 1.0 });
        assert!(matches!(negative.check("saturation"), Err(SpecError::Prior { .. })));
    }

    #[test]
    fn descriptions_from_before_there_was_a_choice_can_be_read() {
        let text = r#"{
            "retention": {"distribution": "beta", "alpha": 2.0, "beta": 3.0},
            "rate": {"distribution": "gamma", "shape": 3.0, "rate": 2.0},
            "beta": {"distribution": "half_normal", "sd": 1.0}
        }"#;
        let spec: ChannelSpec = serde_json::from_str(text).unwrap();
        let expected = ChannelSpec {
            adstock: Shape::of(Adstock::Geometric).with("alpha", Prior::Beta { alpha: 2.0, beta: 3.0 }),
            saturation: Shape::of(Saturation::Logistic).with("lam", Prior::Gamma { shape: 3.0, rate: 2.0 }),
            beta: Prior::HalfNormal { sd: 1.0 },
            ..ChannelSpec::default()
        };
        assert_eq!(spec, expected);
        let text = serde_json::to_string(&expected).unwrap();
        assert_eq!(serde_json::from_str::<ChannelSpec>(&text).unwrap(), expected);
    }
}
