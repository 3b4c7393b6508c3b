//! The time axis that all charts over time share, and averages by month for long series.
//!
//! A series of more than [`MOST`] periods is drawn as one point a month, at the middle of the periods
//! it stands for; the first and last point stay at the ends of the axis.

use std::ops::Range;

use crate::data::Date;

use super::calendar;
use super::scale::Scale;
use super::svg::{Anchor, Canvas};

/// The most periods drawn one by one: two years of weeks and a little.
const MOST: usize = 110;

/// Whether a series is drawn by month.
pub(super) fn is_long(dates: &[Date]) -> bool {
    dates.len() > MOST
}

/// The periods behind each drawn point.
pub(super) fn spans(dates: &[Date]) -> Vec<Range<usize>> {
    if !is_long(dates) {
        return (0..dates.len()).map(|at| at..at + 1).collect();
    }
    let mut spans: Vec<Range<usize>> = Vec::new();
    for (at, date) in dates.iter().enumerate() {
        match spans.last_mut().filter(|span| same_month(dates[span.start], *date)) {
            Some(span) => span.end = at + 1,
            None => spans.push(at..at + 1),
        }
    }
    spans
}

/// The mean of a series over each span; what is missing does not count.
pub(super) fn average(values: &[f64], spans: &[Range<usize>]) -> Vec<f64> {
    let mean = |span: &Range<usize>| {
        let part = values.get(span.start..span.end.min(values.len())).unwrap_or_default();
        let (sum, count) =
            part.iter().filter(|v| v.is_finite()).fold((0.0, 0_u32), |(s, n), v| (s + v, n + 1));
        if count == 0 { f64::NAN } else { sum / f64::from(count) }
    };
    spans.iter().map(mean).collect()
}

fn same_month(a: Date, b: Date) -> bool {
    (a.year(), a.month()) == (b.year(), b.month())
}

/// The horizontal axis of every chart over time.
pub(super) struct TimeAxis<'a> {
    dates: &'a [Date],
    scale: Scale,
}

impl<'a> TimeAxis<'a> {
    pub(super) fn new(dates: &'a [Date], left: f64, right: f64) -> Self {
        let days = match (dates.first(), dates.last()) {
            (Some(first), Some(last)) => calendar::days_between(*first, *last),
            _ => 1.0,
        };
        Self { dates, scale: Scale::linear((0.0, days), (left, right)) }
    }

    /// The place of one period.
    pub(super) fn at(&self, period: usize) -> f64 {
        self.dates.get(period).map_or(self.scale.at(0.0), |date| self.of(*date))
    }

    /// The place of several periods together.
    pub(super) fn middle(&self, span: &Range<usize>) -> f64 {
        if span.start == 0 {
            self.at(0)
        } else if span.end >= self.dates.len() {
            self.at(self.dates.len() - 1)
        } else {
            f64::midpoint(self.at(span.start), self.at(span.end - 1))
        }
    }

    fn of(&self, date: Date) -> f64 {
        self.scale.at(self.dates.first().map_or(0.0, |first| calendar::days_between(*first, date)))
    }

    /// Ticks and labels below `y`.
    pub(super) fn draw(&self, canvas: &mut Canvas, y: f64, most: usize) {
        let (Some(first), Some(last)) = (self.dates.first(), self.dates.last()) else { return };
        for tick in calendar::ticks(*first, *last, most) {
            let x = self.of(tick.date);
            canvas.line((x, y), (x, y + 5.0), "axis");
            let class = if tick.major { "tick major" } else { "tick" };
            canvas.text(x, y + 18.0, Anchor::Middle, class, &tick.label);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(from: (i32, u8, u8), count: i64) -> Vec<Date> {
        let first = Date::new(from.0, from.1, from.2).unwrap().days_since_epoch();
        (0..count).filter_map(|week| Date::from_days_since_epoch(first + 7 * week)).collect()
    }

    #[test]
    fn long_series_are_averaged_by_calendar_month() {
        let dates = weeks((2023, 1, 2), 200);
        let spans = spans(&dates);
        assert_eq!(spans[0], 0..5);
        assert_eq!(spans.last().map(|span| span.end), Some(200));
        assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(average(&[1.0, f64::NAN, 3.0], &[0..3, 2..9]), [2.0, 3.0]);
    }

    #[test]
    fn short_series_are_drawn_as_they_are() {
        let dates = weeks((2023, 1, 2), 104);
        assert_eq!(spans(&dates).len(), 104);
    }
}
