//! A data source: what a model is fitted to.
//!
//! A [`Source`] is made by [`validate`](super::validate()) only. Its dates are sorted, without gaps or
//! repetition, every series has one finite value for each date, and no channel has negative spend.
//! Geos are summed in it: the model is one of the whole market.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::problem::{Code, Problem, count};
use super::role::{ColumnRole, Role};

/// How far apart the dates are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    /// One row a day.
    Daily,
    /// One row a week.
    Weekly,
}

impl Frequency {
    /// Days from one date to the next.
    pub const fn days(self) -> i64 {
        match self {
            Self::Daily => 1,
            Self::Weekly => 7,
        }
    }

    /// Periods in a year, on average; the length of a yearly season.
    pub const fn periods_per_year(self) -> f64 {
        365.25 / self.days() as f64
    }

    /// "day" or "week".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Daily => "day",
            Self::Weekly => "week",
        }
    }
}

/// A named value for each date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Name of the column.
    pub name: String,
    /// Its values in the order of [`Source::dates`].
    pub values: Vec<f64>,
}

/// A paid channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Money spent, never negative, in the order of [`Source::dates`].
    pub spend: Vec<f64>,
    /// What that bought, never negative, where it is known.
    pub exposure: Option<Vec<f64>>,
}

/// Validated data of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// How far apart the dates are.
    pub frequency: Frequency,
    /// The day, or the day that names the week, of each period; ascending.
    pub dates: Vec<Date>,
    /// What marketing is to bring about.
    pub kpi: Series,
    /// The paid channels.
    pub channels: Vec<Channel>,
    /// How often media were seen that nobody paid for, never negative.
    pub organic: Vec<Series>,
    /// What else moves the KPI.
    pub controls: Vec<Series>,
    /// What one unit of the KPI is worth, in the currency of the spend.
    pub kpi_value: Option<f64>,
    /// How many geos were summed; `None` where there was one row for each date.
    pub geos: Option<usize>,
}

/// How much a source holds. Shows as "104 weeks, 5 channels, 2 controls, no gaps".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many periods.
    pub periods: usize,
    /// How long one of them is.
    pub frequency: Frequency,
    /// How many paid channels.
    pub channels: usize,
    /// How many media without spend.
    pub organic: usize,
    /// How many controls, each word of one in words but the first counted.
    pub controls: usize,
    /// How many geos were summed.
    pub geos: Option<usize>,
}

impl Extent {
    /// The extent of a source whose file had these columns.
    pub fn of_columns(
        periods: usize,
        frequency: Frequency,
        columns: &[ColumnRole],
        geos: Option<usize>,
    ) -> Self {
        let of = |role| columns.iter().filter(move |column| column.role == role);
        let words = of(Role::CategoricalControl).map(|column| column.levels.len().saturating_sub(1));
        Self {
            periods,
            frequency,
            channels: of(Role::MediaSpend).count(),
            organic: of(Role::OrganicMedia).count(),
            controls: of(Role::Control).count() + words.sum::<usize>(),
            geos,
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", count(self.periods, self.frequency.word()), count(self.channels, "channel"))?;
        match self.organic {
            0 => {}
            1 => f.write_str(", 1 organic medium")?,
            media => write!(f, ", {media} organic media")?,
        }
        if self.controls > 0 {
            write!(f, ", {}", count(self.controls, "control"))?;
        }
        f.write_str(", no gaps")?;
        self.geos.map_or(Ok(()), |geos| write!(f, ", {} summed to one series", count(geos, "geo")))
    }
}

impl Source {
    /// How much it holds.
    pub const fn extent(&self) -> Extent {
        Extent {
            periods: self.dates.len(),
            frequency: self.frequency,
            channels: self.channels.len(),
            organic: self.organic.len(),
            controls: self.controls.len(),
            geos: self.geos,
        }
    }

    /// A warning if rows lie after `today`: planned spend or a typing mistake. The caller knows the day.
    pub fn future_dates(&self, today: Date) -> Option<Problem> {
        let future = self.dates.iter().filter(|date| **date > today).count();
        let last = self.dates.last().filter(|_| future > 0)?;
        let what = format!(
            "{} after today, up to {last}. Leave out plans and forecasts; the model learns from what happened.",
            count(future, "row")
        );
        Some(Problem::file(Code::FutureDate, what))
    }
}

/// A source, with what its uploader should know about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validated {
    /// The data.
    pub source: Source,
    /// Every column of the file with its role.
    pub columns: Vec<ColumnRole>,
    /// What was noticed and does not stand in the way, that of reading the file included.
    pub warnings: Vec<Problem>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(periods: i32, controls: usize) -> Source {
        let start = jiff::civil::date(2024, 1, 1);
        let dates: Vec<Date> = start.series(jiff::Span::new().weeks(1)).take(periods as usize).collect();
        let series = |name: &str| Series { name: name.to_owned(), values: vec![0.1; dates.len()] };
        Source {
            frequency: Frequency::Weekly,
            kpi: series("y"),
            channels: vec![Channel { name: "TV".to_owned(), spend: vec![0.1; dates.len()], exposure: None }],
            organic: Vec::new(),
            controls: (0..controls).map(|n| series(&format!("c{n}"))).collect(),
            kpi_value: Some(12.5),
            geos: None,
            dates,
        }
    }

    #[test]
    fn a_source_is_summed_up_in_one_line() {
        assert_eq!(source(104, 0).extent().to_string(), "104 weeks, 1 channel, no gaps");
        let mut other = source(1, 2);
        assert_eq!(other.extent().to_string(), "1 week, 1 channel, 2 controls, no gaps");
        other.organic.push(other.kpi.clone());
        other.geos = Some(40);
        assert_eq!(
            other.extent().to_string(),
            "1 week, 1 channel, 1 organic medium, 2 controls, no gaps, 40 geos summed to one series"
        );
    }

    #[test]
    fn a_source_survives_storage() {
        let source = source(30, 1);
        let json = serde_json::to_string(&source).unwrap();
        assert!(json.starts_with(r#"{"frequency":"weekly","dates":["2024-01-01","2024-01-08""#), "{json}");
        assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
    }

    #[test]
    fn rows_after_today_are_counted() {
        let source = source(3, 0);
        assert_eq!(source.future_dates(jiff::civil::date(2024, 1, 15)), None);
        let warning = source.future_dates(jiff::civil::date(2024, 1, 2)).unwrap();
        assert!(warning.message.starts_with("2 rows after today, up to 2024-01-15"), "{}", warning.message);
    }
}
