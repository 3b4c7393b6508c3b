//! What each column is to the model, as people and API clients say it.
//!
//! An API client sends an object, `{"week": "date", "y": "kpi"}`, or the list of columns that an upload
//! answered, `[{"name": "week", "role": "date"}]`; a form sends one field for each column, named
//! `role[week]`. All end in [`Roles`]. A column without a role is ignored, so that a file may carry more
//! than the model needs; a role for a column that does not exist is a problem, because it is most likely a
//! typing mistake in a name that matters.
//!
//! Media belong to channels, and the channel's name is what pairs spend with exposure:
//!
//! ```json
//! {"week": "date", "y": "kpi",
//!  "fb_eur": {"role": "media_spend", "channel": "facebook"},
//!  "fb_imp": {"role": "media_exposure", "channel": "facebook"}}
//! ```
//!
//! Where no channel is said it has the name of the column. In a form it is the field `channel[fb_imp]`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::MAX_NAME_CHARS;
use super::problem::{Code, Problem, Problems, quoted};
use super::role::{ColumnRole, Role};
use super::table::{Table, tidy};

/// What one column is, and to which channel it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assigned {
    role: Role,
    channel: Option<String>,
}

/// The role of each column that has one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Assigned>);

impl Roles {
    /// The roles that were suggested, as if the user had accepted them all.
    pub fn suggested(columns: &[ColumnRole]) -> Self {
        let assigned = |column: &ColumnRole| Assigned { role: column.role, channel: column.channel.clone() };
        Self(columns.iter().map(|column| (column.name.clone(), assigned(column))).collect())
    }

    /// Reads the text of an object such as `{"date_week": "date", "y": "kpi"}`, or of a list of columns.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let value = serde_json::from_str(text).map_err(|_| vec![no_roles()])?;
        Self::from_value(&value)
    }

    /// Like [`from_json`](Self::from_json), of a part of a larger document.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let said: Vec<(&str, Option<Assigned>)> = match value {
            Value::Object(columns) => columns
                .iter()
                .map(|(name, said)| (name.as_str(), assigned(name, said, &mut problems)))
                .collect(),
            Value::Array(columns) => {
                let named = columns.iter().map(|said| Some((said.get("name")?.as_str()?, said)));
                let named: Option<Vec<_>> = named.collect();
                let named = named.ok_or_else(|| vec![no_roles()])?.into_iter();
                named.map(|(name, said)| (name, assigned(name, said, &mut problems))).collect()
            }
            _ => return Err(vec![no_roles()]),
        };
        Self::collect(said, problems)
    }

    /// Picks the fields named `role[column]` and `channel[column]` out of a form; other fields are left
    /// alone, and so is the channel of what is no media.
    #[allow(clippy::needless_pass_by_value, reason = "an iterator is handed over, and gone through twice")]
    pub fn from_form<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let named = |kind: &'static str| {
            let fields = fields.clone().into_iter();
            fields.filter_map(move |(field, said)| {
                Some((field.strip_prefix(kind)?.strip_prefix('[')?.strip_suffix(']')?, said))
            })
        };
        let channels: BTreeMap<&str, &str> = named("channel").collect();
        let said = named("role").map(|(name, word)| {
            let role = role_of(name, word, &mut problems);
            let channel = channels.get(name).filter(|_| role.is_some_and(Role::is_media));
            let channel = channel.and_then(|channel| channel_of(name, channel, &mut problems));
            (name, role.map(|role| Assigned { role, channel }))
        });
        let said = said.collect();
        Self::collect(said, problems)
    }

    fn collect(said: Vec<(&str, Option<Assigned>)>, mut problems: Problems) -> Result<Self, Vec<Problem>> {
        let mut roles = BTreeMap::new();
        for (name, assigned) in said.into_iter().filter_map(|(name, said)| Some((name, said?))) {
            if roles.insert(tidy(name), assigned.clone()).is_some_and(|before| before != assigned) {
                let what = "it was given two roles. Choose one.";
                problems.push(Problem::column(Code::DuplicateRole, name, what));
            }
        }
        if problems.is_empty() { Ok(Self(roles)) } else { Err(problems.into_list()) }
    }

    /// The role of a column; [`Role::Ignore`] where it has none.
    pub fn of(&self, column: &str) -> Role {
        self.0.get(column).map_or(Role::Ignore, |assigned| assigned.role)
    }

    /// The channel that was said for a column.
    pub fn channel(&self, column: &str) -> Option<&str> {
        self.0.get(column)?.channel.as_deref()
    }

    /// Whether any column has this role.
    pub fn has(&self, role: Role) -> bool {
        self.0.values().any(|given| given.role == role)
    }

    /// Columns and roles by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Role)> {
        self.0.iter().map(|(name, assigned)| (name.as_str(), assigned.role))
    }

    /// Every column of a table with its role, for the answer to a request that chose them.
    pub(super) fn columns(&self, table: &Table) -> Vec<ColumnRole> {
        let listed = |column: &super::RawColumn| ColumnRole {
            name: column.name.clone(),
            kind: column.kind,
            role: self.of(&column.name),
            channel: self.channel(&column.name).map(ToOwned::to_owned),
            levels: Vec::new(),
            reason: String::new(),
        };
        table.columns().iter().map(listed).collect()
    }
}

/// What an upload answers about a column may be sent back as it is.
const KEYS: [&str; 6] = ["name", "type", "role", "channel", "levels", "reason"];

