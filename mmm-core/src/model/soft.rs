//! Numbers above zero, and between two ends, on lines whose tails are short.
//!
//! With the normal distribution's density `f` and its integral `F`, a place `w` on the line stands for
//!
//! | number            | reference scale              | here                                           |
//! |-------------------|------------------------------|------------------------------------------------|
//! | `x > 0`           | `u = ln x`                   | `x = s (w F(w) + f(w))`: straight well above `s` |
//! | share of a range  | `u = ln (x / (1 - x))`       | `x = F(w)`                                     |
//!
//! A carry-over, a contribution or a speed of saturation that the data cannot tell from zero has a
//! density that neither vanishes nor piles up there: on the reference scale it becomes a long tail in
//! which a sampler gets lost, here it falls off like a normal distribution. `s` is a distance from zero
//! that hardly matters. The density changes by `du/dw`:
//!
//! ```text
//! above zero:  du/dw = F(w) / m(w)              with m(w) = w F(w) + f(w)
//! a share:     du/dw = f(w) / (F(w) F(-w))
//! ```

use std::f64::consts::{SQRT_2, TAU};

use statrs::function::erf::erfc;

use super::{Layout, ParameterKind, Prior, Support};

/// The scale of the mean contribution, as a share of the mean KPI.
const CONTRIBUTION: f64 = 0.15;
/// The scale of a parameter, as a share of the width of its prior.
const PARAMETER: f64 = 1.0;

/// Which places are on such a line; the others stay as they are.
#[derive(Clone, Debug)]
pub(crate) struct Soft {
    places: Vec<(usize, Line)>,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    Above { scale: f64 },
    Share,
}

/// Where a place on a line is on the reference scale.
#[derive(Clone, Copy, Debug)]
struct Point {
    u: f64,
    /// `du/dw`.
    slope: f64,
    /// The derivative of `ln du/dw`.
    bend: f64,
}

impl Soft {
    pub(super) fn new(layout: &Layout, priors: &[Prior], mean_kpi: f64) -> Self {
        let contribution = Line::Above { scale: CONTRIBUTION * mean_kpi };
        let contributions = layout.range(ParameterKind::Beta).map(|place| (place, contribution));
        let shapes = layout.range(ParameterKind::Adstock).chain(layout.range(ParameterKind::Saturation));
        let shapes = Self::of_priors(shapes.map(|place| (place, priors[place])));
        Self { places: contributions.chain(shapes.places).collect() }
    }

    /// The lines that priors alone suggest.
    pub(crate) fn of_priors(priors: impl Iterator<Item = (usize, Prior)>) -> Self {
        let line = |(place, prior): (usize, Prior)| match (prior, prior.support()) {
            (Prior::Gamma { .. } | Prior::HalfNormal { .. }, _) => {
                Some((place, Line::Above { scale: PARAMETER * prior.rough_variance().sqrt() }))
            }
            (_, Support::Unit | Support::Between { .. }) => Some((place, Line::Share)),
            _ => None,
        };
        Self { places: priors.filter_map(line).collect() }
    }

    /// Writes `u` and returns the sum of `ln du/dw`.
    pub(crate) fn to_reference(&self, w: &[f64], u: &mut [f64]) -> f64 {
        u.copy_from_slice(w);
        let mut change = 0.0;
        for (place, line) in &self.places {
            let point = line.at(w[*place]);
            u[*place] = point.u;
            change += point.slope.ln();
        }
        change
    }

    /// Turns the derivative by `u` into that by `w`, that of the change of variables included.
    pub(crate) fn pull_back(&self, w: &[f64], gradient: &mut [f64]) {
        for (place, line) in &self.places {
            let point = line.at(w[*place]);
            gradient[*place] = gradient[*place] * point.slope + point.bend;
        }
    }

    /// Turns `u` into `w`, in place.
    pub(crate) fn find_places(&self, u: &mut [f64]) {
        for (place, line) in &self.places {
            u[*place] = line.find(u[*place]);
        }
    }
}

impl Line {
    fn at(self, w: f64) -> Point {
        let density = (-0.5 * w * w).exp() / TAU.sqrt();
        let (below, above) = (0.5 * erfc(-w / SQRT_2), 0.5 * erfc(w / SQRT_2));
        match self {
            Self::Above { scale } => {
                let soft = w * below + density;
                let slope = below / soft;
                Point { u: (scale * soft).ln(), slope, bend: density / below - slope }
            }
            Self::Share => Point {
                u: below.ln() - above.ln(),
                slope: density / (below * above),
                bend: density / above - density / below - w,
            },
        }
    }

    /// The place of `u`, by halving: `u` rises with `w`.
    fn find(self, u: f64) -> f64 {
        let (mut low, mut high) = (-8.0, 8.0);
        while self.at(high).u < u && high < 1e6 {
            high *= 2.0;
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if self.at(middle).u < u { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_way_back_is_the_inverse_and_the_slopes_are_limits_of_differences() {
        for line in [Line::Above { scale: 0.7 }, Line::Share] {
            for w in [-6.0, -3.0, -0.2, 0.0, 0.9, 5.0] {
                let point = line.at(w);
                let (ahead, behind) = (line.at(w + 1e-5), line.at(w - 1e-5));
                assert_relative_eq!(point.slope, (ahead.u - behind.u) / 2e-5, max_relative = 1e-6);
                let bend = (ahead.slope.ln() - behind.slope.ln()) / 2e-5;
                assert_relative_eq!(point.bend, bend, epsilon = 1e-5, max_relative = 1e-5);
                assert_relative_eq!(line.find(point.u), w, epsilon = 1e-6);
            }
        }
    }

    #[test]
    fn a_flat_belief_about_a_share_is_a_normal_distribution() {
        for w in [-2.0, 0.3, 1.5] {
            let point = Line::Share.at(w);
            let share = 1.0 / (1.0 + (-point.u).exp());
            let density = share * (1.0 - share) * point.slope;
            assert_relative_eq!(density, (-0.5 * w * w).exp() / TAU.sqrt(), max_relative = 1e-12);
        }
    }
}
