//! What more or less spend would bring: one small picture a channel, all on one scale, so that steep is
//! steep everywhere.
//!
//! A line is solid over the amounts that were spent in some observed period and dashed beyond, where it
//! follows from the assumed shape and from nothing that was seen; the band is the 90 % interval. The
//! filled dot is today's mean, the hollow one the plan.

use crate::report::words::{Interval, Unit, capital, compact, list};

use super::palette::channel_class;
use super::scale::{Scale, extent};
use super::svg::{Anchor, Canvas, Trace, fit_text};
use super::table::{Cell, Column, Table};
use super::{Chart, Size};

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePanel {
    /// Name of the channel.
    pub name: String,
    /// Its place in the order of the data, which fixes its colour.
    pub colour: usize,
    /// Spend per period, ascending from zero.
    pub spend: Vec<f64>,
    /// What it brings per period at each amount.
    pub outcome: Vec<Interval>,
    /// The smallest and the largest spend of any observed period.
    pub observed: (f64, f64),
    /// Spend and outcome per period now.
    pub now: (f64, Interval),
    /// Spend and outcome per period in the plan.
    pub plan: (f64, Interval),
}

/// Input of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseCurves {
    /// Name of the KPI.
    pub kpi: String,
    /// How long a period is: "week" or "day".
    pub period: String,
    /// The channels in the order of the data.
    pub panels: Vec<CurvePanel>,
}

impl CurvePanel {
    fn is_observed(&self, spend: f64) -> bool {
        (self.observed.0..=self.observed.1).contains(&spend)
    }

    /// Which amounts on the curve nobody has seen; empty where there is none.
    fn unseen(&self) -> String {
        let end = self.spend.last().copied().unwrap_or(0.0);
        let (least, most) = self.observed;
        match (least > 0.0, most < end) {
            (true, true) => format!("extrapolated below {} and above {}", compact(least), compact(most)),
            (true, false) => format!("extrapolated below {}", compact(least)),
            (false, true) => format!("extrapolated above {}", compact(most)),
            (false, false) => String::new(),
        }
    }

    /// The mean at an amount, between the points of the curve.
    fn mean_at(&self, spend: f64) -> f64 {
        let after = self.spend.partition_point(|point| *point < spend).clamp(1, self.spend.len().max(2) - 1);
        let (Some(a), Some(b)) = (self.spend.get(after - 1), self.spend.get(after)) else { return 0.0 };
        let (low, high) = (self.outcome[after - 1].mean, self.outcome[after].mean);
        low + (high - low) * ((spend - a) / (b - a)).clamp(0.0, 1.0)
    }

    /// Points of the mean from one amount to another.
    fn part(&self, from: f64, to: f64) -> Vec<(f64, f64)> {
        let inner = self.spend.iter().copied().filter(|spend| from < *spend && *spend < to);
        let spends = std::iter::once(from).chain(inner).chain([to]);
        spends.map(|spend| (spend, self.mean_at(spend))).collect()
    }

    fn said(&self, period: &str, kpi: &str) -> String {
        let at = |(spend, outcome): &(f64, Interval)| {
            let brings = outcome.say(&Unit::Of(kpi.to_owned()));
            format!("{} a {period} brings {brings}", Unit::Plain.say(*spend))
        };
        let unseen = self.unseen();
        let unseen = if unseen.is_empty() { unseen } else { format!("; {unseen}") };
        format!("{}: now {}; in the plan {}{unseen}.", self.name, at(&self.now), at(&self.plan))
    }
}

impl ResponseCurves {
    /// Channels whose plan is clearly more, and clearly less, than today.
    fn moved(&self, up: bool) -> Vec<&str> {
        let part = |panel: &&CurvePanel| {
            let change = panel.plan.0 / panel.now.0 - 1.0;
            if up { change > 0.01 } else { change < -0.01 }
        };
        self.panels.iter().filter(part).map(|panel| panel.name.as_str()).collect()
    }
}

