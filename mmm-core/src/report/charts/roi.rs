//! What each channel returned: a dot with its 90 % whisker per channel, best first.
//!
//! With a value per unit of KPI the axis is return on spend and a dashed line marks break-even at 1;
//! without it the axis is KPI per unit of spend and there is no line, since nothing can be said about
//! paying off. A dot is filled where the whole interval clears break-even and hollow otherwise, so
//! that the fact survives without colour. The axis turns logarithmic when its range exceeds 20.

use crate::report::words::{Finding, Interval, Unit, capital, compact};

use super::palette::channel_class;
use super::scale::{Scale, extent};
use super::svg::{Anchor, Canvas, fit_text};
use super::table::{Cell, Column, Table};
use super::{Chart, Size};

/// One channel.
#[derive(Clone, Debug, PartialEq)]
pub struct RoiRow {
    /// Name of the channel.
    pub name: String,
    /// Its place in the order of the data, which fixes its colour.
    pub colour: usize,
    /// Return per unit of spend.
    pub roi: Interval,
    /// Probability of returning more than it costs; `None` without a value per unit of KPI.
    pub p_above_break_even: Option<f64>,
    /// What was assumed before the data, drawn as a pale whisker behind.
    pub prior: Option<Interval>,
    /// Return of the next unit of spend, drawn as a hollow diamond.
    pub marginal: Option<Interval>,
}

/// Input of the chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Returns {
    /// Name of the KPI.
    pub kpi: String,
    /// Whether a unit of KPI has a value, so that 1 is break-even.
    pub has_value: bool,
    /// The channels in any order.
    pub rows: Vec<RoiRow>,
}

impl Returns {
    fn sorted(&self) -> Vec<&RoiRow> {
        let mut rows: Vec<&RoiRow> = self.rows.iter().collect();
        rows.sort_by(|a, b| b.roi.mean.total_cmp(&a.roi.mean));
        rows
    }

    /// One statement per channel, in the order of the picture.
    pub fn findings(&self) -> Vec<Finding> {
        let p = |row: &RoiRow| if self.has_value { row.p_above_break_even } else { None };
        self.sorted()
            .into_iter()
            .map(|row| Finding::return_on_spend(&row.name, row.roi, p(row), &self.kpi))
            .collect()
    }

    fn axis(&self, place: (f64, f64)) -> Scale {
        let marks = if self.has_value { Some(1.0) } else { None };
        let ends = self.rows.iter().flat_map(|row| [row.roi.q5, row.roi.q95, row.roi.mean]);
        let next = self.rows.iter().filter_map(|row| row.marginal).map(|marginal| marginal.mean);
        let (low, high) = extent(ends.chain(next).chain(marks));
        if low > 0.0 && high / low > 20.0 {
            Scale::log((low * 0.85, high * 1.15), place)
        } else {
            Scale::linear((low.min(0.0), high.max(0.0) * 1.04), place)
        }
    }

    fn clears(&self, row: &RoiRow) -> bool {
        !self.has_value || row.roi.q5 > 1.0
    }
}

