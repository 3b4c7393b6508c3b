//! Suggests what each column is to the model, so that most files need one click.
//!
//! Names are asked first, values where names say nothing. Every suggestion carries its reason, since a
//! wrong one that nobody questions is worse than none. In doubt a column is ignored: that costs a
//! click, while a spend column taken for a control costs an analysis.
//!
//! Calendar columns such as `dayofyear` are ignored because the model has seasons of its own; counts of
//! contacts without the money that bought them, because money is what a budget is made of; numbers that
//! only repeat or result from another model because they explain nothing.

use std::collections::HashSet;

use super::role::{ColumnRole, Role};
use super::table::{Kind, RawColumn, Table};
use super::{MAX_LEVELS, channel, words};

/// Suggests a role for each column, with the reason. At most one column is suggested as date and one as
/// KPI; there is none where nothing points to one.
pub fn suggest(table: &Table) -> Vec<ColumnRole> {
    let columns: Vec<Candidate<'_>> =
        table.columns().iter().map(|column| Candidate::new(table, column)).collect();
    let date = columns.iter().position(|candidate| candidate.column.kind == Kind::Date);
    let geo = date.and_then(|date| geo_of(table, &columns, &columns[date]));
    let kpi = columns
        .iter()
        .enumerate()
        .filter_map(|(at, candidate)| Some((candidate.kpi_rank()?, at)))
        .min()
        .map(|(_, at)| at);
    let mut suggested: Vec<Suggestion> = columns
        .iter()
        .enumerate()
        .map(|(at, candidate)| match candidate.column.kind {
            Kind::Date if date == Some(at) => Suggestion::sure(Role::Date, "Its cells are dates."),
            Kind::Date => Suggestion::sure(Role::Ignore, "Another column has the dates already."),
            _ if geo == Some(at) => {
                Suggestion::sure(Role::Geo, "Each date has one row for each of its words.")
            }
            _ if geo.is_some() && candidate.is_population() => {
                Suggestion::sure(Role::Population, "It says how much each region counts in an average.")
            }
            _ if kpi == Some(at) => Suggestion::sure(Role::Kpi, "Its name is that of an outcome."),
            _ => candidate.suggest(&columns),
        })
        .collect();
    guess_the_rest(&columns, kpi.is_none(), &mut suggested);
    if let Some(at) = kpi.and_then(|kpi| worth_of(&columns, &columns[kpi])) {
        suggested[at] = Suggestion::sure(Role::RevenuePerKpi, "It says what one unit of the KPI was worth.");
    }
    channel::name(&columns, &mut suggested);
    let with_role = |(column, Suggestion { role, reason, channel, .. }): (&RawColumn, Suggestion)| {
        ColumnRole { name: column.name.clone(), kind: column.kind, role, channel, levels: Vec::new(), reason }
    };
    table.columns().iter().zip(suggested).map(with_role).collect()
}

/// What is suggested for one column.
pub(super) struct Suggestion {
    pub(super) role: Role,
    pub(super) reason: String,
    /// Whether it is more than the last resort.
    pub(super) sure: bool,
    pub(super) channel: Option<String>,
}

impl Suggestion {
    pub(super) fn sure(role: Role, reason: impl Into<String>) -> Self {
        Self { role, reason: reason.into(), sure: true, channel: None }
    }
}

