//! What the plan allows and what is used of it: a bar a meter, and the plans side by side.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::words;

use super::frame::{Frame, asset_version};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct UsageView {
    /// The name of the tenant's plan.
    pub plan: String,
    /// What is counted.
    pub bars: Vec<MeterBar>,
    /// Every plan, from the smallest.
    pub plans: Vec<PlanColumn>,
    /// What the plans are compared by, one name a row.
    pub rows: Vec<String>,
}

/// A meter against its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterBar {
    /// The meter in words.
    pub name: String,
    /// How much is used.
    pub used: u64,
    /// How much may be; `None` without a limit.
    pub limit: Option<u64>,
    /// Whether both are bytes.
    pub bytes: bool,
    /// When a counter begins anew: "at 14:00 UTC"; empty for what does not.
    pub resets: String,
    /// The highest mark of its limit that it has passed, in percent, and when.
    pub passed: Option<(u8, Timestamp)>,
    /// When it reaches its limit if it goes on as it did.
    pub reaches: Option<Timestamp>,
}

/// A plan beside the others.
#[derive(Clone, Debug)]
pub struct PlanColumn {
    /// Its name.
    pub name: String,
    /// Whether the tenant has it.
    pub current: bool,
    /// What it has in each row.
    pub cells: Vec<String>,
}

impl MeterBar {
    /// How full it is, in percent.
    pub fn percent(&self) -> u64 {
        match self.limit {
            None => 0,
            Some(0) => 100,
            Some(limit) => (u128::from(self.used) * 100 / u128::from(limit)).min(100) as u64,
        }
    }

    /// Class of the bar: calm, nearly full, full.
    pub fn class(&self) -> &'static str {
        match self.percent() {
            100.. => "bad",
            80.. => "warn",
            _ => "calm",
        }
    }

    fn figure(&self, n: u64) -> String {
        if self.bytes { size(n) } else { words::count(n) }
    }

    /// The figures alone: "12 of 25".
    pub fn figures(&self) -> String {
        let used = self.figure(self.used);
        self.limit.map_or_else(|| used.clone(), |limit| format!("{used} of {}", self.figure(limit)))
    }

    /// The figures in a sentence.
    pub fn sentence(&self) -> String {
        let figure = |n| self.figure(n);
        let (used, name) = (figure(self.used), &self.name);
        let mut text = match self.limit {
            None => format!("{used} {name} used, without a limit."),
            Some(limit) if self.used >= limit => {
                format!("{used} of {} {name} used: the limit is reached.", figure(limit))
            }
            Some(limit) => format!("{used} of {} {name} used.", figure(limit)),
        };
        if !self.resets.is_empty() {
            text.push_str(" The count begins anew ");
            text.push_str(&self.resets);
            text.push('.');
        }
        text
    }

    /// What has happened to it and what is coming, in words; empty where there is nothing to say.
    pub fn outlook(&self) -> String {
        // A mark that was passed counts no more once something was let go, or the plan allows more.
        let passed = self.passed.as_ref().filter(|(mark, _)| self.percent() >= u64::from(*mark));
        let passed = passed.map(|(mark, at)| format!("{mark}\u{a0}% was passed on {}.", day(at)));
        let reaches = self
            .reaches
            .as_ref()
            .map(|at| format!("At its present pace it reaches the limit on {}.", day(at)));
        passed.into_iter().chain(reaches).collect::<Vec<_>>().join(" ")
    }
}

/// `14 Mar 2026`.
fn day(at: &Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y").to_string()
}

/// `340 kB`, `12.3 MB` or `5 GB`: with a tenth where there is one, cut, never rounded up to a limit.
pub(super) fn size(bytes: u64) -> String {
    let (unit, name) = match bytes {
        1_000_000_000.. => (1_000_000_000, "GB"),
        1_000_000.. => (1_000_000, "MB"),
        _ => (1_000, "kB"),
    };
    match (bytes / unit, bytes % unit * 10 / unit) {
        (whole, 0) => format!("{whole}\u{a0}{name}"),
        (whole, tenth) => format!("{whole}.{tenth}\u{a0}{name}"),
    }
}

impl UsageView {
    /// The comparison, row by row.
    pub fn table(&self) -> Vec<(&str, Vec<&str>)> {
        let cells = |at| self.plans.iter().filter_map(move |plan| plan.cells.get(at)).map(String::as_str);
        self.rows.iter().enumerate().map(|(at, row)| (row.as_str(), cells(at).collect())).collect()
    }

    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "usage.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a UsageView,
    assets: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(used: u64, limit: Option<u64>) -> MeterBar {
        MeterBar {
            name: "campaigns".into(),
            used,
            limit,
            bytes: false,
            resets: String::new(),
            passed: None,
            reaches: None,
        }
    }

    #[test]
    fn a_bar_says_when_it_is_full_and_never_more_than_full() {
        assert_eq!(bar(3, Some(4)).percent(), 75);
        assert_eq!((bar(4, Some(4)).class(), bar(9, Some(4)).percent()), ("bad", 100));
        assert_eq!((bar(0, Some(0)).percent(), bar(7, None).percent()), (100, 0));
        assert!(bar(4, Some(4)).sentence().contains("the limit is reached"));
        assert_eq!(bar(u64::MAX, Some(u64::MAX)).percent(), 100);
    }

    #[test]
    fn a_bar_says_what_was_passed_and_what_is_coming() {
        assert_eq!(bar(3, Some(4)).outlook(), "");
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let passed = Some((80, at("2026-03-14T09:00:00Z")));
        let full = MeterBar { passed, reaches: Some(at("2026-04-02T00:00:00Z")), ..bar(9, Some(10)) };
        assert_eq!(
            full.outlook(),
            "80\u{a0}% was passed on 14 Mar 2026. At its present pace it reaches the limit on 2 Apr 2026."
        );
        let roomy = MeterBar { reaches: None, limit: Some(100), ..full };
        assert_eq!(roomy.outlook(), "", "a larger plan");
    }

    #[test]
    fn sizes_are_said_in_the_unit_that_fits() {
        let storage = MeterBar { bytes: true, ..bar(12_340_000, Some(5_000_000_000)) };
        assert!(storage.sentence().starts_with("12.3\u{a0}MB of 5\u{a0}GB"), "{}", storage.sentence());
        let said = [0, 9_990, 999_999, 1_000_000, 4_999_999_999].map(size);
        assert_eq!(said, ["0\u{a0}kB", "9.9\u{a0}kB", "999.9\u{a0}kB", "1\u{a0}MB", "4.9\u{a0}GB"]);
    }
}