impl Chart for ResponseCurves {
    fn id(&self) -> &'static str {
        "curves"
    }

    fn heading(&self) -> String {
        let (up, down) = (self.moved(true), self.moved(false));
        match (up.is_empty(), down.is_empty()) {
            (true, true) => "Every channel stays where it is".to_owned(),
            (false, true) => format!("There is room for more {}", list(&up)),
            (true, false) => format!("{} can do with less", list(&down)),
            (false, false) => format!("More for {}, less for {}", list(&up), list(&down)),
        }
    }

    fn subtitle(&self) -> String {
        format!(
            "{} per {} by spend per {}, all on one scale, with 90\u{a0}% band; filled: now; hollow: plan; dashed: extrapolated beyond what was ever spent in a {}",
            capital(&self.kpi),
            self.period,
            self.period,
            self.period
        )
    }

    fn description(&self) -> String {
        let said: Vec<String> = self.panels.iter().map(|panel| panel.said(&self.period, &self.kpi)).collect();
        format!("One curve a channel. {}", said.join(" "))
    }

    fn svg(&self, size: Size) -> String {
        let wide = size.is_wide();
        let count = self.panels.len().max(1);
        let columns = match (wide, count) {
            (true, 1..=3) => count,
            (true, 4) => 2,
            (true, 5..=6) => 3,
            (true, _) => 4,
            (false, 1) => 1,
            (false, _) => 2,
        };
        let rows = count.div_ceil(columns);
        let (left, gap, head, foot) = (38.0, 14.0, 38.0, 30.0);
        let inner = match (wide, rows) {
            (true, 1) => 240.0,
            (true, _) => 160.0,
            (false, _) => 118.0,
        };
        let (width, pitch) = (size.width(), head + inner + foot);
        let panel = (width - left - 8.0 - gap * (columns - 1) as f64) / columns as f64;
        let key = format!("{}-{}", self.id(), size.suffix());
        let height = pitch * rows as f64;
        let mut canvas = Canvas::open(&key, "curves", width, height, &self.heading(), &self.description());
        let ends = self.panels.iter().flat_map(|panel| panel.outcome.iter().map(|outcome| outcome.q95));
        let most = extent(self.panels.iter().filter_map(|panel| panel.spend.last().copied())).1;
        let highest = extent(ends).1;
        for (at, of) in self.panels.iter().enumerate() {
            let (column, row) = (at % columns, at / columns);
            let start = left + (panel + gap) * column as f64;
            let (top, bottom) = (pitch * row as f64 + head, pitch * row as f64 + head + inner);
            let x = Scale::linear((0.0, most), (start, start + panel));
            let y = Scale::linear((0.0, highest * 1.02), (bottom, top));
            for tick in y.ticks(3) {
                canvas.line((start, y.at(tick)), (start + panel, y.at(tick)), "grid");
                if column == 0 {
                    canvas.text(left - 6.0, y.at(tick) + 4.0, Anchor::End, "tick", &compact(tick));
                }
            }
            for tick in x.ticks((panel / 80.0) as usize).into_iter().filter(|tick| *tick > 0.0) {
                canvas.line((x.at(tick), bottom), (x.at(tick), bottom + 4.0), "axis");
                canvas.text(x.at(tick), bottom + 17.0, Anchor::Middle, "tick", &compact(tick));
            }
            draw(&mut canvas, of, (&x, &y), &self.period, &self.kpi);
            canvas.line((start, bottom), (start + panel, bottom), "axis");
            canvas.text(start, top - 22.0, Anchor::Start, "value", &fit_text(&of.name, panel));
            canvas.text(start, top - 7.0, Anchor::Start, "tick", &fit_text(&of.unseen(), panel * 1.25));
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::new("channel", "Channel", ""),
            Column::new("spend", format!("Spend per {}", self.period), ""),
            Column::new("mean", format!("Brings per {}", self.period), self.kpi.clone()),
            Column::new("q5", "5\u{a0}%", self.kpi.clone()),
            Column::new("q95", "95\u{a0}%", self.kpi.clone()),
            Column::new("point", "Point", ""),
            Column::new("range", "Range", ""),
        ];
        let rows = self.panels.iter().flat_map(|panel| {
            let on_curve =
                panel.spend.iter().zip(&panel.outcome).map(|(spend, brings)| (*spend, *brings, ""));
            let marked = [(panel.now.0, panel.now.1, "now"), (panel.plan.0, panel.plan.1, "plan")];
            marked.into_iter().chain(on_curve).map(|(spend, brings, point)| {
                let range = if panel.is_observed(spend) { "observed" } else { "extrapolated" };
                let numbers = [spend, brings.mean, brings.q5, brings.q95].map(Cell::Number);
                let words = [point, range].map(|word| Cell::Text(word.to_owned()));
                std::iter::once(Cell::Text(panel.name.clone())).chain(numbers).chain(words).collect()
            })
        });
        Table { rows: rows.collect(), columns }
    }
}

