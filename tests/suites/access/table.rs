//! The table of `access-matrix.txt`, and what its words mean.

use reqwest::StatusCode;
use tests::Answer;

/// The table, part of this program so that it cannot be missing.
const TEXT: &str = include_str!("../../access-matrix.txt");

/// The callers, in the order of the table's columns.
pub(super) const CALLERS: [&str; 6] = ["anonymous", "viewer", "analyst", "admin", "owner", "stranger"];

/// What a caller gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    /// Whatever the route says.
    Ok,
    /// To be asked to sign in.
    SignIn,
    /// To be told that the role is too small.
    Forbidden,
    /// To be told nothing.
    Hidden,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Which list of routes.
    pub(super) site: String,
    /// The method.
    pub(super) method: String,
    /// The path, as axum writes it.
    pub(super) path: String,
    /// Who may, in the route's own word.
    pub(super) access: String,
    /// What each of [`CALLERS`] gets.
    pub(super) expected: Vec<Expected>,
}

impl Line {
    /// What the line is about.
    pub(super) fn name(&self) -> String {
        format!("{} {} {} {}", self.site, self.method, self.path, self.access)
    }
}

/// Every line of the table.
pub(super) fn lines() -> Vec<Line> {
    let mut rows = TEXT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let heading: Vec<&str> = rows.next().expect("a heading").split_whitespace().collect();
    assert_eq!(heading[..4], ["site", "method", "path", "access"]);
    assert_eq!(heading[4..], CALLERS);
    rows.map(|row| {
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(words.len(), heading.len(), "the line {row:?}");
        Line {
            site: words[0].to_owned(),
            method: words[1].to_owned(),
            path: words[2].to_owned(),
            access: words[3].to_owned(),
            expected: words[4..].iter().map(|word| expected(word)).collect(),
        }
    })
    .collect()
}

fn expected(word: &str) -> Expected {
    match word {
        "ok" => Expected::Ok,
        "sign-in" => Expected::SignIn,
        "forbidden" => Expected::Forbidden,
        "hidden" => Expected::Hidden,
        other => panic!("no such word: {other}"),
    }
}

/// Why an answer is not what was expected; `unknown` is an unknown address's answer to the same
/// request.
pub(super) fn differs(expected: Expected, answer: &Answer, unknown: &Answer, html: bool) -> Option<String> {
    let status = answer.status;
    let right = match expected {
        Expected::Ok => {
            let refused = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
            !refused.contains(&status) && !status.is_server_error()
        }
        Expected::SignIn if html => {
            status == StatusCode::SEE_OTHER && answer.header("location").starts_with("/login")
        }
        Expected::SignIn => {
            status == StatusCode::UNAUTHORIZED
                && answer.body.contains("Authentication failed")
                && !answer.header("www-authenticate").is_empty()
        }
        Expected::Forbidden => {
            status == StatusCode::FORBIDDEN && (html || answer.body.contains("Insufficient permissions"))
        }
        Expected::Hidden => status == StatusCode::NOT_FOUND && answer.comparable() == unknown.comparable(),
    };
    (!right).then(|| {
        format!(
            "expected {expected:?}, got {:?}\nunknown address: {:?}",
            answer.comparable(),
            unknown.comparable()
        )
    })
}
