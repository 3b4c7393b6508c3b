//! Positive numbers on a line that is a logarithm near zero and straight above.
//!
//! ```text
//! x = s ln(1 + e^w),   u = ln x,   du/dw = 1 / ((1 + e^-w) ln(1 + e^w))
//! ```
//!
//! A contribution or a speed of saturation that the data cannot tell from zero has a density that
//! neither vanishes nor piles up there: on a logarithm it becomes a long tail in which a sampler gets
//! lost, on this line it ends within a few units. `s` is a distance from zero that hardly matters.

use super::{Layout, ParameterKind, Prior};

/// The scale of the mean contribution, as a share of the mean KPI.
const CONTRIBUTION: f64 = 0.1;
/// The scale of a parameter, as a share of the width of its prior.
const PARAMETER: f64 = 0.3;

/// Which places are on this line; the others stay as they are.
#[derive(Clone, Debug)]
pub(super) struct Soft {
    places: Vec<(usize, f64)>,
}

impl Soft {
    pub(super) fn new(layout: &Layout, priors: &[Prior], mean_kpi: f64) -> Self {
        let contributions = layout.range(ParameterKind::Beta).map(|place| (place, CONTRIBUTION * mean_kpi));
        let shapes = layout.range(ParameterKind::Adstock).chain(layout.range(ParameterKind::Saturation));
        let wide = |place: usize| match priors[place] {
            Prior::Gamma { shape, rate } if shape > 1.0 => Some((place, PARAMETER * shape.sqrt() / rate)),
            Prior::HalfNormal { sd } => Some((place, PARAMETER * sd)),
            _ => None,
        };
        Self { places: contributions.chain(shapes.filter_map(wide)).collect() }
    }

    /// Writes `u` and returns the sum of `ln du/dw`.
    pub(super) fn to_logarithms(&self, w: &[f64], u: &mut [f64]) -> f64 {
        u.copy_from_slice(w);
        let mut change = 0.0;
        for (place, scale) in &self.places {
            let (soft, slope) = softplus(w[*place]);
            u[*place] = (scale * soft).ln();
            change += (slope / soft).ln();
        }
        change
    }

    /// Turns the derivative by `u` into that by `w`, that of the change of variables included.
    pub(super) fn pull_back(&self, w: &[f64], gradient: &mut [f64]) {
        for (place, _) in &self.places {
            let (soft, slope) = softplus(w[*place]);
            let stretch = slope / soft;
            gradient[*place] = gradient[*place] * stretch + 1.0 - slope - stretch;
        }
    }

    /// Turns `u` into `w`, in place.
    pub(super) fn from_logarithms(&self, u: &mut [f64]) {
        for (place, scale) in &self.places {
            let share = (u[*place].exp() / scale).max(f64::MIN_POSITIVE);
            // The inverse of ln(1 + e^w), without overflow.
            u[*place] = share + (-(-share).exp_m1()).ln();
        }
    }
}

/// `ln(1 + e^w)` and its derivative.
fn softplus(w: f64) -> (f64, f64) {
    let fading = (-w.abs()).exp();
    let slope = if w >= 0.0 { 1.0 / (1.0 + fading) } else { fading / (1.0 + fading) };
    (w.max(0.0) + fading.ln_1p(), slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn the_way_back_is_the_inverse_and_the_slope_is_the_limit_of_differences() {
        let soft = Soft { places: vec![(0, 0.7)] };
        let log = |w: f64| {
            let mut u = [0.0];
            let change = soft.to_logarithms(&[w], &mut u);
            (u[0], change)
        };
        for w in [-30.0, -3.0, -0.2, 0.0, 0.9, 5.0, 40.0] {
            let (u, change) = log(w);
            let numeric = (log(w + 1e-6).0 - log(w - 1e-6).0) / 2e-6;
            assert_relative_eq!(change.exp(), numeric, max_relative = 1e-6);
            let mut back = [u];
            soft.from_logarithms(&mut back);
            assert_relative_eq!(back[0], w, epsilon = 1e-9, max_relative = 1e-9);
            // The derivative of the change alone.
            let mut gradient = [0.0];
            soft.pull_back(&[w], &mut gradient);
            let numeric = (log(w + 1e-5).1 - log(w - 1e-5).1) / 2e-5;
            assert_relative_eq!(gradient[0], numeric, epsilon = 1e-6);
        }
    }
}