/// Band, line and both dots of a channel.
fn draw(canvas: &mut Canvas, of: &CurvePanel, (x, y): (&Scale, &Scale), period: &str, kpi: &str) {
    let edge = |end: fn(&Interval) -> f64| -> Vec<(f64, f64)> {
        of.spend.iter().zip(&of.outcome).map(|(spend, outcome)| (x.at(*spend), y.at(end(outcome)))).collect()
    };
    let place = |points: Vec<(f64, f64)>| points.into_iter().map(|(spend, mean)| (x.at(spend), y.at(mean)));
    canvas.group(&format!("row {}", channel_class(of.colour)), &of.said(period, kpi));
    canvas.trace(&Trace::area(&edge(|i| i.q95), &edge(|i| i.q5)), "curve-band");
    let end = of.spend.last().copied().unwrap_or(0.0);
    let (least, most) = (of.observed.0.min(end), of.observed.1.min(end));
    if least > 0.0 {
        canvas.trace(&Trace::line(place(of.part(0.0, least))), "curve dashed");
    }
    canvas.trace(&Trace::line(place(of.part(least, most))), "curve");
    if most < end {
        canvas.trace(&Trace::line(place(of.part(most, end))), "curve dashed");
    }
    canvas.circle(x.at(of.now.0), y.at(of.now.1.mean), 5.0, "dot");
    canvas.circle(x.at(of.plan.0), y.at(of.plan.1.mean), 5.0, "dot hollow");
    canvas.end_group();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(colour: usize, observed: (f64, f64), plan: f64) -> CurvePanel {
        let spend: Vec<f64> = (0..=32).map(|step| f64::from(step) * 62.5).collect();
        let at = |spend: f64| {
            let mean = 900.0 * spend / (spend + 700.0);
            Interval::new(mean, 0.8 * mean, 1.2 * mean)
        };
        CurvePanel {
            name: format!("Channel {colour}"),
            colour,
            outcome: spend.iter().map(|spend| at(*spend)).collect(),
            spend,
            observed,
            now: (1000.0, at(1000.0)),
            plan: (plan, at(plan)),
        }
    }

    fn chart(panels: Vec<CurvePanel>) -> ResponseCurves {
        ResponseCurves { kpi: "orders".into(), period: "week".into(), panels }
    }

    #[test]
    fn what_was_never_spent_is_dashed_and_called_extrapolated() {
        let inside = chart(vec![panel(0, (0.0, 5000.0), 1500.0)]);
        assert!(!inside.svg(Size::Wide).contains("dashed"));
        assert!(!inside.description().contains("extrapolated"));
        let beyond = chart(vec![panel(0, (200.0, 1600.0), 1800.0)]);
        assert_eq!(beyond.svg(Size::Wide).matches("curve dashed").count(), 2);
        assert!(beyond.svg(Size::Wide).contains("extrapolated below 200 and above 1.6k"));
        let rows = beyond.to_json()["rows"].clone();
        for row in rows.as_array().unwrap() {
            let seen = (200.0..=1600.0).contains(&row["spend"].as_f64().unwrap());
            assert_eq!(row["range"] == "observed", seen, "{row}");
        }
        assert_eq!(
            (&rows[0]["point"], &rows[1]["point"], &rows[1]["spend"]),
            (&"now".into(), &"plan".into(), &1800.0.into())
        );
    }

    #[test]
    fn now_is_filled_and_the_plan_hollow_for_every_channel() {
        let svg = chart((0..3).map(|n| panel(n, (0.0, 3000.0), 500.0)).collect()).svg(Size::Narrow);
        assert_eq!((svg.matches("\"dot\"").count(), svg.matches("\"dot hollow\"").count()), (3, 3));
    }

    #[test]
    fn the_heading_says_who_gets_more_and_who_less() {
        let with = |plans: &[f64]| {
            chart(plans.iter().enumerate().map(|(n, plan)| panel(n, (0.0, 1e4), *plan)).collect())
        };
        assert_eq!(with(&[1500.0, 500.0, 1001.0]).heading(), "More for Channel 0, less for Channel 1");
        assert_eq!(with(&[1000.0]).heading(), "Every channel stays where it is");
        assert_eq!(with(&[1200.0]).heading(), "There is room for more Channel 0");
        assert_eq!(with(&[800.0]).heading(), "Channel 0 can do with less");
    }

    #[test]
    fn eight_channels_stay_below_twenty_kilobytes() {
        let many = chart((0..8).map(|n| panel(n, (100.0, 1500.0), 1700.0)).collect());
        for size in [Size::Wide, Size::Narrow] {
            let bytes = many.svg(size).len();
            assert!(bytes < 20 * 1024, "{bytes}");
        }
    }
}
