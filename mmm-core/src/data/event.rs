//! Holidays and other events, given by their days.

use std::collections::BTreeSet;

use super::{Control, Date, Frequency, Problem, ProblemCode};

/// An event before it meets the periods of the data.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) days: Vec<Date>,
}

impl Event {
    /// The share of each period's days that belong to the event.
    ///
    /// `value[t] = |days in [date[t], date[t] + length)| / length`, with a length of one day or seven.
    pub(super) fn over(self, dates: &[Date], frequency: Frequency, problems: &mut Vec<Problem>) -> Control {
        let length = frequency.days();
        let days: BTreeSet<i64> = self.days.iter().map(|day| day.days_since_epoch()).collect();
        let share = |date: &Date| {
            let first = date.days_since_epoch();
            days.range(first..first + length).count() as f64 / length as f64
        };
        let values: Vec<f64> = dates.iter().map(share).collect();
        if values.iter().all(|value| *value == 0.0) {
            problems.push(Problem::column(
                ProblemCode::UnseenEvent,
                &self.name,
                "no day of the event lies in a period of the data; correct its days or leave it out",
            ));
        }
        Control { name: self.name, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_week_holds_the_share_of_its_days() {
        let dates = ["2024-12-16", "2024-12-23", "2024-12-30"].map(day);
        let days = ["2024-12-24", "2024-12-25", "2024-12-25", "2024-12-31", "2025-02-01"].map(day).to_vec();
        let mut problems = Vec::new();
        let christmas = Event { name: "christmas".to_owned(), days };
        let control = christmas.over(&dates, Frequency::Weekly, &mut problems);
        assert_eq!(control.values, [0.0, 2.0 / 7.0, 1.0 / 7.0]);
        assert_eq!(problems, []);
    }

    #[test]
    fn an_event_outside_the_data_is_a_problem() {
        let mut problems = Vec::new();
        let event = Event { name: "fair".to_owned(), days: vec![day("2030-01-01")] };
        event.over(&[day("2024-12-16")], Frequency::Daily, &mut problems);
        assert_eq!(
            (problems[0].code, problems[0].column.as_deref()),
            (ProblemCode::UnseenEvent, Some("fair"))
        );
    }
}
