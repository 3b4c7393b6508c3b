//! The data of a workspace: where to drop a file, and what was uploaded.

use askama::Template;
use jiff::Timestamp;

use crate::words;

use super::frame::{Frame, asset_version, moment};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct DataView {
    /// Newest first.
    pub sources: Vec<SourceRow>,
    /// Why the last upload was refused.
    pub refused: Option<UploadProblem>,
    /// Largest accepted file.
    pub max_megabytes: u64,
}

/// Why a file was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadProblem {
    /// Name of the file.
    pub file_name: String,
    /// Everything that is wrong, one sentence each.
    pub messages: Vec<String>,
    /// What to do about it.
    pub advice: String,
}

/// One uploaded file.
#[derive(Clone, Debug)]
pub struct SourceRow {
    /// Id of the source.
    pub id: String,
    /// Name of the file.
    pub name: String,
    /// Whether it can be used.
    pub status: SourceStatus,
    /// Number of rows without the heading.
    pub rows: u64,
    /// What it covers: "104 weeks, 5 channels, no gaps"; empty while proposed.
    pub counts: String,
    /// When it was uploaded.
    pub uploaded: Timestamp,
}

/// Whether a source can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceStatus {
    /// Uploaded; the roles of its columns are not confirmed. Kept for an hour.
    Proposed,
    /// Can be analysed.
    Ready,
}

impl SourceRow {
    /// The status in words.
    pub const fn word(&self) -> &'static str {
        match self.status {
            SourceStatus::Proposed => "Needs your check",
            SourceStatus::Ready => "Ready",
        }
    }

    /// Class of its badge.
    pub const fn class(&self) -> &'static str {
        match self.status {
            SourceStatus::Proposed => "warn",
            SourceStatus::Ready => "good",
        }
    }

    /// What it covers, or the number of its rows.
    pub fn covers(&self) -> String {
        if self.counts.is_empty() { words::counted(self.rows, "row", "rows") } else { self.counts.clone() }
    }

    /// When it was uploaded.
    pub fn uploaded_text(&self) -> String {
        moment(&self.uploaded)
    }
}

impl DataView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }
}

#[derive(Template)]
#[template(path = "data.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a DataView,
    assets: String,
}
