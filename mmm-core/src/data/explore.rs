//! What can be seen in a data set before any model is fitted.

use serde::{Deserialize, Serialize};

use super::{
    Dataset, Date, Frequency,
    collinear::{correlation, variance_inflation},
};

/// A medium with fewer active periods says little.
const FEW_PERIODS: usize = 8;
/// Above this variance inflation an effect is known worse than its data could tell.
const NOTABLE_INFLATION: f64 = 10.0;
/// Pressure that varies less than this share of its mean says little about saturation.
const STEADY: f64 = 0.1;
/// A channel below this share of all spend can hardly be seen in the KPI.
const SMALL_SHARE: f64 = 0.01;
/// Beyond this many scaled median deviations a period of the KPI is unusual.
const UNUSUAL: f64 = 5.0;
/// The median deviation of a normal distribution is its standard deviation by this.
const NORMAL_MEDIAN_DEVIATION: f64 = 0.674_489_750_196_081_7;

/// Every column in figures, and what to look at twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// The number of periods.
    pub periods: usize,
    /// The first and the last period; absent without any.
    pub span: Option<(Date, Date)>,
    /// The distance between two periods.
    pub frequency: Frequency,
    /// The KPI, every channel's spend and exposure, organic media and controls.
    pub columns: Vec<ColumnFigures>,
    /// What to look at twice before trusting a model.
    pub notes: Vec<Note>,
}

/// One column in figures, in its own unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnFigures {
    /// The KPI, channel, medium or control.
    pub name: String,
    /// What it is.
    pub kind: ColumnKind,
    /// Sum over all periods.
    pub total: f64,
    /// Mean over all periods.
    pub mean: f64,
    /// Population standard deviation.
    pub sd: f64,
    /// The smallest value.
    pub least: f64,
    /// The largest value.
    pub most: f64,
    /// Share of periods that are zero.
    pub zeros: f64,
    /// Correlation with the KPI of the same period.
    pub with_kpi: f64,
    /// [`variance_inflation`] among all media and controls; absent for the KPI, and for spend where the
    /// exposure is what works.
    pub variance_inflation: Option<f64>,
    /// Share of all spend; only for spend.
    pub spend_share: Option<f64>,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// What marketing is meant to move.
    Kpi,
    /// Money.
    Spend,
    /// What money bought.
    Exposure,
    /// A medium that nobody pays for.
    Organic,
    /// Something other than marketing.
    Control,
}

/// Something to look at twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The column it is about.
    pub column: String,
    /// What was seen and what it means.
    pub message: String,
}

impl Dataset {
    /// Puts every column in figures. Needs no model and no randomness.
    pub fn explore(&self) -> Exploration {
        let mut columns = vec![self.figures(&self.kpi_name, ColumnKind::Kpi, &self.kpi)];
        let spend: f64 = self.channels.iter().map(super::Channel::total_spend).sum();
        for channel in &self.channels {
            let share = Some(channel.total_spend() / spend);
            columns.push(ColumnFigures {
                spend_share: share,
                ..self.figures(&channel.name, ColumnKind::Spend, &channel.spend)
            });
            let exposure = channel.exposure.as_deref();
            columns.extend(exposure.map(|seen| self.figures(&channel.name, ColumnKind::Exposure, seen)));
        }
        for organic in &self.organic {
            columns.push(self.figures(&organic.name, ColumnKind::Organic, &organic.exposure));
        }
        for control in &self.controls {
            columns.push(self.figures(&control.name, ColumnKind::Control, &control.values));
        }
        self.inflate(&mut columns);
        let mut notes = self.unusual_periods();
        notes.extend(columns.iter().flat_map(|column| column.notes(self.periods())));
        notes.extend(self.alike());
        Exploration {
            periods: self.periods(),
            span: self.dates.first().copied().zip(self.dates.last().copied()),
            frequency: self.frequency,
            columns,
            notes,
        }
    }

    fn figures(&self, name: &str, kind: ColumnKind, values: &[f64]) -> ColumnFigures {
        let count = values.len() as f64;
        let total: f64 = values.iter().sum();
        let mean = total / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        ColumnFigures {
            name: name.to_owned(),
            kind,
            total,
            mean,
            sd: (squares / count).sqrt(),
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            zeros: values.iter().filter(|value| **value == 0.0).count() as f64 / count,
            with_kpi: correlation(values, &self.kpi),
            variance_inflation: None,
            spend_share: None,
        }
    }

    /// Writes the inflation of what works: exposure where it is known, else spend; then controls.
    fn inflate(&self, columns: &mut [ColumnFigures]) {
        let media = self.media().map(|medium| medium.pressure);
        let values: Vec<&[f64]> =
            media.chain(self.controls.iter().map(|control| control.values.as_slice())).collect();
        let mut inflations = variance_inflation(&values).into_iter();
        for at in 0..columns.len() {
            let spend_of_exposed = columns[at].kind == ColumnKind::Spend
                && columns.get(at + 1).is_some_and(|next| next.kind == ColumnKind::Exposure);
            if columns[at].kind != ColumnKind::Kpi && !spend_of_exposed {
                columns[at].variance_inflation = inflations.next().filter(|inflation| inflation.is_finite());
            }
        }
    }

