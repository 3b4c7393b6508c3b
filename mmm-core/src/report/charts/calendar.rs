//! Marks a time axis at calendar units: days, weeks, months, quarters or years, never every nth row.

use crate::data::Date;

/// A mark on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) date: Date,
    pub(crate) label: String,
    /// Whether it opens a year; drawn a little stronger.
    pub(crate) major: bool,
}

/// Marks beyond this many are not drawn, whatever the dates.
const MOST_TICKS: u8 = 64;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// At most `most` marks between two dates.
pub(crate) fn ticks(first: Date, last: Date, most: usize) -> Vec<Tick> {
    let days = days_between(first, last).max(1.0);
    let most = most.max(2);
    if days < 75.0 {
        let step = [1, 7, 14, 28].into_iter().find(|s| days / f64::from(*s) < most as f64);
        return by_days(first, last, step.unwrap_or(28));
    }
    let months = days / 30.44;
    let step = [1, 2, 3, 6, 12, 24, 60, 120].into_iter().find(|s| months / f64::from(*s) < most as f64);
    by_months(first, last, step.unwrap_or(240))
}

/// Days from one date to another.
pub(crate) fn days_between(first: Date, last: Date) -> f64 {
    (last.days_since_epoch() - first.days_since_epoch()) as f64
}

/// ` from 14 Mar 2024 to 9 Mar 2026`, or nothing without dates.
pub(crate) fn range(dates: &[Date]) -> String {
    match (dates.first(), dates.last()) {
        (Some(first), Some(last)) => format!(" from {} to {}", day(*first), day(*last)),
        _ => String::new(),
    }
}

/// `14 Mar 2026`.
pub fn day(date: Date) -> String {
    format!("{} {} {}", date.day(), month_name(date), date.year())
}

fn by_days(first: Date, last: Date, step: i32) -> Vec<Tick> {
    let start = first.days_since_epoch();
    // Day 4 of the count was a Monday.
    let to_monday = if step >= 7 { (4 - start).rem_euclid(7) } else { 0 };
    let days = (start + to_monday..=last.days_since_epoch()).step_by(step.unsigned_abs() as usize);
    days.map_while(Date::from_days_since_epoch)
        .take(MOST_TICKS.into())
        .map(|date| Tick { date, label: format!("{} {}", date.day(), month_name(date)), major: false })
        .collect()
}

fn by_months(first: Date, last: Date, step: i32) -> Vec<Tick> {
    let month_index = first.year() * 12 + i32::from(first.month()) - 1;
    let past_start = i32::from(first.day() > 1);
    let start = (month_index + past_start + step - 1).div_euclid(step) * step;
    let firsts = (0..MOST_TICKS).map_while(|n| {
        let index = start + i32::from(n) * step;
        Date::new(index.div_euclid(12), index.rem_euclid(12) as u8 + 1, 1)
    });
    firsts
        .take_while(|date| *date <= last)
        .enumerate()
        .map(|(n, date)| {
            let major = date.month() == 1;
            let label = if major || step >= 12 {
                date.year().to_string()
            } else if n == 0 {
                format!("{} {}", month_name(date), date.year())
            } else {
                month_name(date).to_owned()
            };
            Tick { date, label, major }
        })
        .collect()
}

fn month_name(date: Date) -> &'static str {
    MONTHS.get(usize::from(date.month()).wrapping_sub(1)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: i32, month: u8, day: u8) -> Date {
        Date::new(year, month, day).unwrap()
    }

    fn labels(first: Date, last: Date, most: usize) -> Vec<String> {
        ticks(first, last, most).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn marks_open_calendar_units() {
        assert_eq!(labels(date(2018, 4, 2), date(2019, 8, 1), 6), ["Jul 2018", "Oct", "2019", "Apr", "Jul"]);
        assert_eq!(labels(date(2024, 1, 3), date(2024, 1, 30), 8), ["8 Jan", "15 Jan", "22 Jan", "29 Jan"]);
        assert_eq!(
            labels(date(2010, 5, 1), date(2022, 1, 1), 8),
            ["2012", "2014", "2016", "2018", "2020", "2022"]
        );
    }

    #[test]
    fn the_number_of_marks_stays_bounded() {
        for days in [1, 10, 40, 80, 200, 800, 3000, 20_000] {
            let first = date(2001, 2, 3);
            let found =
                ticks(first, Date::from_days_since_epoch(first.days_since_epoch() + days).unwrap(), 7);
            assert!(found.len() <= 8, "{days} days: {found:?}");
        }
    }
}
