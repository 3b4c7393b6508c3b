//! What was tried, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use crate::proof;

/// One case with its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// Relation or function, verb and path.
    pub name: String,
    /// What had to come of it.
    pub expected: String,
    /// Whether it shows that a tenant can use its own, rather than that it reaches nobody else's.
    pub control: bool,
    /// What came of it instead; `None` where it was as expected.
    pub wrong: Option<String>,
}

/// All cases against one database, and the proof of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttackReport {
    /// What the application's login can reach, by the catalog.
    pub proof: proof::Report,
    /// Every case, in the order in which it was tried.
    pub tried: Vec<Tried>,
    /// Tables that no rows could be made for, and why: nothing is known about them.
    pub untried: Vec<String>,
    /// Partitions and views without another tenant's row, which are tried by way of their tables.
    pub notes: Vec<String>,
}

impl AttackReport {
    /// Whether the proof passes, every table was tried and every case came out as expected.
    pub fn is_clean(&self) -> bool {
        self.proof.verdict != proof::Verdict::Refuse
            && self.untried.is_empty()
            && self.wrong().next().is_none()
    }

    /// The cases that did not come out as expected.
    pub fn wrong(&self) -> impl Iterator<Item = &Tried> {
        self.tried.iter().filter(|tried| tried.wrong.is_some())
    }
}

/// What is wrong, then the proof, then how much was tried.
impl fmt::Display for AttackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for tried in self.wrong() {
            writeln!(f, "WRONG {}\n    {}", tried.name, tried.wrong.as_deref().unwrap_or_default())?;
        }
        for untried in &self.untried {
            writeln!(f, "UNTRIED {untried}")?;
        }
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        writeln!(f, "proof: {}", self.proof)?;
        let mut paths: BTreeMap<&str, usize> = BTreeMap::new();
        for tried in &self.tried {
            let path = tried.name.rsplit(" · ").next().unwrap_or_default();
            let path = path.split_once(',').map_or(path, |(path, _)| path);
            *paths.entry(path).or_default() += 1;
        }
        for (path, count) in paths {
            writeln!(f, "{count:6} {path}")?;
        }
        let controls = self.tried.iter().filter(|tried| tried.control).count();
        write!(
            f,
            "{} attacks, {controls} controls: {} wrong, {} tables untried",
            self.tried.len() - controls,
            self.wrong().count(),
            self.untried.len()
        )
    }
}
