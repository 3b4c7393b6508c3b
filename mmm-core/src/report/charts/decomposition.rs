//! What drove the KPI: areas stacked over time, with the actual line on top.
//!
//! Baseline lies at the bottom in grey, channels above it in the order of their size. Positive parts
//! stack upwards from zero and negative parts downwards, so that an area never hides another one.
//! Layers are painted from the outermost inwards, each closed at zero: that needs one edge a layer
//! and keeps four years of weekly data with eight channels below 20 KB. More than 110 periods are drawn
//! as averages of calendar months, so that they do not become noise; the table keeps every period.

use crate::data::Date;

use crate::report::words::{Finding, Interval, Unit, capital, compact};

use super::palette::channel_class;
use super::periods::{self, TimeAxis};
use super::scale::{Scale, extent};
use super::svg::{Anchor, Canvas, Trace, fit_text};
use super::table::{Cell, Column, Table};
use super::{Chart, Size, calendar};

/// One channel over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Name of the channel.
    pub name: String,
    /// Its place in the order of the data, which fixes its colour over all charts.
    pub colour: usize,
    /// Mean effect in each period, in units of the KPI.
    pub effect: Vec<f64>,
}

/// Input of the chart. All series are as long as `dates`.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// Name of the KPI, such as "sales".
    pub kpi: String,
    /// How long a period is: "week", "day" or "month".
    pub period: String,
    /// First day of each period.
    pub dates: Vec<Date>,
    /// What would have happened without media: trend, season and controls.
    pub baseline: Vec<f64>,
    /// The channels.
    pub channels: Vec<Layer>,
    /// What was observed.
    pub actual: Vec<f64>,
    /// 5 % quantile of the fitted total.
    pub q5: Vec<f64>,
    /// 95 % quantile of the fitted total.
    pub q95: Vec<f64>,
    /// Part of the KPI that all media together drove, where it is known.
    pub media_share: Option<Interval>,
}

impl Decomposition {
    /// Channels by total size, largest first; beyond the palette they become one layer.
    fn layers(&self) -> Vec<(String, String, Vec<f64>)> {
        let mut order: Vec<&Layer> = self.channels.iter().collect();
        order.sort_by(|a, b| total(&b.effect).abs().total_cmp(&total(&a.effect).abs()));
        let keep = if order.len() > 8 { 7 } else { order.len() };
        let mut layers = vec![("Baseline".to_owned(), "c-base".to_owned(), self.baseline.clone())];
        layers.extend(
            order
                .iter()
                .take(keep)
                .map(|channel| (channel.name.clone(), channel_class(channel.colour), channel.effect.clone())),
        );
        if order.len() > keep {
            let rest = &order[keep..];
            let sum = |t: usize| rest.iter().map(|c| c.effect.get(t).copied().unwrap_or(0.0)).sum();
            let name = format!("{} others", rest.len());
            layers.push((name, "c-other".to_owned(), (0..self.dates.len()).map(sum).collect()));
        }
        layers
    }

    fn largest(&self) -> Option<&Layer> {
        self.channels.iter().max_by(|a, b| total(&a.effect).total_cmp(&total(&b.effect)))
    }
}

