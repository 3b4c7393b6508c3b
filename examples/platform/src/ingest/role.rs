//! The roles that a column can have.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::Kind;

/// What a column is to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The day, or the first day of the week, that a row stands for. Exactly one column.
    Date,
    /// The region of a row, where there is one row for each date and region. At most one column.
    Geo,
    /// What marketing is to bring about: revenue, orders. Exactly one column.
    Kpi,
    /// What one unit of the KPI was worth in each period: a price, a margin. At most one column.
    RevenuePerKpi,
    /// Money spent on a channel. At least one column, one a channel.
    MediaSpend,
    /// What the spend on a channel bought: impressions, clicks. At most one column a channel.
    MediaExposure,
    /// How often a medium was seen that nobody paid for: a newsletter, own posts.
    OrganicMedia,
    /// Anything else that moves the KPI, as a number: promotions, prices, holidays.
    Control,
    /// Anything else that moves the KPI, as words: each but the most frequent becomes a column of 0 and 1.
    CategoricalControl,
    /// How many people live in the geo of a row. At most one column.
    Population,
    /// Not used.
    Ignore,
}

impl Role {
    /// All roles in the order in which a page offers them.
    pub const ALL: [Self; 11] = [
        Self::Date,
        Self::Geo,
        Self::Kpi,
        Self::RevenuePerKpi,
        Self::MediaSpend,
        Self::MediaExposure,
        Self::OrganicMedia,
        Self::Control,
        Self::CategoricalControl,
        Self::Population,
        Self::Ignore,
    ];

    /// The word used in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Geo => "geo",
            Self::Kpi => "kpi",
            Self::RevenuePerKpi => "revenue_per_kpi",
            Self::MediaSpend => "media_spend",
            Self::MediaExposure => "media_exposure",
            Self::OrganicMedia => "organic_media",
            Self::Control => "control",
            Self::CategoricalControl => "categorical_control",
            Self::Population => "population",
            Self::Ignore => "ignore",
        }
    }

    /// What people read.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Date => "Date",
            Self::Geo => "Region (geo)",
            Self::Kpi => "KPI",
            Self::RevenuePerKpi => "Value per KPI unit",
            Self::MediaSpend => "Media spend",
            Self::MediaExposure => "Media exposure",
            Self::OrganicMedia => "Organic media",
            Self::Control => "Control",
            Self::CategoricalControl => "Control in words",
            Self::Population => "Population",
            Self::Ignore => "Ignore",
        }
    }

    /// Whether a column of this role belongs to a channel.
    pub const fn is_media(self) -> bool {
        matches!(self, Self::MediaSpend | Self::MediaExposure | Self::OrganicMedia)
    }

    /// The role of a word, as requests say it.
    pub(super) fn parse(word: &str) -> Option<Self> {
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
    /// The channel of a media column, where it is not called as the column is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The words of a categorical control once it was read; all but the first have a column of 0 and 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<String>,
    /// Why this role was suggested; empty, and absent from answers, where the user chose it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

impl ColumnRole {
    /// The name of what the column becomes: its channel, or the column's own.
    pub fn series(&self) -> &str {
        self.channel.as_deref().unwrap_or(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_written_as_its_word() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }
}
