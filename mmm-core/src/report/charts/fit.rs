//! Whether the model describes the data: observed and predicted with their 90 % band, and the
//! residuals in a strip below on the same time axis.

use crate::data::Date;

use crate::report::words::{capital, compact, fixed};

use super::periods::TimeAxis;
use super::scale::{Scale, extent};
use super::svg::{Anchor, Canvas, Trace};
use super::table::{Cell, Column, Table};
use super::{Chart, Size, calendar};

/// Input of the chart. All series are as long as `dates`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Name of the KPI.
    pub kpi: String,
    /// How long a period is: "week", "day" or "month".
    pub period: String,
    /// First day of each period.
    pub dates: Vec<Date>,
    /// What was observed.
    pub actual: Vec<f64>,
    /// Mean prediction.
    pub predicted: Vec<f64>,
    /// 5 % quantile of the prediction.
    pub q5: Vec<f64>,
    /// 95 % quantile of the prediction.
    pub q95: Vec<f64>,
    /// Part of the variation that is explained.
    pub r2: f64,
    /// Mean absolute error as a share of the observed value.
    pub mape: f64,
}

impl Fit {
    /// Part of the periods whose observed value lies inside the band.
    pub fn coverage(&self) -> f64 {
        let inside =
            self.actual.iter().zip(self.q5.iter().zip(&self.q95)).filter(|(a, (l, h))| l <= a && a <= h);
        inside.count() as f64 / self.actual.len().max(1) as f64
    }

    fn residuals(&self) -> Vec<f64> {
        self.actual.iter().zip(&self.predicted).map(|(actual, predicted)| actual - predicted).collect()
    }
}

impl Chart for Fit {
    fn id(&self) -> &'static str {
        "fit"
    }

    fn heading(&self) -> String {
        format!(
            "The model explains {}\u{a0}% of the variation and is off by {}\u{a0}% on average",
            fixed(self.r2 * 100.0, 0),
            fixed(self.mape * 100.0, 1)
        )
    }

    fn subtitle(&self) -> String {
        format!(
            "{} per {}, observed and predicted with its 90\u{a0}% band; below: observed minus predicted",
            capital(&self.kpi),
            self.period
        )
    }

    fn description(&self) -> String {
        let range = calendar::range(&self.dates);
        let inside = fixed(self.coverage() * 100.0, 0);
        format!(
            "Two lines{range}. {}. {inside}\u{a0}% of the observed values lie inside the band.",
            self.heading()
        )
    }

    fn svg(&self, size: Size) -> String {
        let (width, wide) = (size.width(), size.is_wide());
        let height = if wide { 340.0 } else { 280.0 };
        let key = format!("{}-{}", self.id(), size.suffix());
        let mut canvas = Canvas::open(&key, "fit", width, height, &self.heading(), &self.description());
        let (left, right) = (38.0, width - if wide { 92.0 } else { 12.0 });
        let (top, strip_bottom) = (if wide { 12.0 } else { 30.0 }, height - 28.0);
        let strip_top = strip_bottom - if wide { 64.0 } else { 52.0 };
        let bottom = strip_top - 18.0;
        let (low, high) =
            extent([&self.actual, &self.q5, &self.q95, &self.predicted].into_iter().flatten().copied());
        let room = (high - low) * 0.04;
        let y = Scale::linear((low - room, high + room), (bottom, top));
        let x = TimeAxis::new(&self.dates, left, right);
        for tick in y.ticks(4) {
            canvas.line((left, y.at(tick)), (right, y.at(tick)), "grid");
            canvas.text(left - 6.0, y.at(tick) + 4.0, Anchor::End, "tick", &compact(tick));
        }
        let edge = |values: &[f64]| -> Vec<(f64, f64)> {
            values.iter().enumerate().map(|(t, v)| (x.at(t), y.at(*v))).collect()
        };
        canvas.trace(&Trace::area(&edge(&self.q95), &edge(&self.q5)), "band predicted");
        canvas.trace(&Trace::line(edge(&self.predicted)), "predicted");
        canvas.trace(&Trace::line(edge(&self.actual)), "actual");
        if wide {
            let last = |values: &[f64]| values.last().map_or(y.at(low), |v| y.at(*v));
            let (a, p) = (last(&self.actual), last(&self.predicted));
            let middle = f64::midpoint(a, p);
            let gap = ((a - p).abs() / 2.0).max(8.0);
            let (a, p) = if a <= p { (middle - gap, middle + gap) } else { (middle + gap, middle - gap) };
            canvas.text(right + 8.0, a + 4.0, Anchor::Start, "name", "Observed");
            canvas.text(right + 8.0, p + 4.0, Anchor::Start, "name predicted-name", "Predicted");
            canvas.text(
                right + 8.0,
                f64::midpoint(strip_top, strip_bottom) + 4.0,
                Anchor::Start,
                "tick",
                "Difference",
            );
        } else {
            canvas.line((left, 12.0), (left + 16.0, 12.0), "actual");
            canvas.text(left + 21.0, 16.0, Anchor::Start, "name", "Observed");
            canvas.line((left + 92.0, 12.0), (left + 108.0, 12.0), "predicted");
            canvas.text(left + 113.0, 16.0, Anchor::Start, "name predicted-name", "Predicted");
        }
        let residuals = self.residuals();
        let (low, high) = extent(residuals.iter().copied());
        let most = low.abs().max(high.abs());
        let strip = Scale::linear((-most, most), (strip_bottom, strip_top));
        let points = residuals.iter().enumerate().map(|(t, v)| (x.at(t), strip.at(*v)));
        canvas.trace(&Trace::strokes(points, strip.at(0.0)), "residual");
        canvas.line((left, strip.at(0.0)), (right, strip.at(0.0)), "axis");
        canvas.text(left - 6.0, strip.at(0.0) + 4.0, Anchor::End, "tick", "0");
        canvas.line((left, strip_bottom), (right, strip_bottom), "grid");
        x.draw(&mut canvas, strip_bottom, if wide { 8 } else { 4 });
        canvas.hover_area(left, right, top, strip_bottom, self.dates.len());
        canvas.finish()
    }

    fn table(&self) -> Table {
        let unit = &self.kpi;
        let names = [
            ("actual", "Observed"),
            ("predicted", "Predicted"),
            ("q5", "5\u{a0}%"),
            ("q95", "95\u{a0}%"),
            ("residual", "Difference"),
        ];
        let mut columns = vec![Column::new("date", "Period from", "")];
        columns.extend(names.map(|(key, label)| Column::new(key, label, unit)));
        let residuals = self.residuals();
        let rows = self.dates.iter().enumerate().map(|(t, date)| {
            let series = [&self.actual, &self.predicted, &self.q5, &self.q95, &residuals];
            let cells = series.map(|values| Cell::Number(values.get(t).copied().unwrap_or(f64::NAN)));
            std::iter::once(Cell::Date(*date)).chain(cells).collect()
        });
        Table { rows: rows.collect(), columns }
    }
}
