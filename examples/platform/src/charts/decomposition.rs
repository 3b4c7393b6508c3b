//! What drove the KPI: areas stacked over time, with the actual line on top.
//!
//! Baseline lies at the bottom in grey, channels above it in the order of their size. Positive parts
//! stack upwards from zero and negative parts downwards, so that an area never hides another one.
//! Layers are painted from the outermost inwards, each closed at zero: that needs one edge a layer
//! and keeps four years of weekly data with eight channels below 20 KB.

use jiff::civil::Date;

use crate::words::{Finding, Interval, Unit, compact};

use super::palette::channel_class;
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
    /// Part of the KPI that media drove.
    pub media_share: Interval,
}

impl Decomposition {
    /// Channels by total size, largest first; beyond the palette they become one layer.
    fn layers(&self) -> Vec<(String, String, Vec<f64>)> {
        let mut order: Vec<&Layer> = self.channels.iter().collect();
        order.sort_by(|a, b| total(&b.effect).abs().total_cmp(&total(&a.effect).abs()));
        let keep = if order.len() > 8 { 7 } else { order.len() };
        let mut layers = vec![("Baseline".to_owned(), "c-base".to_owned(), self.baseline.clone())];
        layers.extend(order.iter().take(keep).map(|channel| {
            (channel.name.clone(), channel_class(channel.colour), channel.effect.clone())
        }));
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
        Finding::media_share(&self.kpi, self.media_share).sentence.trim_end_matches('.').to_owned()
    }

    fn subtitle(&self) -> String {
        format!(
            "{} per {}: baseline and channels as areas, observed as a line, fit with its 90\u{a0}% band",
            capital(&self.kpi),
            self.period
        )
    }

    fn description(&self) -> String {
        let largest = self.largest().map_or(String::new(), |layer| {
            format!(" The largest channel by effect is {}.", layer.name)
        });
        let range = match (self.dates.first(), self.dates.last()) {
            (Some(first), Some(last)) => {
                format!(" from {} to {}", calendar::day(*first), calendar::day(*last))
            }
            _ => String::new(),
        };
        format!("Stacked areas{range}. {}.{largest}", self.heading())
    }

    fn svg(&self, size: Size) -> String {
        let width = size.width();
        let height = if size.is_wide() { 340.0 } else { 260.0 };
        let key = format!("{}-{}", self.id(), size.suffix());
        let mut canvas = Canvas::open(&key, "areas", width, height, &self.heading(), &self.description());
        let (left, right) = (38.0, width - if size.is_wide() { 132.0 } else { 84.0 });
        let (top, bottom) = (12.0, height - 28.0);
        let layers = self.layers();
        let stacks = stack(&layers, self.dates.len());
        let (low, high) = extent(
            stacks.iter().flat_map(|s| s.up.iter().chain(&s.down)).chain(&self.actual).chain(&self.q95).copied(),
        );
        let y = Scale::linear((low.min(0.0), high.max(0.0) * 1.02), (bottom, top));
        let x = TimeAxis::new(&self.dates, left, right);

        for tick in y.ticks(4) {
            canvas.line((left, y.at(tick)), (right, y.at(tick)), "grid");
            canvas.text(left - 6.0, y.at(tick) + 4.0, Anchor::End, "tick", &compact(tick));
        }
        let edge = |values: &[f64]| -> Vec<(f64, f64)> {
            values.iter().enumerate().map(|(t, v)| (x.at(t), y.at(*v))).collect()
        };
        let floor = [(x.at(0), y.at(0.0)), (x.at(self.dates.len().saturating_sub(1)), y.at(0.0))];
        for ((_, class, _), stack) in layers.iter().zip(&stacks).rev() {
            canvas.trace(&Trace::area(&edge(&stack.up), &floor), &format!("area {class}"));
            if stack.down.iter().any(|v| *v < 0.0) && stack.own_negative {
                canvas.trace(&Trace::area(&edge(&stack.down), &floor), &format!("area {class}"));
            }
        }
        canvas.trace(&Trace::area(&edge(&self.q95), &edge(&self.q5)), "band");
        canvas.trace(&Trace::line(edge(&self.actual)), "actual");
        canvas.line((left, y.at(0.0)), (right, y.at(0.0)), "axis");
        x.draw(&mut canvas, bottom, if size.is_wide() { 8 } else { 4 });
        label_layers(&mut canvas, &layers, &stacks, &y, (right, width), (top, bottom));
        canvas.hover_area(left, right, top, bottom, self.dates.len());
        canvas.finish()
    }

    fn table(&self) -> Table {
        let unit = &self.kpi;
        let mut columns = vec![Column::new("date", "Period from", ""), Column::new("actual", "Observed", unit)];
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

    pub(super) fn at(&self, period: usize) -> f64 {
        self.dates.get(period).map_or(self.scale.at(0.0), |date| self.of(*date))
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

fn total(values: &[f64]) -> f64 {
    values.iter().filter(|v| v.is_finite()).sum()
}

/// The text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

impl Decomposition {
    /// The unit of every number of the chart.
    pub fn unit(&self) -> Unit {
        Unit::Of(self.kpi.clone())
    }
}
