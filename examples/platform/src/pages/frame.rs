//! The frame around every page of a tenant: brand on top, sections, who is signed in, and a notice.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::usage::MeterBar;

/// How a tenant presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    /// Name of the tenant.
    pub name: String,
    /// Address of its logo on the same host; initials stand in for it.
    pub logo: Option<String>,
    /// Address of the stylesheet with its colours.
    pub stylesheet: String,
    /// Whether the platform's own name stands beside it.
    pub mark: bool,
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

/// A part of a workspace.
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
    /// `/team`
    Team,
    /// `/account`, which is not in the sidebar.
    Account,
    /// `/branding`
    Branding,
    /// `/usage`, behind the bars at the foot.
    Usage,
}

impl Section {
    /// Entries of the sidebar, in this order.
    pub const ENTRIES: [Self; 8] = [
        Self::Overview,
        Self::Advice,
        Self::Data,
        Self::Runs,
        Self::Campaigns,
        Self::Content,
        Self::Team,
        Self::Branding,
    ];

    /// Address of its entry.
    pub const fn path(self) -> &'static str {
        self.entry().0
    }

    /// Its name.
    pub const fn word(self) -> &'static str {
        self.entry().1
    }

    /// Its icon, as SVG.
    pub const fn icon(self) -> &'static str {
        self.entry().2
    }

    /// Address, name and icon.
    const fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Overview => ("/", "Overview", include_str!("../../templates/icons/overview.svg")),
            Self::Advice => ("/recommendations", "Advice", include_str!("../../templates/icons/advice.svg")),
            Self::Data => ("/data", "Data", include_str!("../../templates/icons/data.svg")),
            Self::Runs => ("/runs", "Runs", include_str!("../../templates/icons/runs.svg")),
            Self::Campaigns | Self::SocialAccounts => {
                ("/campaigns", "Campaigns", include_str!("../../templates/icons/campaigns.svg"))
            }
            Self::Content => ("/content", "Drafts", include_str!("../../templates/icons/content.svg")),
            Self::Team => ("/team", "Team", include_str!("../../templates/icons/team.svg")),
            Self::Branding => ("/branding", "Branding", include_str!("../../templates/icons/branding.svg")),
            Self::Account => ("/account", "Your account", include_str!("../../templates/icons/team.svg")),
            Self::Usage => ("/usage", "Usage", include_str!("../../templates/icons/usage.svg")),
        }
    }
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

/// The plan and what is used of it, at the foot of the sidebar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFoot {
    /// The name of the plan.
    pub name: String,
    /// What has a limit and is worth watching.
    pub bars: Vec<MeterBar>,
}

/// Everything around the content of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The tenant.
    pub brand: Brand,
    /// Name or e-mail of the signed-in person.
    pub person: String,
    /// What the person finds in the sidebar: what the plan has and the role may see.
    pub entries: Vec<Section>,
    /// Where the page belongs.
    pub section: Section,
    /// The plan.
    pub plan: PlanFoot,
    /// What the last action led to.
    pub notice: Option<Notice>,
}

impl Frame {
    /// Whether the person finds this part of the workspace.
    pub fn finds(&self, path: &str) -> bool {
        self.entries.iter().any(|entry| entry.path() == path)
    }

    /// Whether the entry that leads to this path is the current one.
    pub fn is_at(&self, path: &str) -> bool {
        self.section.path() == path
    }
}

/// `14 Mar 2026, 09:31 UTC`.
pub fn moment(at: &Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %b %Y, %H:%M UTC").to_string()
}

/// Changes whenever stylesheet, script or the shades of an accent change, so that browsers may keep them for ever.
pub fn asset_version() -> String {
    const CSS: u64 = fingerprint(0xcbf2_9ce4_8422_2325, include_bytes!("../../assets/app.css"));
    const JS: u64 = fingerprint(CSS, include_bytes!("../../assets/app.js"));
    const VERSION: u64 = fingerprint(JS, include_bytes!("brand.rs"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sidebar_has_at_most_eight_entries_each_with_a_place_of_its_own() {
        let mut paths: Vec<_> = Section::ENTRIES.iter().map(|section| section.entry().0).collect();
        paths.sort_unstable();
        paths.dedup();
        assert!(paths.len() == Section::ENTRIES.len() && paths.len() <= 8, "{paths:?}");
    }
}
