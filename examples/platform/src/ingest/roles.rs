//! What each column is to the model, as people and API clients say it.
//!
//! An API client sends an object, `{"date_week": "date", "y": "kpi"}`; a form sends one field for each
//! column, named `role[date_week]`. Both end in [`Roles`]. A column without a role is ignored, so that
//! a file may carry more than the model needs; a role for a column that does not exist is a problem,
//! because it is most likely a typing mistake in a name that matters.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MAX_MAGNITUDE;
use super::number::{self, Decimal, Reading};
use super::problem::{Code, Problem, Problems, quoted};
use super::table::{Kind, Table, tidy};

/// What a column is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The day, or the first day of the week, that a row stands for. Exactly one column.
    Date,
    /// What marketing is to bring about: revenue, orders. Exactly one column.
    Kpi,
    /// What one unit of the KPI was worth in each period: a price, a margin. At most one column.
    RevenuePerKpi,
    /// Money spent on one channel. At least one column.
    MediaSpend,
    /// Anything else that moves the KPI: promotions, prices, holidays.
    Control,
    /// Not used.
    Ignore,
}

impl Role {
    /// All roles in the order in which a page offers them.
    pub const ALL: [Self; 6] =
        [Self::Date, Self::Kpi, Self::RevenuePerKpi, Self::MediaSpend, Self::Control, Self::Ignore];

    /// The word used in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Kpi => "kpi",
            Self::RevenuePerKpi => "revenue_per_kpi",
            Self::MediaSpend => "media_spend",
            Self::Control => "control",
            Self::Ignore => "ignore",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A column with its role, as answers of the API list it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRole {
    /// Name of the column.
    pub name: String,
    /// What it seems to hold.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is to the model.
    pub role: Role,
    /// Why this role was suggested; empty, and absent from answers, where the user chose it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The role of each column that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(BTreeMap<String, Role>);

impl Roles {
    /// The roles that were suggested, as if the user had accepted them all.
    pub fn suggested(columns: &[ColumnRole]) -> Self {
        Self(columns.iter().map(|column| (column.name.clone(), column.role)).collect())
    }

    /// Reads the text of an object such as `{"date_week": "date", "y": "kpi"}`.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let value = serde_json::from_str(text).map_err(|_| vec![no_object()])?;
        Self::from_value(&value)
    }

    /// Like [`from_json`](Self::from_json), of a part of a larger document.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Problem>> {
        let object = value.as_object().ok_or_else(|| vec![no_object()])?;
        // What is no text cannot name a role; its JSON is shown instead.
        Self::from_pairs(object.iter().map(|(name, role)| {
            (name.as_str(), role.as_str().map_or_else(|| role.to_string(), ToOwned::to_owned))
        }))
    }

    /// Picks the fields named `role[column]` out of a form; other fields are left alone.
    pub fn from_form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Vec<Problem>> {
        Self::from_pairs(fields.into_iter().filter_map(|(field, role)| {
            let name = field.strip_prefix("role[")?.strip_suffix(']')?;
            Some((name, role.to_owned()))
        }))
    }

    fn from_pairs<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> Result<Self, Vec<Problem>> {
        let mut roles = BTreeMap::new();
        let mut problems = Problems::default();
        for (name, word) in pairs {
            let Some(role) = Role::parse(&word) else {
                let allowed = Role::ALL.map(Role::as_str).join(", ");
                let what = format!("there is no role {}. Choose one of {allowed}.", quoted(&word));
                problems.push(Problem::column(Code::UnknownRole, name, what));
                continue;
            };
            if roles.insert(tidy(name), role).is_some_and(|before| before != role) {
                problems.push(Problem::column(
                    Code::DuplicateRole,
                    name,
                    "it was given two roles. Choose one.",
                ));
            }
        }
        if problems.is_empty() { Ok(Self(roles)) } else { Err(problems.into_list()) }
    }

    /// The role of a column; [`Role::Ignore`] where it has none.
    pub fn of(&self, column: &str) -> Role {
        self.0.get(column).copied().unwrap_or(Role::Ignore)
    }

    /// Whether any column has this role.
    pub fn has(&self, role: Role) -> bool {
        self.0.values().any(|given| *given == role)
    }

