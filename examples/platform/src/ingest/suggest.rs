//! Suggests what each column is to the model, so that most files need one click.
//!
//! Names are asked first, values where names say nothing. Every suggestion carries its reason, since a
//! wrong one that nobody questions is worse than none. In doubt a column is ignored: that costs a
//! click, while a spend column taken for a control costs an analysis.
//!
//! Calendar columns such as `dayofyear` are ignored because the model has seasons of its own; counts of
//! impressions because money is what a budget is made of; numbers that only repeat or result from
//! another model because they explain nothing.

use super::roles::{ColumnRole, Role};
use super::table::{Kind, RawColumn, Table};
use super::words;

/// Suggests a role for each column, with the reason. At most one column is suggested as date and one as
/// KPI; there is none where nothing points to one.
pub fn suggest(table: &Table) -> Vec<ColumnRole> {
    let columns: Vec<Candidate<'_>> =
        table.columns().iter().map(|column| Candidate::new(table, column)).collect();
    let date = columns.iter().position(|candidate| candidate.column.kind == Kind::Date);
    let kpi = columns
        .iter()
        .enumerate()
        .filter_map(|(at, candidate)| Some((candidate.kpi_rank()?, at)))
        .min()
        .map(|(_, at)| at);
    let mut suggested: Vec<(Role, String, bool)> = columns
        .iter()
        .enumerate()
        .map(|(at, candidate)| match candidate.column.kind {
            Kind::Date if date == Some(at) => (Role::Date, "Its cells are dates.".to_owned(), true),
            Kind::Date => (Role::Ignore, "Another column has the dates already.".to_owned(), true),
            _ if kpi == Some(at) => (Role::Kpi, "Its name is that of an outcome.".to_owned(), true),
            _ => candidate.suggest(&columns),
        })
        .collect();
    guess_the_rest(&columns, kpi.is_none(), &mut suggested);
    if let Some(at) = kpi.and_then(|kpi| worth_of(&columns, &columns[kpi])) {
        suggested[at] = (Role::RevenuePerKpi, "It says what one unit of the KPI was worth.".to_owned(), true);
    }
    let with_role = |(column, (role, reason, _)): (&RawColumn, (Role, String, bool))| ColumnRole {
        name: column.name.clone(),
        kind: column.kind,
        role,
        reason,
    };
    table.columns().iter().zip(suggested).map(with_role).collect()
}

