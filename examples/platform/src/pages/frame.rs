//! The frame around every page of a tenant: brand on top, sections, who is signed in, and a notice.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How a tenant presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Name of the tenant.
    pub name: String,
    /// Address of its logo on the same host, such as `/brand/logo.png`; initials stand in for it.
    pub logo: Option<String>,
}

impl Brand {
    /// First letters of the first two words of the name.
    pub fn initials(&self) -> String {
        self.name
            .split_whitespace()
            .take(2)
            .filter_map(|word| word.chars().next())
            .flat_map(char::to_uppercase)
            .collect()
    }
}

/// Which entry of the sidebar is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `/`
    Overview,
    /// `/recommendations`
    Advice,
    /// `/data` and below.
    Data,
    /// `/runs` and below.
    Runs,
    /// `/campaigns`
    Campaigns,
    /// `/social-accounts`, below the campaigns.
    SocialAccounts,
    /// `/content`
    Content,
    /// `/usage`
    Usage,
    /// `/team`
    Team,
    /// `/account`, which is not in the sidebar.
    Account,
}

/// Colour and word of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something went well.
    Done,
    /// Something to know.
    Info,
    /// Something did not work.
    Problem,
}

impl NoticeKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Done => "good",
            Self::Info => "info",
            Self::Problem => "bad",
        }
    }
}

/// One line above the page's content, after an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub kind: NoticeKind,
    /// What it says.
    pub text: String,
}

impl Notice {
    /// Class of the stylesheet for its kind.
    pub const fn class(&self) -> &'static str {
        self.kind.class()
    }
}

/// Everything around the content of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The tenant.
    pub brand: Brand,
    /// Name or e-mail of the signed-in person.
    pub person: String,
    /// Whether the person manages people, and so finds the way to them.
    pub manages: bool,
    /// Which entry of the sidebar is current.
    pub section: Section,
    /// Whether the plan has written drafts.
    pub content: bool,
    /// Whether the plan has recommendations.
    pub advice: bool,
    /// What the last action led to.
    pub notice: Option<Notice>,
}

impl Frame {
    /// `aria-current` of the sidebar entry.
    pub fn is(&self, section: &str) -> bool {
        let current = match self.section {
            Section::Overview => "overview",
            Section::Advice => "advice",
            Section::Data => "data",
            Section::Runs => "runs",
            Section::Campaigns | Section::SocialAccounts => "campaigns",
            Section::Content => "content",
            Section::Usage => "usage",
            Section::Team => "team",
            Section::Account => "account",
        };
        current == section
    }
}

/// `14 Mar 2026, 09:31 UTC`.
pub fn moment(at: &Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// Changes whenever stylesheet or script change, so that browsers may keep them for ever.
pub fn asset_version() -> String {
    const VERSION: u64 = fingerprint(
        fingerprint(0xcbf2_9ce4_8422_2325, include_bytes!("../../assets/app.css")),
        include_bytes!("../../assets/app.js"),
    );
    format!("{VERSION:016x}")
}

/// FNV-1a: short, stable and computed while compiling.
const fn fingerprint(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
}
