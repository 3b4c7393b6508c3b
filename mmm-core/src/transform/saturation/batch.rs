//! The curves over a whole series, without allocation; what a fit spends its time in.

use super::{MOST_PARAMETERS, Saturation, logistic, logistic_bend};
use crate::vector::dot;

impl Saturation {
    /// Writes the value of every pressure; shapes `(T,)`.
    pub(crate) fn apply(self, parameters: &[f64], pressure: &[f64], values: &mut [f64]) {
        let cells = values.iter_mut().zip(pressure);
        match (self, parameters) {
            (Self::None, _) => values.copy_from_slice(pressure),
            (Self::Logistic, &[rate]) => cells.for_each(|(value, x)| *value = logistic(*x, rate)),
            (Self::MichaelisMenten, &[lam]) => cells.for_each(|(value, x)| *value = x / (lam + x)),
            (Self::Hill, &[slope, kappa]) => {
                let log_kappa = kappa.ln();
                // The smallest number in place of zero spares a branch that a processor cannot foresee.
                cells.for_each(|(value, x)| {
                    let distance = x.max(f64::MIN_POSITIVE).ln() - log_kappa;
                    let share = 1.0 / (1.0 + (-slope * distance).exp());
                    *value = if *x > 0.0 { share } else { 0.0 };
                });
            }
            _ => cells.for_each(|(value, x)| *value = self.evaluate(*x, parameters).value),
        }
    }

    /// Turns derivatives by the values into derivatives by the pressure, in place, and returns those
    /// by the parameters. `values` are those of [`apply`](Self::apply).
    pub(crate) fn pull_back(
        self,
        parameters: &[f64],
        pressure: &[f64],
        values: &[f64],
        adjoint: &mut [f64],
    ) -> [f64; MOST_PARAMETERS] {
        let mut sums = [0.0; MOST_PARAMETERS];
        match (self, parameters) {
            (Self::None, _) => {}
            (Self::Logistic, &[rate]) => {
                for (adjoint, value) in adjoint.iter_mut().zip(values) {
                    *adjoint *= rate * logistic_bend(*value);
                }
                // The value depends on the product of rate and pressure only.
                sums[0] = dot(adjoint, pressure) / rate;
            }
            (Self::Hill, &[slope, kappa]) => {
                let log_kappa = kappa.ln();
                let at_zero = self.evaluate(0.0, parameters).by_pressure;
                for ((adjoint, value), x) in adjoint.iter_mut().zip(values).zip(pressure) {
                    let spread = *adjoint * value * (1.0 - value);
                    sums[0] += spread * (x.max(f64::MIN_POSITIVE).ln() - log_kappa);
                    sums[1] -= spread;
                    let inside = spread * slope / x;
                    *adjoint = if *x > 0.0 { inside } else { *adjoint * at_zero };
                }
                sums[1] *= slope / kappa;
            }
            _ => {
                for (adjoint, x) in adjoint.iter_mut().zip(pressure) {
                    let response = self.evaluate(*x, parameters);
                    for (sum, slope) in sums.iter_mut().zip(response.by_parameters) {
                        *sum += *adjoint * slope;
                    }
                    *adjoint *= response.by_pressure;
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::{super::EXAMPLES, *};
    use approx::assert_relative_eq;

    #[test]
    fn a_series_is_its_points() {
        let pressure: Vec<f64> = (0..40).map(|step| f64::from(step) * 0.07).collect();
        for (curve, parameters) in EXAMPLES {
            let parameters = &parameters[..curve.parameters().len()];
            let mut values = vec![0.0; 40];
            curve.apply(parameters, &pressure, &mut values);
            let by_value: Vec<f64> = (0..40).map(|step| f64::from(step).sin()).collect();
            let mut adjoint = by_value.clone();
            let sums = curve.pull_back(parameters, &pressure, &values, &mut adjoint);
            let mut expected = [0.0; MOST_PARAMETERS];
            for (cell, x) in pressure.iter().enumerate() {
                let response = curve.evaluate(*x, parameters);
                assert_relative_eq!(values[cell], response.value, max_relative = 1e-13);
                let slope = by_value[cell] * response.by_pressure;
                assert_relative_eq!(adjoint[cell], slope, epsilon = 1e-13, max_relative = 1e-12);
                for (sum, slope) in expected.iter_mut().zip(response.by_parameters) {
                    *sum += by_value[cell] * slope;
                }
            }
            for (sum, expected) in sums.iter().zip(expected) {
                assert_relative_eq!(*sum, expected, epsilon = 1e-12, max_relative = 1e-10);
            }
        }
    }
}