impl Chart for Returns {
    fn id(&self) -> &'static str {
        "roi"
    }

    fn heading(&self) -> String {
        let rows = self.sorted();
        let what =
            if self.has_value { "returns most per unit of spend" } else { "brings most per unit of spend" };
        match rows.as_slice() {
            [] => "No channel to compare".to_owned(),
            [only] => Finding::return_on_spend(
                &only.name,
                only.roi,
                only.p_above_break_even.filter(|_| self.has_value),
                &self.kpi,
            )
            .sentence
            .trim_end_matches('.')
            .to_owned(),
            [best, rest @ ..] => {
                let rival = rest.iter().find(|row| row.roi.q95 >= best.roi.q5);
                match rival {
                    None => format!("{} {what}", best.name),
                    Some(rival) => {
                        format!("{} looks best, but not reliably ahead of {}", best.name, rival.name)
                    }
                }
            }
        }
    }

    fn subtitle(&self) -> String {
        let mut text = if self.has_value {
            "Return per unit of spend with 90\u{a0}% interval; dashed: break-even; filled: reliably above it"
                .to_owned()
        } else {
            format!("{} per unit of spend with 90\u{a0}% interval", capital(&self.kpi))
        };
        if self.rows.iter().any(|row| row.prior.is_some()) {
            text.push_str("; pale: assumed before the data");
        }
        if self.rows.iter().any(|row| row.marginal.is_some()) {
            text.push_str("; diamond: return of the next unit");
        }
        text
    }

    fn description(&self) -> String {
        let said = self.findings().into_iter().map(|finding| finding.sentence);
        format!("Dots with whiskers, best first. {}", said.collect::<Vec<_>>().join(" "))
    }

    fn svg(&self, size: Size) -> String {
        let rows = self.sorted();
        let wide = size.is_wide();
        let (width, pitch, head) = (size.width(), if wide { 36.0 } else { 48.0 }, 22.0);
        let height = head + pitch * rows.len().max(1) as f64 + 30.0;
        let key = format!("{}-{}", self.id(), size.suffix());
        let mut canvas = Canvas::open(&key, "dots", width, height, &self.heading(), &self.description());
        let (left, right) = if wide { (168.0, width - 170.0) } else { (8.0, width - 8.0) };
        let bottom = height - 28.0;
        let x = self.axis((left, right));
        for tick in x.ticks(if wide { 6 } else { 4 }) {
            canvas.line((x.at(tick), head), (x.at(tick), bottom), "grid");
            canvas.text(x.at(tick), bottom + 18.0, Anchor::Middle, "tick", &compact(tick));
        }
        if self.has_value {
            let at = x.at(1.0);
            canvas.line((at, head - 4.0), (at, bottom), "break-even");
            let anchor = if at > f64::midpoint(left, right) { Anchor::End } else { Anchor::Start };
            canvas.text(at, head - 9.0, anchor, "note", "break-even");
        }
        for (n, row) in rows.iter().enumerate() {
            let top = head + pitch * n as f64;
            let y = top + if wide { pitch / 2.0 } else { 34.0 };
            let class = channel_class(row.colour);
            let said = row.roi.say(&Unit::Plain);
            canvas.group(&format!("row {class}"), &format!("{}: {said}", row.name));
            if let Some(prior) = row.prior {
                canvas.line((x.at(prior.q5).max(left), y), (x.at(prior.q95).min(right), y), "prior");
            }
            canvas.line((x.at(row.roi.q5), y), (x.at(row.roi.q95), y), "whisker");
            for end in [row.roi.q5, row.roi.q95] {
                canvas.line((x.at(end), y - 4.0), (x.at(end), y + 4.0), "whisker");
            }
            canvas.circle(x.at(row.roi.mean), y, 5.5, if self.clears(row) { "dot" } else { "dot hollow" });
            if let Some(marginal) = row.marginal {
                let said = format!("{}, the next unit: {}", row.name, marginal.say(&Unit::Plain));
                canvas.diamond(x.at(marginal.mean), y, 6.0, "diamond", &said);
            }
            let (mean, range) = (row.roi.say_mean(&Unit::Plain), row.roi.say_range(&Unit::Plain));
            let range = range.split_once(": ").map_or(range.clone(), |(_, ends)| ends.to_owned());
            if wide {
                canvas.text(left - 14.0, y + 4.0, Anchor::End, "name", &fit_text(&row.name, left - 16.0));
                canvas.text(right + 54.0, y + 4.0, Anchor::End, "value", &mean);
                canvas.text(right + 62.0, y + 4.0, Anchor::Start, "tick", &range);
            } else {
                canvas.text(left, top + 18.0, Anchor::Start, "name", &fit_text(&row.name, width * 0.55));
                canvas.text(right, top + 18.0, Anchor::End, "value", &format!("{mean} ({range})"));
            }
            canvas.end_group();
        }
        canvas.finish()
    }

    fn table(&self) -> Table {
        let unit = if self.has_value {
            "per unit of spend".to_owned()
        } else {
            format!("{} per unit of spend", self.kpi)
        };
        let mut columns = vec![
            Column::new("channel", "Channel", ""),
            Column::new("mean", "Mean", unit.clone()),
            Column::new("q5", "5\u{a0}%", unit.clone()),
            Column::new("q95", "95\u{a0}%", unit.clone()),
        ];
        if self.has_value {
            columns.push(Column::new("p_above_break_even", "Chance above break-even", "%"));
        }
        let with_next = self.rows.iter().any(|row| row.marginal.is_some());
        if with_next {
            columns.extend([
                Column::new("next_unit", "Next unit", unit.clone()),
                Column::new("next_unit_q5", "Next unit, 5\u{a0}%", unit.clone()),
                Column::new("next_unit_q95", "Next unit, 95\u{a0}%", unit),
            ]);
        }
        columns.push(Column::new("statement", "In words", ""));
        let rows = self.sorted().into_iter().zip(self.findings()).map(|(row, finding)| {
            let mut cells = vec![Cell::Text(row.name.clone())];
            cells.extend([row.roi.mean, row.roi.q5, row.roi.q95].map(Cell::Number));
            if self.has_value {
                cells.push(Cell::Number(row.p_above_break_even.unwrap_or(f64::NAN)));
            }
            if with_next {
                let next = row.marginal.unwrap_or(Interval::new(f64::NAN, f64::NAN, f64::NAN));
                cells.extend([next.mean, next.q5, next.q95].map(Cell::Number));
            }
            cells.push(Cell::Text(finding.sentence));
            cells
        });
        Table { rows: rows.collect(), columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(has_value: bool, rois: &[(f64, f64, f64)]) -> Returns {
        let row = |(colour, &(mean, q5, q95)): (usize, &(f64, f64, f64))| RoiRow {
            name: format!("Channel {colour}"),
            colour,
            roi: Interval::new(mean, q5, q95),
            p_above_break_even: has_value.then_some(if q5 > 1.0 { 0.99 } else { 0.5 }),
            prior: None,
            marginal: None,
        };
        Returns { kpi: "orders".into(), has_value, rows: rois.iter().enumerate().map(row).collect() }
    }

    #[test]
    fn break_even_is_drawn_only_where_a_unit_of_kpi_has_a_value() {
        let rois = [(2.0, 1.5, 2.5), (0.9, 0.6, 1.3)];
        assert!(chart(true, &rois).svg(Size::Wide).contains("class=\"break-even\""));
        let without = chart(false, &rois);
        assert!(!without.svg(Size::Wide).contains("break-even"));
        assert!(!without.to_csv().contains("break_even") && !without.subtitle().contains("break-even"));
    }

    #[test]
    fn only_channels_clear_of_break_even_are_filled() {
        let svg = chart(true, &[(2.0, 1.5, 2.5), (1.4, 0.9, 1.9)]).svg(Size::Narrow);
        assert_eq!((svg.matches("\"dot\"").count(), svg.matches("\"dot hollow\"").count()), (1, 1));
    }

    #[test]
    fn the_next_unit_is_a_hollow_diamond_with_its_numbers_in_the_table() {
        let mut chart = chart(true, &[(2.0, 1.5, 2.5)]);
        assert!(!chart.subtitle().contains("diamond") && !chart.to_csv().contains("next_unit"));
        chart.rows[0].marginal = Some(Interval::new(1.2, 0.8, 1.6));
        assert_eq!(chart.svg(Size::Wide).matches("class=\"diamond\"").count(), 1);
        assert_eq!(chart.to_json()["rows"][0]["next_unit"], 1.2);
        assert!(chart.subtitle().contains("diamond: return of the next unit"));
    }

    #[test]
    fn the_heading_claims_a_winner_only_without_overlap() {
        let clear = chart(true, &[(0.9, 0.6, 1.3), (2.0, 1.5, 2.5)]).heading();
        assert_eq!(clear, "Channel 1 returns most per unit of spend");
        let close = chart(true, &[(2.1, 1.6, 2.6), (2.0, 1.5, 2.5)]).heading();
        assert_eq!(close, "Channel 0 looks best, but not reliably ahead of Channel 1");
    }

    #[test]
    fn the_axis_turns_logarithmic_beyond_a_range_of_twenty() {
        let gap = |rois: &[(f64, f64, f64)]| {
            let axis = chart(true, rois).axis((0.0, 100.0));
            (axis.at(2.0) - axis.at(1.0), axis.at(4.0) - axis.at(2.0))
        };
        let (near, far) = gap(&[(2.0, 1.0, 3.0), (50.0, 40.0, 60.0)]);
        assert!((near - far).abs() < 1e-9);
        let (near, far) = gap(&[(2.0, 1.0, 3.0), (5.0, 4.0, 6.0)]);
        assert!((2.0 * near - far).abs() < 1e-9);
    }
}
