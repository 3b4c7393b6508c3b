//! Names of features and meters: a few well-known ones, and any that an application adds.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that cannot name a feature or a meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 60 lower-case letters, digits and underscores, beginning with a letter")]
pub struct NameError;

macro_rules! name {
    ($(#[$doc:meta])* $type:ident { $($(#[$known_doc:meta])* $known:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Cow<'static, str>);

        impl $type {
            $($(#[$known_doc])* pub const $known: Self = Self(Cow::Borrowed($text));)*

            /// The name as it is stored.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check(text).map(|()| Self(Cow::Owned(text.to_owned())))
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                check(&text).map(|()| Self(Cow::Owned(text)))
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.into_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Something that a plan has or has not.
    Feature {
        /// Campaigns and social accounts.
        BASIC_SOCIAL = "basic_social",
        /// Dashboards.
        BASIC_ANALYTICS = "basic_analytics",
        /// What goes deeper than a dashboard.
        ADVANCED_ANALYTICS = "advanced_analytics",
        /// Texts that are written for the tenant.
        AI_CONTENT = "ai_content",
        /// Pages that bear the tenant's name alone.
        WHITE_LABEL = "white_label",
        /// Stands for every feature there is and will be.
        ALL = "all_features",
    }
}

name! {
    /// Something that is counted, and that a plan may limit.
    Meter {
        /// Social accounts that exist.
        SOCIAL_ACCOUNTS = "social_accounts",
        /// Campaigns that exist.
        CAMPAIGNS = "campaigns",
        /// People who can sign in.
        USERS = "users",
        /// What is stored. The limit is in gigabytes (10⁹ bytes), the count in bytes.
        STORAGE_GB = "storage_gb",
        /// Calls of programs in an hour.
        API_CALLS_HOUR = "api_calls_hour",
        /// Model runs in a month.
        ANALYSIS_RUNS_MONTH = "analysis_runs_month",
    }
}

impl Meter {
    /// How many counted units one unit of the limit is.
    pub fn units_per_limit(&self) -> u64 {
        if *self == Self::STORAGE_GB { 1_000_000_000 } else { 1 }
    }

    /// The name in words.
    pub fn words(&self) -> String {
        match self.as_str() {
            "storage_gb" => "storage".to_owned(),
            "api_calls_hour" => "API calls per hour".to_owned(),
            "analysis_runs_month" => "analysis runs per month".to_owned(),
            other => other.replace('_', " "),
        }
    }
}

fn check(text: &str) -> Result<(), NameError> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
    if begins && plain && text.len() <= 60 { Ok(()) } else { Err(NameError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noisy_names_are_refused() {
        for text in ["", " ", "9lives", "_x", "Api", "a b", "a-b", "a\n", "ä", &"a".repeat(61)] {
            assert_eq!(text.parse::<Meter>(), Err(NameError), "{text:?}");
            assert!(serde_json::from_value::<Feature>(text.into()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_known_name_equals_the_same_name_that_was_read() {
        assert_eq!("campaigns".parse(), Ok(Meter::CAMPAIGNS));
        assert_eq!(serde_json::to_value(Feature::ALL).unwrap(), "all_features");
    }
}