/// Columns whose names say nothing: the only one left is the KPI, and without any channel those that are
/// never negative may be spend.
fn guess_the_rest(columns: &[Candidate<'_>], kpi_open: bool, suggested: &mut [(Role, String, bool)]) {
    let unsure = suggested.iter().filter(|(.., sure)| !sure).count();
    let no_media = !suggested.iter().any(|(role, ..)| *role == Role::MediaSpend);
    for (candidate, suggestion) in columns.iter().zip(suggested.iter_mut()).filter(|(_, (.., sure))| !sure) {
        if kpi_open && unsure == 1 {
            *suggestion = (Role::Kpi, "It is the only column of numbers left.".to_owned(), true);
        } else if no_media && !kpi_open && candidate.values.least >= 0.0 {
            *suggestion = (
                Role::MediaSpend,
                "Amounts that are never negative, perhaps spend; please check.".to_owned(),
                true,
            );
        }
    }
}

/// The column that is called money per unit of just this KPI, such as `revenue_per_conversion` beside
/// `conversions`. Where the KPI is money itself there is none.
fn worth_of(columns: &[Candidate<'_>], kpi: &Candidate<'_>) -> Option<usize> {
    let stem = |word: &str| word.trim_end_matches('s').to_owned();
    let units: Vec<String> = kpi.words.iter().map(|word| stem(word)).collect();
    columns.iter().position(|candidate| {
        let per = candidate.words.iter().position(|word| word == "per" || word == "pro");
        per.is_some_and(|per| {
            let (money, unit) = candidate.words.split_at(per);
            candidate.column.kind == Kind::Number
                && candidate.values.least >= 0.0
                && candidate.values.most > 0.0
                && words::find(money, words::MONEY).is_some()
                && unit[1..].iter().any(|word| units.contains(&stem(word)))
        })
    })
}

/// What the values of a column look like.
struct Values {
    least: f64,
    most: f64,
    flags_only: bool,
}

struct Candidate<'a> {
    column: &'a RawColumn,
    /// Its name in lower case with letters and digits only.
    plain: String,
    words: Vec<String>,
    values: Values,
}

impl<'a> Candidate<'a> {
    fn new(table: &Table, column: &'a RawColumn) -> Self {
        let mut values = Values { least: f64::INFINITY, most: f64::NEG_INFINITY, flags_only: true };
        for value in table.amounts(column) {
            values.least = values.least.min(value);
            values.most = values.most.max(value);
            values.flags_only &= value.to_bits() == 0 || value.to_bits() == 1.0_f64.to_bits();
        }
        let words = words::of(&column.name);
        Self { column, plain: words.concat(), words, values }
    }

    fn has(&self, list: &'static str) -> Option<&'static str> {
        words::find(&self.words, list)
    }

    fn is_spend(&self) -> bool {
        // Robyn marks spend with _S.
        let marked = self.words.len() > 1 && self.words.last().is_some_and(|word| word == "s");
        self.column.kind == Kind::Number && (marked || self.has(words::SPEND).is_some())
    }

    /// Why a column cannot be used, whatever its name.
    fn useless(&self) -> Option<&'static str> {
        match self.column.kind {
            Kind::Text => Some("It holds words, not numbers."),
            _ if self.values.most < self.values.least => Some("None of its cells can be read as an amount."),
            _ if self.values.most == 0.0 && self.values.least == 0.0 => Some("It holds nothing but zeros."),
            _ if self.values.most <= self.values.least => Some("It has the same value in every row."),
            _ if words::CALENDAR.split_ascii_whitespace().any(|word| word == self.plain) => {
                Some("The model works out seasons from the dates itself.")
            }
            _ if self.has(words::RESULT).is_some() => {
                Some("It looks like the result of a model, not like data.")
            }
            _ if self.has(words::IDENTIFIER).is_some() => Some("It numbers or names the rows."),
            _ if self.has(words::SIZE).is_some() => {
                Some("The size of the market does not change with marketing.")
            }
            _ => None,
        }
    }

    /// How likely the column is the KPI; less is likelier.
    fn kpi_rank(&self) -> Option<(usize, usize)> {
        let other = [words::RATIO, words::CONTROL, words::EXPOSURE];
        if self.column.kind != Kind::Number
            || self.useless().is_some()
            || self.is_spend()
            || other.iter().any(|list| self.has(list).is_some())
        {
            return None;
        }
        // `y` and `kpi` must be the whole name: `y01` is something else.
        let word = self.has(words::KPI)?;
        let rank = words::KPI.split_ascii_whitespace().position(|entry| entry == word)?;
        let exact = self.plain == word;
        (exact || word != "y").then_some((usize::from(!exact), rank))
    }

    /// Role, reason, and whether it is more than the last resort.
    fn suggest(&self, all: &[Candidate<'_>]) -> (Role, String, bool) {
        let sure = |role, reason: &str| (role, reason.to_owned(), true);
        let never_negative = self.values.least >= 0.0;
        let letter = self.words.first().map_or("", String::as_str);
        let numbered =
            self.words.len() == 2 && self.words.last().is_some_and(|word| word.parse::<u32>().is_ok());
        if let Some(reason) = self.useless() {
            return sure(Role::Ignore, reason);
        }
        if self.has(words::RATIO).is_some() && !self.is_spend() {
            return sure(Role::Ignore, "A value per unit; its average can be the worth of one KPI unit.");
        }
        if self.plain == "t" {
            return sure(Role::Control, "It counts the periods: a trend.");
        }
        if let Some(word) = self.has(words::CONTROL) {
            return (Role::Control, format!("“{word}” moves the KPI without being paid media."), true);
        }
        if self.words.starts_with(&["non".to_owned(), "media".to_owned()]) {
            return sure(Role::Control, "Its name says that it is not media.");
        }
        if self.is_spend() {
            return if self.has(words::TOTAL).is_some()
                && all.iter().filter(|other| other.is_spend()).count() > 1
            {
                sure(Role::Ignore, "It looks like the sum of other columns.")
            } else {
                sure(Role::MediaSpend, "Its name says that it is money spent.")
            };
        }
        if self.kpi_rank().is_some() {
            return sure(Role::Ignore, "It could be a KPI too, but there can be only one.");
        }
        let marked = self.words.len() > 1 && matches!(self.words.last().map(String::as_str), Some("i" | "p"));
        if marked || self.has(words::EXPOSURE).is_some() {
            return sure(Role::Ignore, "It counts contacts; the model needs the money spent.");
        }
        if let Some(word) = self.has(words::CHANNEL).filter(|_| never_negative) {
            let spend = all
                .iter()
                .find(|other| other.is_spend() && self.words.iter().all(|w| other.words.contains(w)));
            return match spend {
                Some(spend) => (Role::Ignore, format!("Its spend is in “{}”.", spend.column.name), true),
                None => (Role::MediaSpend, format!("“{word}” is a channel, and it is never negative."), true),
            };
        }
        if numbered && letter == "x" && never_negative {
            return sure(Role::MediaSpend, "Numbered as media columns are, and never negative.");
        }
        if numbered && matches!(letter, "c" | "z") {
            return sure(Role::Control, "Numbered as control columns are.");
        }
        if self.values.flags_only {
            return sure(Role::Control, "Only 0 and 1: it marks events.");
        }
        (Role::Ignore, "Neither its name nor its values say what it is; please choose.".to_owned(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(header: &str, rows: &[&str]) -> Vec<(String, Role)> {
        let text = format!("{header}\n{}\n", rows.join("\n"));
        let table = super::super::read(text.as_bytes()).unwrap();
        let columns = suggest(&table);
        assert!(columns.iter().all(|column| !column.reason.is_empty()));
        columns.into_iter().map(|column| (column.name, column.role)).collect()
    }

    fn roles(columns: &[(&str, Role)]) -> Vec<(String, Role)> {
        columns.iter().map(|(name, role)| ((*name).to_owned(), *role)).collect()
    }

    #[test]
    fn a_german_export_needs_no_click() {
        let found = suggested(
            "Woche;Umsatz;TV-Kosten;Radioausgaben;Google Klicks;Rabattaktion;KW",
            &["01.01.2024;1.000,50;10,5;3,5;99;0;1", "08.01.2024;1.100,50;0,5;4,5;98;1;2"],
        );
        let expected = roles(&[
            ("Woche", Role::Date),
            ("Umsatz", Role::Kpi),
            ("TV-Kosten", Role::MediaSpend),
            ("Radioausgaben", Role::MediaSpend),
            ("Google Klicks", Role::Ignore),
            ("Rabattaktion", Role::Control),
            ("KW", Role::Ignore),
        ]);
        assert_eq!(found, expected);
    }

    #[test]
    fn one_date_and_one_kpi_at_most() {
        let found = suggested(
            "start,end,orders,revenue,revenue_per_order,Total spend,Meta spend",
            &["2024-01-01,2024-01-07,5,50.5,10.1,7,3", "2024-01-08,2024-01-14,6,66.5,11.1,9,4"],
        );
        let expected = roles(&[
            ("start", Role::Date),
            ("end", Role::Ignore),
            ("orders", Role::Ignore),
            ("revenue", Role::Kpi),
            ("revenue_per_order", Role::Ignore),
            ("Total spend", Role::Ignore),
            ("Meta spend", Role::MediaSpend),
        ]);
        assert_eq!(found, expected);
    }

    #[test]
    fn money_per_unit_of_the_kpi_is_its_worth_and_of_nothing_else() {
        let rows = ["2024-01-01,5,10.1,7,3", "2024-01-08,6,11.1,9,4"];
        let role = |header: &str| suggested(header, &rows).swap_remove(2).1;
        assert_eq!(role("week,conversions,revenue_per_conversion,tv_spend,radio_spend"), Role::RevenuePerKpi);
        assert_eq!(role("week,orders,Margin per order,tv_spend,radio_spend"), Role::RevenuePerKpi);
        assert_eq!(role("week,orders,revenue_per_visit,tv_spend,radio_spend"), Role::Ignore);
        assert_eq!(role("week,revenue,revenue_per_order,tv_spend,radio_spend"), Role::Ignore);
        assert_eq!(role("week,conversions,cost_per_conversion,tv_spend,radio_spend"), Role::MediaSpend);
    }

    #[test]
    fn percentages_are_left_out_with_the_true_reason() {
        let table = super::super::read(b"d,y,discount\n2024-01-01,1,5 %\n2024-01-08,2,6 %\n").unwrap();
        let last = suggest(&table).pop().unwrap();
        assert_eq!(
            (last.role, last.reason.as_str()),
            (Role::Ignore, "None of its cells can be read as an amount.")
        );
    }

    #[test]
    fn names_that_say_nothing_are_left_to_the_user() {
        let found = suggested("d,a,b,tv", &["2024-01-01,1,-5,3", "2024-01-08,2,6,4"]);
        let expected =
            roles(&[("d", Role::Date), ("a", Role::Ignore), ("b", Role::Ignore), ("tv", Role::MediaSpend)]);
        assert_eq!(found, expected);
        let found = suggested("d,a,tv", &["2024-01-01,1,3", "2024-01-08,2,4"]);
        assert_eq!(found, roles(&[("d", Role::Date), ("a", Role::Kpi), ("tv", Role::MediaSpend)]));
    }
}
