//! One thing that is tried, and what must come of it.

use std::fmt;

use super::seed::CANARY;

/// What must come of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// It runs and reaches no row.
    NoRow,
    /// It runs and reaches exactly one row.
    OneRow,
    /// It runs and reaches a row or more.
    Rows,
    /// The server refuses it with one of these SQLSTATEs.
    Refused(&'static [&'static str]),
    /// It reaches a row or more, or is refused with one of these.
    RowsOr(&'static [&'static str]),
    /// It reaches no row, whether it runs or is refused.
    Nothing,
    /// It runs, whatever it reaches.
    Runs,
}

/// How a case is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As a script in a transaction that is bound to the attacking tenant.
    Bound,
    /// The same without anything bound.
    Unbound,
    /// By the administrator, unbound: what the schema alone decides, in a table that the application
    /// cannot reach.
    Admin,
    /// As `COPY … TO STDOUT` in a bound transaction; what comes out are its rows.
    CopyOut,
    /// As `COPY … FROM STDIN` in a bound transaction.
    CopyIn,
}

/// One named thing to try.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Relation or function, verb and path.
    pub(super) name: String,
    /// The relation, where there is one.
    pub(super) relation: Option<i64>,
    /// Whether it shows that what is allowed works, rather than that something is not.
    pub(super) control: bool,
    /// Whether its own text has the word in it that errors are searched for.
    pub(super) tells: bool,
    pub(super) way: Way,
    pub(super) script: String,
    pub(super) expected: Expected,
    /// The constraint that must refuse it, where another could as well.
    pub(super) by: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
    Rows(u64),
    Refused { code: String, text: String, by: Option<String> },
}

impl Case {
    /// Why this outcome is not the expected one; `None` where it is.
    pub(super) fn wrong(&self, came: &Came) -> Option<String> {
        let fine = match (&self.expected, came) {
            (Expected::NoRow | Expected::Nothing, Came::Rows(rows)) => *rows == 0,
            (Expected::OneRow, Came::Rows(rows)) => *rows == 1,
            (Expected::Rows | Expected::RowsOr(_), Came::Rows(rows)) => *rows > 0,
            (Expected::Refused(codes) | Expected::RowsOr(codes), Came::Refused { code, .. }) => {
                codes.contains(&code.as_str())
            }
            (Expected::Nothing, Came::Refused { .. }) | (Expected::Runs, Came::Rows(_)) => true,
            _ => false,
        };
        if let Came::Refused { text, .. } = came
            && !self.tells
            && text.contains(CANARY)
        {
            return Some(format!("the error tells another tenant's values: {text}"));
        }
        if let (true, Came::Refused { by, .. }, Some(_)) = (fine, came, &self.by) {
            let other = by.as_deref().unwrap_or("none");
            return (*by != self.by).then(|| format!("it was refused by the constraint {other}"));
        }
        (!fine).then(|| format!("expected {}, but it {came}", self.expected))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRow => f.write_str("no row"),
            Self::OneRow => f.write_str("one row"),
            Self::Rows => f.write_str("rows"),
            Self::Refused(codes) => write!(f, "a refusal with {}", codes.join(" or ")),
            Self::RowsOr(codes) => write!(f, "rows or a refusal with {}", codes.join(" or ")),
            Self::Nothing => f.write_str("no row or a refusal"),
            Self::Runs => f.write_str("an answer"),
        }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "reached {rows} rows"),
            Self::Refused { code, text, .. } => write!(f, "was refused with {code}: {text}"),
        }
    }
}
