//! Where the money went and where the effect came from: two bars per channel, each set of bars adding
//! up to 100 %.
//!
//! Spend is measured, so its bar has no interval; effect is estimated, so its bar carries a whisker.

use crate::report::words::{Interval, Unit, fixed};

use super::palette::channel_class;
use super::scale::{Scale, extent};
use super::svg::{Anchor, Canvas, fit_text};
use super::table::{Cell, Column, Table};
use super::{Chart, Size};

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ShareRow {
    /// Name of the channel.
    pub name: String,
    /// Its place in the order of the data, which fixes its colour.
    pub colour: usize,
    /// What was spent.
    pub spend: f64,
    /// Its part of the effect of all channels, between 0 and 1.
    pub effect: Interval,
}

/// Input of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// The channels in any order.
    pub rows: Vec<ShareRow>,
}

impl Shares {
    /// Largest spend first, with the part of the spend.
    fn sorted(&self) -> Vec<(&ShareRow, f64)> {
        let total: f64 = self.rows.iter().map(|row| row.spend).sum();
        let share = |row: &ShareRow| if total > 0.0 { row.spend / total } else { 0.0 };
        let mut rows: Vec<_> = self.rows.iter().map(|row| (row, share(row))).collect();
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        rows
    }
}

impl Chart for Shares {
    fn id(&self) -> &'static str {
        "shares"
    }

    fn heading(&self) -> String {
        let gap = |&(row, spend): &(&ShareRow, f64)| row.effect.mean - spend;
        let clear = |&(row, spend): &(&ShareRow, f64)| row.effect.q5 > spend || row.effect.q95 < spend;
        let rows = self.sorted();
        let widest = rows.iter().filter(|r| clear(r)).max_by(|a, b| gap(a).abs().total_cmp(&gap(b).abs()));
        match widest {
            Some((row, spend)) => format!(
                "{} takes {}\u{a0}% of the spend and brings {}\u{a0}% of the effect",
                row.name,
                fixed(spend * 100.0, 0),
                fixed(row.effect.mean * 100.0, 0)
            ),
            None => "No channel\u{2019}s share of the effect differs reliably from its share of the spend"
                .to_owned(),
        }
    }

    fn subtitle(&self) -> String {
        "Share of all spend (pale) and of all media effect (solid, with 90\u{a0}% interval), in %".to_owned()
    }

    fn description(&self) -> String {
        let said = self.sorted().into_iter().map(|(row, spend)| {
            let spend = fixed(spend * 100.0, 1);
            format!(
                "{}: {spend}\u{a0}% of the spend, {} of the effect.",
                row.name,
                row.effect.say(&Unit::Percent)
            )
        });
        format!("Paired bars. {}", said.collect::<Vec<_>>().join(" "))
    }

    fn svg(&self, size: Size) -> String {
        let rows = self.sorted();
        let wide = size.is_wide();
        let (width, pitch) = (size.width(), if wide { 44.0 } else { 58.0 });
        let height = pitch * rows.len().max(1) as f64 + 36.0;
        let key = format!("{}-{}", self.id(), size.suffix());
        let mut canvas = Canvas::open(&key, "bars", width, height, &self.heading(), &self.description());
        let (left, right) = if wide { (168.0, width - 60.0) } else { (8.0, width - 52.0) };
        let bottom = height - 28.0;
        let ends =
            rows.iter().flat_map(|(row, spend)| [row.effect.q5, row.effect.q95, row.effect.mean, *spend]);
        let (low, high) = extent(ends);
        let x = Scale::linear((low.min(0.0) * 100.0, high.max(0.01) * 104.0), (left, right));
        for tick in x.ticks(if wide { 6 } else { 4 }) {
            canvas.line((x.at(tick), 4.0), (x.at(tick), bottom), "grid");
            canvas.text(x.at(tick), bottom + 18.0, Anchor::Middle, "tick", &fixed(tick, 0));
        }
        for (n, (row, spend)) in rows.iter().enumerate() {
            let mut y = 6.0 + pitch * n as f64;
            let class = channel_class(row.colour);
            let title = format!("{}: {} of the effect", row.name, row.effect.say(&Unit::Percent));
            canvas.group(&format!("row {class}"), &title);
            if wide {
                canvas.text(left - 14.0, y + 20.0, Anchor::End, "name", &fit_text(&row.name, left - 16.0));
            } else {
                canvas.text(left, y + 12.0, Anchor::Start, "name", &fit_text(&row.name, width - 20.0));
                y += 16.0;
            }
            let zero = x.at(0.0);
            let bar = |value: f64| (zero.min(x.at(value * 100.0)), (x.at(value * 100.0) - zero).abs());
            let ((spend_x, spend_w), (effect_x, effect_w)) = (bar(*spend), bar(row.effect.mean));
            canvas.rect(spend_x, y + 1.0, spend_w, 12.0, "bar pale");
            canvas.rect(effect_x, y + 16.0, effect_w, 14.0, "bar");
            let ends = [row.effect.q5, row.effect.q95].map(|share| x.at(share * 100.0));
            canvas.line((ends[0], y + 23.0), (ends[1], y + 23.0), "whisker ink");
            let number = |value: f64| format!("{}\u{a0}%", fixed(value * 100.0, 0));
            canvas.text(spend_x + spend_w + 6.0, y + 11.0, Anchor::Start, "tick", &number(*spend));
            let after = (effect_x + effect_w).max(ends[1]) + 6.0;
            canvas.text(after, y + 27.0, Anchor::Start, "value", &number(row.effect.mean));
            canvas.end_group();
        }
        canvas.line((x.at(0.0), 4.0), (x.at(0.0), bottom), "axis");
        canvas.finish()
    }

    fn table(&self) -> Table {
        let columns = vec![
            Column::new("channel", "Channel", ""),
            Column::new("spend", "Spend", ""),
            Column::new("spend_share", "Share of spend", "%"),
            Column::new("effect_share", "Share of effect", "%"),
            Column::new("effect_share_q5", "5\u{a0}%", "%"),
            Column::new("effect_share_q95", "95\u{a0}%", "%"),
        ];
        let rows = self.sorted().into_iter().map(|(row, share)| {
            let numbers = [row.spend, share, row.effect.mean, row.effect.q5, row.effect.q95];
            std::iter::once(Cell::Text(row.name.clone())).chain(numbers.map(Cell::Number)).collect()
        });
        Table { rows: rows.collect(), columns }
    }
}
