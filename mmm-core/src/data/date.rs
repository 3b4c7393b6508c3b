//! A calendar date without time or zone, because a marketing week has neither.
//!
//! Only what the model needs: parsing `YYYY-MM-DD`, the distance between two dates, and the day of
//! the year that drives seasonality. Proleptic Gregorian calendar, years 1 to 9999.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A day of the Gregorian calendar, written `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: i32,
    month: u8,
    day: u8,
}

/// Why a text is not a [`Date`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a calendar date of the form YYYY-MM-DD")]
pub struct DateError {
    text: String,
}

impl Date {
    /// The date of these parts, or `None` where the calendar has no such day.
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        valid.then_some(Self { year, month, day })
    }

    /// The year, from 1 to 9999.
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The month, from 1 to 12.
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Days since 1970-01-01; negative before it.
    pub fn days_since_epoch(self) -> i64 {
        // Years start in March here, so that the leap day is the last day of a year.
        let shifted = i64::from(self.year) - i64::from(self.month <= 2);
        let month_from_march = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(self.day) - 1;
        let leap_days = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
        365 * shifted + leap_days + day_of_year - 719_468
    }

    /// The date `days` after 1970-01-01, or `None` outside the years 1 to 9999.
    pub fn from_days_since_epoch(days: i64) -> Option<Self> {
        // The guess is never late and at most a few days' worth of leap years early.
        let mut year = i32::try_from(days.checked_mul(400)?.div_euclid(146_097) + 1969).ok()?;
        while Self::new(year + 1, 1, 1)?.days_since_epoch() <= days {
            year += 1;
        }
        let mut left = days - Self::new(year, 1, 1)?.days_since_epoch();
        for month in 1..=12 {
            let length = i64::from(days_in_month(year, month));
            if left < length {
                return Self::new(year, month, u8::try_from(left + 1).ok()?);
            }
            left -= length;
        }
        None
    }

    /// 1 on the first of January, 365 or 366 on the last of December.
    pub fn day_of_year(self) -> u16 {
        let before: u16 = (1..self.month).map(|month| u16::from(days_in_month(self.year, month))).sum();
        before + u16::from(self.day)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        parse(text).ok_or_else(|| DateError { text: text.chars().take(40).collect() })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Date {
    type Error = DateError;

    fn try_from(text: String) -> Result<Self, DateError> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

fn parse(text: &str) -> Option<Date> {
    let bytes = text.trim().as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        bytes[range]
            .iter()
            .try_fold(0_i32, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i32::from(byte - b'0')))
    };
    Date::new(number(0..4)?, u8::try_from(number(5..7)?).ok()?, u8::try_from(number(8..10)?).ok()?)
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn distances_follow_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-03-01", 11_017),
            ("2024-02-29", 19_782),
            ("2024-03-01", 19_783),
        ] {
            assert_eq!(date(text).days_since_epoch(), days, "{text}");
        }
    }

    #[test]
    fn a_day_number_leads_back_to_its_date() {
        for days in (-700_000..2_900_000).step_by(97) {
            let date = Date::from_days_since_epoch(days).unwrap();
            assert_eq!(date.days_since_epoch(), days, "{date}");
        }
        assert_eq!(Date::from_days_since_epoch(i64::MAX), None);
    }

    #[test]
    fn the_day_of_the_year_counts_leap_days() {
        assert_eq!(date("2018-04-02").day_of_year(), 92);
        assert_eq!(date("2024-12-31").day_of_year(), 366);
        assert_eq!(date("2023-12-31").day_of_year(), 365);
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["", "2024-2-01", "2023-02-29", "2024-13-01", "2024-01-00", "01.02.2024", "２０２４"]
        {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_prints_as_it_was_read() {
        assert_eq!(date("0987-06-05").to_string(), "0987-06-05");
    }
}