    /// Columns and roles by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Role)> {
        self.0.iter().map(|(name, role)| (name.as_str(), *role))
    }

    /// Every column of a table with its role, for the answer to a request that chose them.
    pub fn columns(&self, table: &Table) -> Vec<ColumnRole> {
        let listed = |column: &super::RawColumn| ColumnRole {
            name: column.name.clone(),
            kind: column.kind,
            role: self.of(&column.name),
            reason: String::new(),
        };
        table.columns().iter().map(listed).collect()
    }
}

fn no_object() -> Problem {
    let what = "Roles must be a JSON object of column names and roles, such as {\"week\": \"date\", \"sales\": \"kpi\", \
                \"tv\": \"media_spend\"}.";
    Problem::file(Code::BadRoles, what)
}

/// Reads what one unit of the KPI is worth, as typed into a form; nothing typed is `None`.
pub fn kpi_value(text: &str) -> Result<Option<f64>, Problem> {
    let bad = |what: String| Err(Problem::file(Code::BadKpiValue, what));
    match number::read(text) {
        Reading::Empty => Ok(None),
        Reading::Amount(amount) if amount.is_unclear() => {
            let shown = quoted(text.trim());
            bad(format!(
                "The value of one KPI unit, {shown}, could be read two ways. Write it as 1234.00 or 1.23."
            ))
        }
        Reading::Amount(amount) => {
            let value = amount.under(Decimal::Point).or_else(|| amount.under(Decimal::Comma));
            match value {
                Some(value) if is_worth(value) => Ok(Some(value)),
                _ => bad(worth_advice(text)),
            }
        }
        _ => bad(worth_advice(text)),
    }
}

/// Whether a value can be what one unit of the KPI is worth.
pub(super) fn is_worth(value: f64) -> bool {
    value.is_finite() && value > 0.0 && value <= MAX_MAGNITUDE
}

pub(super) fn worth_advice(text: &str) -> String {
    let shown = quoted(text.trim());
    format!(
        "The value of one KPI unit must be an amount above zero, not {shown}. Correct it, or leave it empty."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes<T: fmt::Debug>(result: Result<T, Vec<Problem>>) -> Vec<Code> {
        result.unwrap_err().into_iter().map(|problem| problem.code).collect()
    }

    #[test]
    fn an_object_and_a_form_say_the_same() {
        let json = Roles::from_json(r#"{"week": "date", "TV [EUR]": "media_spend", "y": "kpi"}"#).unwrap();
        let form =
            [("token", "x"), ("role[week]", "date"), ("role[TV [EUR]]", "media_spend"), ("role[y]", "kpi")];
        assert_eq!(Roles::from_form(form).unwrap(), json);
        assert_eq!((json.of("week"), json.of("no such column")), (Role::Date, Role::Ignore));
    }

    #[test]
    fn a_role_is_written_as_its_word() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }

    #[test]
    fn what_names_no_role_is_refused() {
        for text in ["", "[]", "7", "null", "{", r#""date""#] {
            assert_eq!(codes(Roles::from_json(text)), [Code::BadRoles], "{text:?}");
        }
        let problems = Roles::from_json(r#"{"a": "datum", "b": 7, "c": null, "d": "KPI"}"#).unwrap_err();
        assert_eq!(problems.len(), 4);
        for problem in problems {
            assert_eq!(problem.code, Code::UnknownRole);
            assert!(problem.message.contains("media_spend"), "{}", problem.message);
        }
        assert_eq!(codes(Roles::from_form([("role[a]", "kpi"), ("role[a]", "date")])), [Code::DuplicateRole]);
    }

    #[test]
    fn a_unit_is_worth_a_positive_amount_or_nothing_is_said() {
        assert_eq!(
            (kpi_value(" "), kpi_value("12,50"), kpi_value("€ 40")),
            (Ok(None), Ok(Some(12.5)), Ok(Some(40.0)))
        );
        for text in ["0", "-1", "NaN", "inf", "1e308", "1e999", "abc", "1.234", "5 %"] {
            assert_eq!(kpi_value(text).map_err(|problem| problem.code), Err(Code::BadKpiValue), "{text:?}");
        }
    }
}