fn assigned(name: &str, said: &Value, problems: &mut Problems) -> Option<Assigned> {
    let Value::Object(said) = said else {
        // What is no text cannot name a role; its JSON is shown instead.
        let word = said.as_str().map_or_else(|| said.to_string(), ToOwned::to_owned);
        return role_of(name, &word, problems).map(|role| Assigned { role, channel: None });
    };
    for key in said.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let what = format!("there is no {} beside a role. Correct its name, or leave it out.", quoted(key));
        problems.push(Problem::column(Code::UnknownKey, name, what));
    }
    let role = said.get("role").unwrap_or(&Value::Null);
    let word = role.as_str().map_or_else(|| role.to_string(), ToOwned::to_owned);
    let role = role_of(name, &word, problems)?;
    Some(Assigned { role, channel: said_channel(name, role, said, problems) })
}

fn said_channel(
    name: &str,
    role: Role,
    said: &Map<String, Value>,
    problems: &mut Problems,
) -> Option<String> {
    let what = match said.get("channel") {
        None | Some(Value::Null) => return None,
        Some(Value::String(channel)) if role.is_media() => return channel_of(name, channel, problems),
        Some(Value::String(_)) => format!("a column with the role “{role}” has no channel. Leave it out."),
        Some(other) => format!("{} is no name of a channel. Write it as text.", quoted(&other.to_string())),
    };
    problems.push(Problem::column(Code::BadChannel, name, what));
    None
}

fn role_of(name: &str, word: &str, problems: &mut Problems) -> Option<Role> {
    let role = Role::parse(word);
    if role.is_none() {
        let allowed = Role::ALL.map(Role::as_str).join(", ");
        let what = format!("there is no role {}. Choose one of {allowed}.", quoted(word));
        problems.push(Problem::column(Code::UnknownRole, name, what));
    }
    role
}

/// A channel's name; nothing typed is that of the column.
fn channel_of(name: &str, channel: &str, problems: &mut Problems) -> Option<String> {
    let channel = tidy(channel);
    if channel.chars().count() > MAX_NAME_CHARS {
        let what = format!("the name of its channel is longer than {MAX_NAME_CHARS} letters. Shorten it.");
        problems.push(Problem::column(Code::BadChannel, name, what));
    }
    (!channel.is_empty() && channel != name).then_some(channel)
}

fn no_roles() -> Problem {
    let what = "Roles must be a JSON object of column names and roles, such as {\"week\": \"date\", \"sales\": \"kpi\", \
                \"tv\": \"media_spend\"}, or a list of columns.";
    Problem::file(Code::BadRoles, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes<T: std::fmt::Debug>(result: Result<T, Vec<Problem>>) -> Vec<Code> {
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
    fn an_object_a_list_and_a_form_pair_media_by_their_channel() {
        let object = Roles::from_json(
            r#"{"fb": {"role": "media_spend", "channel": " face  book"}, "imp": {"role": "media_exposure", "channel": "face book"},
                "mail": {"role": "organic_media", "channel": null}, "tv": {"role": "media_spend", "channel": "tv"}}"#,
        );
        let list = Roles::from_json(
            r#"[{"name": "fb", "type": "number", "role": "media_spend", "channel": "face book", "reason": "why"},
                {"name": "imp", "role": "media_exposure", "channel": "face book"},
                {"name": "mail", "role": "organic_media"}, {"name": "tv", "role": "media_spend", "levels": []}]"#,
        );
        let form = Roles::from_form([
            ("role[fb]", "media_spend"),
            ("channel[fb]", "face book"),
            ("channel[imp]", "face book"),
            ("role[imp]", "media_exposure"),
            ("role[mail]", "organic_media"),
            ("channel[mail]", "  "),
            ("role[tv]", "media_spend"),
        ]);
        let object = object.unwrap();
        assert_eq!((Ok(&object), Ok(&object)), (list.as_ref(), form.as_ref()));
        assert_eq!((object.channel("imp"), object.channel("mail")), (Some("face book"), None));
        // A page keeps a channel beside a role that has none; a program that says one is mistaken.
        let left = Roles::from_form([("role[a]", "control"), ("channel[a]", "tv")]).unwrap();
        assert_eq!((left.of("a"), left.channel("a")), (Role::Control, None));
    }

    #[test]
    fn what_is_no_role_and_no_channel_is_named() {
        let long = format!(r#"{{"a": {{"role": "media_spend", "channel": "{}"}}}}"#, "x".repeat(121));
        for (text, code) in [
            (r#"{"a": {"role": "control", "channel": "tv"}}"#, Code::BadChannel),
            (r#"{"a": {"role": "media_spend", "channel": 7}}"#, Code::BadChannel),
            (long.as_str(), Code::BadChannel),
            (r#"{"a": {"role": "media_spend", "chanel": "tv"}}"#, Code::UnknownKey),
            (r#"[{"name": "a", "role": "kpi", "rolle": "date"}]"#, Code::UnknownKey),
            (r#"{"a": {"channel": "tv"}}"#, Code::UnknownRole),
            (r#"[{"role": "kpi"}]"#, Code::BadRoles),
            (r#"["a"]"#, Code::BadRoles),
            (r#"[{"name": "a", "role": "kpi"}, {"name": "a", "role": "date"}]"#, Code::DuplicateRole),
        ] {
            assert_eq!(codes(Roles::from_json(text)), [code], "{text}");
        }
    }

    #[test]
    fn what_names_no_role_is_refused() {
        for text in ["", "[7]", "7", "null", "{", r#""date""#] {
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
}