impl Chart for Decomposition {
    fn id(&self) -> &'static str {
        "decomposition"
    }

    fn heading(&self) -> String {
        match (self.largest(), self.channels.len()) {
            (None, _) => format!("No channel added to {}", self.kpi),
            (Some(only), 1) => match self.media_share {
                Some(share) => format!("{} added {} of {}", only.name, share.say(&Unit::Percent), self.kpi),
                None => format!("What {} added to {}", only.name, self.kpi),
            },
            (Some(largest), _) => format!("{} adds more {} than any other channel", largest.name, self.kpi),
        }
    }

    fn subtitle(&self) -> String {
        format!(
            "{} per {}{}: baseline and channels as areas, observed as a line, 90\u{a0}% band of the fit in grey",
            capital(&self.kpi),
            self.period,
            if periods::is_long(&self.dates) { ", averaged by month" } else { "" }
        )
    }

    fn description(&self) -> String {
        let media = self.media_share.map(|share| Finding::media_share(&self.kpi, share).sentence + " ");
        let media = media.unwrap_or_default();
        format!("Stacked areas{}. {media}{}.", calendar::range(&self.dates), self.heading())
    }

    fn svg(&self, size: Size) -> String {
        let width = size.width();
        let layers = self.layers();
        let legend = if size.is_wide() { 0.0 } else { layers.len().div_ceil(2) as f64 * 20.0 + 6.0 };
        let height = if size.is_wide() { 380.0 } else { 270.0 + legend };
        let key = format!("{}-{}", self.id(), size.suffix());
        let mut canvas = Canvas::open(&key, "areas", width, height, &self.heading(), &self.description());
        let (left, right) = (38.0, width - if size.is_wide() { 152.0 } else { 8.0 });
        let (top, bottom) = (12.0, height - 28.0 - legend);
        let x = TimeAxis::new(&self.dates, left, right);
        let spans = periods::spans(&self.dates);
        let average = |values: &[f64]| periods::average(values, &spans);
        let layers: Vec<_> = layers.into_iter().map(|(name, class, v)| (name, class, average(&v))).collect();
        let (actual, q5, q95) = (average(&self.actual), average(&self.q5), average(&self.q95));
        let stacks = stack(&layers, spans.len());
        let (low, high) = extent(
            stacks.iter().flat_map(|s| s.up.iter().chain(&s.down)).chain(&actual).chain(&q95).copied(),
        );
        let y = Scale::linear((low.min(0.0), high.max(0.0) * 1.02), (bottom, top));
        for tick in y.ticks(4) {
            canvas.line((left, y.at(tick)), (right, y.at(tick)), "grid");
            canvas.text(left - 6.0, y.at(tick) + 4.0, Anchor::End, "tick", &compact(tick));
        }
        let edge = |values: &[f64]| -> Vec<(f64, f64)> {
            values.iter().zip(&spans).map(|(v, span)| (x.middle(span), y.at(*v))).collect()
        };
        let floor = [(left, y.at(0.0)), (right, y.at(0.0))];
        for ((_, class, _), stack) in layers.iter().zip(&stacks).rev() {
            canvas.trace(&Trace::area(&edge(&stack.up), &floor), &format!("area {class}"));
            if stack.down.iter().any(|v| *v < 0.0) && stack.own_negative {
                canvas.trace(&Trace::area(&edge(&stack.down), &floor), &format!("area {class}"));
            }
        }
        canvas.trace(&Trace::area(&edge(&q95), &edge(&q5)), "band");
        let line = Trace::line(edge(&actual));
        canvas.trace(&line, "casing");
        canvas.trace(&line, "actual");
        canvas.line((left, y.at(0.0)), (right, y.at(0.0)), "axis");
        x.draw(&mut canvas, bottom, if size.is_wide() { 8 } else { 4 });
        if size.is_wide() {
            label_layers(&mut canvas, &layers, &stacks, &y, (right, width), (top, bottom));
        } else {
            list_layers(&mut canvas, &layers, bottom + 40.0, width);
        }
        canvas.hover_area(left, right, top, bottom, self.dates.len());
        canvas.finish()
    }

    fn table(&self) -> Table {
        let unit = &self.kpi;
        let mut columns =
            vec![Column::new("date", "Period from", ""), Column::new("actual", "Observed", unit)];
        columns.push(Column::new("fitted_q5", "Fit, 5\u{a0}%", unit));
        columns.push(Column::new("fitted_q95", "Fit, 95\u{a0}%", unit));
        columns.push(Column::new("baseline", "Baseline", unit));
        columns.extend(self.channels.iter().map(|c| Column::new(c.name.clone(), c.name.clone(), unit)));
        let rows = self.dates.iter().enumerate().map(|(t, date)| {
            let series = [&self.actual, &self.q5, &self.q95, &self.baseline];
            let numbers = series.into_iter().chain(self.channels.iter().map(|c| &c.effect));
            let cells = numbers.map(|values| Cell::Number(values.get(t).copied().unwrap_or(f64::NAN)));
            std::iter::once(Cell::Date(*date)).chain(cells).collect()
        });
        Table { rows: rows.collect(), columns }
    }
}

struct Stack {
    up: Vec<f64>,
    down: Vec<f64>,
    own_negative: bool,
}

/// Running sums of the layers, positive and negative parts apart.
fn stack(layers: &[(String, String, Vec<f64>)], periods: usize) -> Vec<Stack> {
    let (mut up, mut down) = (vec![0.0; periods], vec![0.0; periods]);
    let mut stacks = Vec::with_capacity(layers.len());
    for (_, _, values) in layers {
        for (t, value) in values.iter().enumerate().take(periods).filter(|(_, v)| v.is_finite()) {
            up[t] += value.max(0.0);
            down[t] += value.min(0.0);
        }
        let own_negative = values.iter().any(|v| *v < 0.0);
        stacks.push(Stack { up: up.clone(), down: down.clone(), own_negative });
    }
    stacks
}