    fn unusual_periods(&self) -> Vec<Note> {
        let median = median(&self.kpi);
        let distances: Vec<f64> = self.kpi.iter().map(|value| (value - median).abs()).collect();
        let width = self::median(&distances) / NORMAL_MEDIAN_DEVIATION;
        let far = self.dates.iter().zip(&distances).filter(|(_, distance)| **distance > UNUSUAL * width);
        let far: Vec<String> = far.map(|(date, _)| date.to_string()).take(5).collect();
        let message = format!(
            "far from its usual range at {}; add a control or an event for what happened then",
            far.join(", ")
        );
        let note = || Note { column: self.kpi_name.clone(), message };
        (width > 0.0 && !far.is_empty()).then(note).into_iter().collect()
    }

    /// Media that go up and down together.
    fn alike(&self) -> Vec<Note> {
        let media: Vec<_> = self.media().collect();
        let pairs = media.iter().enumerate().flat_map(|(at, a)| media[..at].iter().map(move |b| (a, b)));
        let note = |(a, b): (&super::Medium<'_>, &super::Medium<'_>)| {
            let r = correlation(a.pressure, b.pressure);
            (r.abs() > 0.9).then(|| Note {
                column: a.name.to_owned(),
                message: format!(
                    "moves with {:?} (correlation {r:.2}); the data cannot tell the two apart, priors or an \
                     experiment must",
                    b.name
                ),
            })
        };
        pairs.filter_map(note).collect()
    }
}

impl ColumnFigures {
    fn notes(&self, periods: usize) -> Vec<Note> {
        let mut found = Vec::new();
        let mut note = |message: String| found.push(Note { column: self.name.clone(), message });
        let is_medium = matches!(self.kind, ColumnKind::Spend | ColumnKind::Exposure | ColumnKind::Organic);
        let active = ((1.0 - self.zeros) * periods as f64).round() as usize;
        if is_medium && active < FEW_PERIODS {
            note(format!("active in {active} of {periods} periods; its effect rests on those alone"));
        }
        if is_medium && self.sd < STEADY * self.mean {
            note("hardly varies; its saturation is what the prior says".to_owned());
        }
        if let Some(share) = self.spend_share.filter(|share| *share < SMALL_SHARE) {
            note(format!("{:.1} % of all spend; too small to be seen in the KPI", 100.0 * share));
        }
        if let Some(inflation) = self.variance_inflation.filter(|inflation| *inflation > NOTABLE_INFLATION) {
            note(format!("variance inflation {inflation:.0}; the other columns explain most of it"));
        }
        found
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    crate::diagnose::quantile_of_sorted(&sorted, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::Scenario;
    use ColumnKind::{Control, Exposure, Kpi, Organic, Spend};
    use approx::assert_relative_eq;

    fn noted(exploration: &Exploration, column: &str) -> Vec<String> {
        let of = exploration.notes.iter().filter(|note| note.column == column);
        of.map(|note| note.message.clone()).collect()
    }

    #[test]
    fn figures_are_those_of_the_columns() {
        let data = Scenario::weekly(["tv", "search"])
            .exposed()
            .organic(["mail"])
            .weeks(104)
            .simulate()
            .unwrap()
            .data;
        let seen = data.explore();
        let kinds: Vec<ColumnKind> = seen.columns.iter().map(|column| column.kind).collect();
        assert_eq!(kinds, [Kpi, Spend, Exposure, Spend, Exposure, Organic, Control, Control]);
        assert_relative_eq!(seen.columns[0].with_kpi, 1.0, max_relative = 1e-12);
        let shares: f64 = seen.columns.iter().filter_map(|column| column.spend_share).sum();
        assert_relative_eq!(shares, 1.0, max_relative = 1e-12);
        let inflations = seen.columns.iter().filter(|column| column.variance_inflation.is_some());
        assert_eq!(inflations.count(), 5);
        assert_eq!(seen.span, Some((data.dates()[0], data.dates()[103])));
    }

    #[test]
    fn what_to_look_at_twice_is_noted() {
        let base = Scenario::weekly(["tv"]).weeks(104).simulate().unwrap().data;
        let tv = base.channels()[0].spend();
        let twin = tv.iter().enumerate().map(|(week, spend)| spend + 9000.0 * (week as f64).sin().abs());
        let rare = (0..104).map(|week| if week % 30 == 7 { 1.0 } else { 0.0 });
        let mut kpi = base.kpi().to_vec();
        kpi[40] *= 9.0;
        let data = Dataset::builder()
            .dates(base.dates())
            .kpi("sales", kpi)
            .channel("tv", tv.iter().copied())
            .channel("twin", twin)
            .channel("rare", rare)
            .organic("steady", (0..104).map(|week| 100.0 + f64::from(week % 2)))
            .build()
            .unwrap();
        let seen = data.explore();
        assert!(noted(&seen, "sales")[0].contains(&data.dates()[40].to_string()));
        assert!(noted(&seen, "twin").iter().any(|message| message.contains("moves with \"tv\"")));
        assert!(noted(&seen, "tv").iter().any(|message| message.contains("variance inflation")));
        assert_eq!(noted(&seen, "rare").len(), 2, "{:?}", noted(&seen, "rare"));
        assert!(noted(&seen, "steady")[0].contains("hardly varies"));
    }
}