/// The column that tells apart the rows of a date, where dates repeat: one that is called so, or words that
/// occur once a date.
fn geo_of(table: &Table, columns: &[Candidate<'_>], dates: &Candidate<'_>) -> Option<usize> {
    let periods = table.cells(dates.column).map(|(_, cell)| cell).collect::<HashSet<_>>().len();
    let repeats = periods * 2 <= table.rows();
    let words =
        |candidate: &Candidate<'_>| candidate.column.kind == Kind::Text && candidate.words_in_cells > 1;
    let named = columns.iter().position(|candidate| words(candidate) && candidate.has(words::GEO).is_some());
    let fits =
        |candidate: &Candidate<'_>| words(candidate) && candidate.words_in_cells * periods == table.rows();
    named.or_else(|| columns.iter().position(fits)).filter(|_| repeats)
}

/// Columns whose names say nothing: the only one left is the KPI, and without any channel those that are
/// never negative may be spend.
fn guess_the_rest(columns: &[Candidate<'_>], kpi_open: bool, suggested: &mut [Suggestion]) {
    let unsure = suggested.iter().filter(|suggestion| !suggestion.sure).count();
    let no_media = !suggested.iter().any(|suggestion| suggestion.role == Role::MediaSpend);
    for (candidate, suggestion) in columns.iter().zip(suggested.iter_mut()).filter(|(_, said)| !said.sure) {
        if kpi_open && unsure == 1 {
            *suggestion = Suggestion::sure(Role::Kpi, "It is the only column of numbers left.");
        } else if no_media && !kpi_open && candidate.values.least >= 0.0 {
            let reason = "Amounts that are never negative, perhaps spend; please check.";
            *suggestion = Suggestion::sure(Role::MediaSpend, reason);
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

/// A column with what its name and its cells look like.
pub(super) struct Candidate<'a> {
    pub(super) column: &'a RawColumn,
    /// Its name in lower case with letters and digits only.
    plain: String,
    words: Vec<String>,
    values: Values,
    /// How many different words a column of text holds; none where a cell is empty.
    words_in_cells: usize,
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
        let mut cells = HashSet::new();
        if column.kind == Kind::Text {
            cells.extend(table.cells(column).map(|(_, cell)| cell));
        }
        let words_in_cells = if cells.contains("") { 0 } else { cells.len() };
        Self { column, plain: words.concat(), words, values, words_in_cells }
    }

    fn has(&self, list: &'static str) -> Option<&'static str> {
        words::find(&self.words, list)
    }

    fn is_spend(&self) -> bool {
        // Robyn marks spend with _S.
        let marked = self.words.len() > 1 && self.words.last().is_some_and(|word| word == "s");
        self.column.kind == Kind::Number && (marked || self.has(words::SPEND).is_some())
    }

    /// Whether a column of numbers may count contacts: called so, and never negative.
    pub(super) fn is_exposure(&self) -> bool {
        // Robyn marks impressions with _I and clicks that were paid for with _P.
        let marked = self.words.len() > 1 && self.words.last().is_some_and(|word| word == "i" || word == "p");
        (marked || self.has(words::EXPOSURE).is_some())
            && self.has(words::AVERAGE).is_none()
            && self.column.kind == Kind::Number
            && self.values.least >= 0.0
            && self.values.most > self.values.least
    }

    fn is_organic(&self) -> bool {
        let another = [words::KPI, words::AVERAGE].iter().any(|list| self.has(list).is_some());
        self.has(words::ORGANIC).is_some() && !another && self.values.least >= 0.0
    }

    fn is_population(&self) -> bool {
        self.column.kind == Kind::Number && self.has(words::SIZE).is_some() && self.values.least > 0.0
    }

    /// A control in words that can be told apart.
    fn is_category(&self) -> bool {
        (2..=MAX_LEVELS).contains(&self.words_in_cells) && self.has(words::CONTROL).is_some()
    }

    /// Why a column cannot be used, whatever its name.
    fn useless(&self) -> Option<&'static str> {
        match self.column.kind {
            Kind::Text if self.words_in_cells == 1 => Some("It says the same in every row."),
            Kind::Text => Some("It holds words; they can be a control if they move the KPI."),
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
        let other = [words::RATIO, words::CONTROL, words::ORGANIC, words::EXPOSURE, words::AVERAGE];
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

    /// What one column is, looked at by itself.
    fn suggest(&self, all: &[Candidate<'_>]) -> Suggestion {
        let sure = |role, reason: &str| Suggestion::sure(role, reason);
        let never_negative = self.values.least >= 0.0;
        let letter = self.words.first().map_or("", String::as_str);
        let numbered =
            self.words.len() == 2 && self.words.last().is_some_and(|word| word.parse::<u32>().is_ok());
        if self.is_category() {
            return sure(Role::CategoricalControl, "Words that repeat and may move the KPI.");
        }
        if let Some(reason) = self.useless() {
            return sure(Role::Ignore, reason);
        }
        if self.has(words::RATIO).is_some() && !self.is_spend() {
            return sure(Role::Ignore, "A value per unit; its average can be the worth of one KPI unit.");
        }
        if self.plain == "t" {
            return sure(Role::Control, "It counts the periods: a trend.");
        }
        if self.is_organic() {
            return sure(Role::OrganicMedia, "Its name is that of a medium that nobody pays for.");
        }
        if let Some(word) = self.has(words::CONTROL) {
            return sure(Role::Control, &format!("“{word}” moves the KPI without being paid media."));
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
        if self.has(words::AVERAGE).is_some() {
            return sure(Role::Ignore, "It is an average; what was bought must be a count.");
        }
        if self.is_exposure() {
            return sure(Role::Ignore, "It counts contacts, and no column has the money that bought them.");
        }
        if let Some(word) = self.has(words::CHANNEL).filter(|_| never_negative) {
            let spend = all
                .iter()
                .find(|other| other.is_spend() && self.words.iter().all(|w| other.words.contains(w)));
            return match spend {
                Some(spend) => sure(Role::Ignore, &format!("Its spend is in “{}”.", spend.column.name)),
                None => sure(Role::MediaSpend, &format!("“{word}” is a channel, and it is never negative.")),
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
        let reason = "Neither its name nor its values say what it is; please choose.";
        Suggestion { sure: false, ..Suggestion::sure(Role::Ignore, reason) }
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
    fn exposure_finds_its_spend_by_the_name_of_the_channel() {
        let text = "week,revenue,tv_S,facebook_I,facebook_S,search clicks,Search-Cost,Reach,yt_views,yt_impr,spend YT,\
                    organic posts,newsletter\n2024-01-01,9,5,70,4,8,3,2,1,6,2,3,4\n2024-01-08,8,4,60,3,7,2,1,2,5,3,2,5\n";
        let table = super::super::read(text.as_bytes()).unwrap();
        let found: Vec<(String, Role, Option<String>)> =
            suggest(&table).into_iter().map(|column| (column.name, column.role, column.channel)).collect();
        let (spend, exposure) = (Role::MediaSpend, Role::MediaExposure);
        let expected = [
            ("tv_S", spend, Some("tv")),
            ("facebook_I", exposure, Some("facebook")),
            ("facebook_S", spend, Some("facebook")),
            ("search clicks", exposure, Some("Search")),
            ("Search-Cost", spend, Some("Search")),
            ("Reach", Role::Ignore, None),
            ("yt_views", exposure, Some("YT")),
            ("yt_impr", Role::Ignore, None),
            ("spend YT", spend, Some("YT")),
            ("organic posts", Role::OrganicMedia, None),
            ("newsletter", Role::OrganicMedia, None),
        ];
        let expected =
            expected.map(|(name, role, channel)| (name.to_owned(), role, channel.map(str::to_owned)));
        assert_eq!(found[2..], expected);
    }

    #[test]
    fn two_columns_never_share_a_channel_by_suggestion() {
        let text = "week,revenue,tv spend,tv cost,Radio spend,radio\n2024-01-01,9,5,70,4,-1\n2024-01-08,8,4,60,3,2\n";
        let columns = suggest(&super::super::read(text.as_bytes()).unwrap());
        let spends = columns.iter().filter(|column| column.role == Role::MediaSpend);
        let names: Vec<&str> = spends.map(ColumnRole::series).collect();
        assert_eq!(names, ["tv spend", "tv cost", "Radio spend"]);
    }

    #[test]
    fn regions_are_seen_where_dates_repeat_and_only_there() {
        let header = "Shop,week,orders,tv_spend,population,events";
        let rows = [
            "a,2024-01-01,5,7,90,no",
            "b,2024-01-01,6,8,80,fair",
            "a,2024-01-08,4,6,90,no",
            "b,2024-01-08,5,6,80,no",
        ];
        let roles_of =
            |rows: &[&str]| suggested(header, rows).into_iter().map(|(_, role)| role).collect::<Vec<_>>();
        let repeated = roles_of(&rows);
        assert_eq!(
            (repeated[0], repeated[4], repeated[5]),
            (Role::Geo, Role::Population, Role::CategoricalControl)
        );
        let single = roles_of(&[rows[0], rows[3]]);
        assert_eq!((single[0], single[4]), (Role::Ignore, Role::Ignore));
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