/// Names beside the right end of each area, moved apart where they would overlap.
fn label_layers(
    canvas: &mut Canvas,
    layers: &[(String, String, Vec<f64>)],
    stacks: &[Stack],
    y: &Scale,
    (right, width): (f64, f64),
    (top, bottom): (f64, f64),
) {
    let end = |values: &[f64]| {
        let tail = &values[values.len().saturating_sub(3)..];
        if tail.is_empty() { 0.0 } else { tail.iter().sum::<f64>() / tail.len() as f64 }
    };
    let mut below = 0.0;
    let mut places: Vec<(usize, f64)> = Vec::new();
    for (at, stack) in stacks.iter().enumerate() {
        let edge = end(&stack.up);
        places.push((at, y.at(f64::midpoint(below, edge))));
        below = edge;
    }
    // From the bottom up: keep 16 units apart, then push down again what left the picture.
    let mut last = bottom + 12.0;
    for place in &mut places {
        place.1 = place.1.min(last - 16.0);
        last = place.1;
    }
    let mut limit = top + 2.0;
    for place in places.iter_mut().rev() {
        place.1 = place.1.max(limit);
        limit = place.1 + 16.0;
    }
    for (at, middle) in places {
        let (name, class, _) = &layers[at];
        canvas.group("label", name);
        canvas.rect(right + 8.0, middle - 4.0, 8.0, 8.0, &format!("key {class}"));
        canvas.text(right + 21.0, middle + 4.0, Anchor::Start, "name", &fit_text(name, width - right - 22.0));
        canvas.end_group();
    }
}

/// Names below the picture, where there is no room beside it; the top area first.
fn list_layers(canvas: &mut Canvas, layers: &[(String, String, Vec<f64>)], top: f64, width: f64) {
    for (at, (name, class, _)) in layers.iter().rev().enumerate() {
        let (x, y) = ((at % 2) as f64 * width / 2.0 + 8.0, top + (at / 2) as f64 * 20.0);
        canvas.group("label", name);
        canvas.rect(x, y - 8.0, 8.0, 8.0, &format!("key {class}"));
        canvas.text(x + 14.0, y, Anchor::Start, "name", &fit_text(name, width / 2.0 - 26.0));
        canvas.end_group();
    }
}

fn total(values: &[f64]) -> f64 {
    values.iter().filter(|v| v.is_finite()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks(from: (i32, u8, u8), count: i64) -> Vec<Date> {
        let first = Date::new(from.0, from.1, from.2).unwrap().days_since_epoch();
        (0..count).filter_map(|week| Date::from_days_since_epoch(first + 7 * week)).collect()
    }

    fn chart(weeks: i32, channels: usize) -> Decomposition {
        let series =
            |n: usize| (0..weeks).map(|t| (f64::from(t) * 37.0 + n as f64 * 11.0) % 97.0 * 9.3).collect();
        Decomposition {
            kpi: "sales".into(),
            period: "week".into(),
            dates: self::weeks((2020, 1, 6), weeks.into()),
            baseline: series(0),
            channels: (0..channels)
                .map(|n| Layer { name: format!("Channel {n} <b>"), colour: n, effect: series(n + 1) })
                .collect(),
            actual: series(20),
            q5: series(21),
            q95: series(22),
            media_share: Some(Interval::new(0.24, 0.2, 0.28)),
        }
    }

    #[test]
    fn two_years_of_eight_channels_stay_below_twenty_kilobytes() {
        for (weeks, channels) in [(110, 8), (110, 20), (209, 8), (520, 12)] {
            for size in [Size::Wide, Size::Narrow] {
                let svg = chart(weeks, channels).svg(size);
                assert!(svg.len() < 20_000, "{weeks} weeks, {channels} channels: {} bytes", svg.len());
                assert!(svg.contains("<title") && svg.contains("<desc") && svg.contains("role=\"img\""));
                assert!(!svg.contains("style=") && !svg.contains("<b>"));
            }
        }
    }

    #[test]
    fn negative_parts_stack_below_zero() {
        let layer = |values: &[f64]| (String::new(), String::new(), values.to_vec());
        let stacks = stack(&[layer(&[5.0, 5.0]), layer(&[2.0, -1.0]), layer(&[1.0, -2.0])], 2);
        assert_eq!(stacks[2].up, [8.0, 5.0]);
        assert_eq!(stacks[2].down, [0.0, -3.0]);
    }

    #[test]
    fn every_period_is_in_the_table_even_where_the_picture_averages() {
        assert_eq!(chart(209, 2).table().rows.len(), 209);
    }

    #[test]
    fn no_data_still_makes_a_picture() {
        let empty = chart(0, 0);
        assert!(empty.svg(Size::Wide).ends_with("</svg>"));
        assert_eq!(empty.heading(), "No channel added to sales");
    }
}
