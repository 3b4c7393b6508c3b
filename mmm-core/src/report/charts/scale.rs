//! Maps values to places on an axis and chooses round values to mark.
//!
//! A linear axis starts at zero where the chart draws areas or bars; a logarithmic one is used by the
//! chart of returns when its range is too wide for one ruler.

/// An axis: values on one side, view box units on the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    log: bool,
}

impl Scale {
    /// A linear axis. Equal or unusable ends are widened, so that it never divides by zero.
    pub(crate) fn linear(values: (f64, f64), place: (f64, f64)) -> Self {
        let (mut from, mut to) = values;
        if !from.is_finite() || !to.is_finite() {
            (from, to) = (0.0, 1.0);
        }
        if (to - from).abs() < f64::EPSILON * from.abs().max(1.0) {
            to = from + 1.0;
        }
        Self { from, to, start: place.0, end: place.1, log: false }
    }

    /// A logarithmic axis over positive values.
    pub(crate) fn log(values: (f64, f64), place: (f64, f64)) -> Self {
        let (from, to) = (values.0.max(1e-9), values.1.max(2e-9));
        Self { from, to, start: place.0, end: place.1, log: true }
    }

    /// The place of a value. Values that are not finite stay so.
    pub(crate) fn at(&self, value: f64) -> f64 {
        let part = if self.log {
            (value.max(1e-9) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.start + part * (self.end - self.start)
    }

    /// Round values inside the axis, about `wanted` of them.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.log { self.log_ticks() } else { self.linear_ticks(wanted) }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<f64> {
        let step = nice_step((self.to - self.from) / wanted.max(1) as f64);
        let first = (self.from / step - 1e-9).ceil();
        (0..64).map(|n| (first + f64::from(n)) * step).take_while(|v| *v <= self.to + step * 1e-9).collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let wide = self.to / self.from > 100.0;
        let digits: &[f64] = if wide { &[1.0] } else { &[1.0, 3.0] };
        let first = self.from.log10().floor() as i32;
        (first..first + 14)
            .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
            .filter(|value| *value >= self.from * 0.999 && *value <= self.to * 1.001)
            .collect()
    }
}

/// The next larger of 1, 2, 2.5 or 5 times a power of ten.
pub(crate) fn nice_step(rough: f64) -> f64 {
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powi(rough.log10().floor() as i32);
    let digit = [1.0, 2.0, 2.5, 5.0].into_iter().find(|d| d * power >= rough * 0.999);
    digit.unwrap_or(10.0) * power
}

/// Smallest and largest finite value; `(0, 1)` where there is none.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let found = values.into_iter().filter(|v| v.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    });
    found.unwrap_or((0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let scale = Scale::linear((0.0, 8734.0), (200.0, 0.0));
        assert_eq!(scale.ticks(4), [0.0, 2500.0, 5000.0, 7500.0]);
        assert_eq!(Scale::log((0.1, 30.0), (0.0, 1.0)).ticks(5), [0.1, 1.0, 10.0]);
    }

    #[test]
    fn an_empty_range_still_has_an_axis() {
        for values in [(3.0, 3.0), (f64::NAN, 1.0), (0.0, 0.0)] {
            let scale = Scale::linear(values, (0.0, 100.0));
            assert!(scale.at(values.1.min(1.0)).is_finite());
            assert!(!scale.ticks(4).is_empty());
        }
    }

    #[test]
    fn log_places_ratios_at_equal_distances() {
        let scale = Scale::log((1.0, 100.0), (0.0, 2.0));
        assert!((scale.at(10.0) - 1.0).abs() < 1e-12);
    }
}
