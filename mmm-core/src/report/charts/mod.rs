//! Charts drawn as SVG, each with its numbers as a table, CSV and JSON.
//!
//! Every chart is a plain input struct that implements [`Chart`]; picture and table come from the
//! same value, so they cannot disagree. What holds for all of them:
//!
//! 1. The heading states the finding, the subtitle says what is drawn and in which unit.
//! 2. A picture has a `<title>`, a `<desc>` and `role="img"`; it uses classes of the stylesheet for
//!    colour, so that it follows the page's brand, dark mode and print, and has no style of its own.
//! 3. It is drawn twice, [`Size::Wide`] and [`Size::Narrow`], and the stylesheet shows the one that
//!    fits: letters keep their size on a phone.
//! 4. A wide picture stays below 20 KB: long series are written as small relative steps.

mod bars;
mod calendar;
mod curves;
mod decomposition;
mod fit;
mod palette;
mod periods;
mod roi;
mod scale;
mod share;
mod spark;
mod svg;
mod table;

pub use bars::pair_of_bars;
pub use calendar::day;
pub use curves::{CurvePanel, ResponseCurves};
pub use decomposition::{Decomposition, Layer};
pub use fit::Fit;
pub use palette::{CHANNEL_COLOURS, channel_class};
pub use roi::{Returns, RoiRow};
pub use share::{ShareRow, Shares};
pub use spark::sparkline;
pub(super) use svg::escape;
pub use table::{Cell, Column, Table};

/// Which of the two drawings is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// For a container from 600 px on; 720 units wide.
    Wide,
    /// For a phone or a narrow card; 340 units wide.
    Narrow,
}

impl Size {
    const fn width(self) -> f64 {
        match self {
            Self::Wide => 720.0,
            Self::Narrow => 340.0,
        }
    }

    const fn is_wide(self) -> bool {
        matches!(self, Self::Wide)
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Wide => "w",
            Self::Narrow => "n",
        }
    }
}

/// A picture and its numbers, from one input.
pub trait Chart {
    /// Short name, used in addresses and element ids: `decomposition`.
    fn id(&self) -> &'static str;

    /// The finding as a heading: "Search returns most per unit of spend".
    fn heading(&self) -> String;

    /// What is drawn, in which unit.
    fn subtitle(&self) -> String;

    /// The picture in two or three sentences, for those who cannot see it.
    fn description(&self) -> String;

    /// The picture. Nothing in it comes unescaped from the data.
    fn svg(&self, size: Size) -> String;

    /// The numbers of the picture.
    fn table(&self) -> Table;

    /// The numbers as CSV, safe to open in a spreadsheet.
    fn to_csv(&self) -> String {
        self.table().to_csv()
    }

    /// Heading, subtitle, columns and rows as JSON.
    fn to_json(&self) -> serde_json::Value {
        let mut json = self.table().to_json();
        json["chart"] = self.id().into();
        json["heading"] = self.heading().into();
        json["subtitle"] = self.subtitle().into();
        json["level"] = 0.9.into();
        json
    }

    /// Everything a page needs; `base` is the address of the run, such as `/runs/{id}`.
    fn figure(&self, base: &str) -> Figure {
        Figure {
            id: self.id(),
            heading: self.heading(),
            subtitle: self.subtitle(),
            wide: self.svg(Size::Wide),
            narrow: self.svg(Size::Narrow),
            table: self.table(),
            json_href: format!("{base}/charts/{}.json", self.id()),
            csv_href: format!("{base}/charts/{}.csv", self.id()),
        }
    }
}

/// A drawn chart as a page shows it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The chart's [`id`](Chart::id).
    pub id: &'static str,
    /// The finding.
    pub heading: String,
    /// What is drawn, in which unit.
    pub subtitle: String,
    /// SVG for wide containers.
    pub wide: String,
    /// SVG for narrow containers.
    pub narrow: String,
    /// The numbers, behind "Show as table".
    pub table: Table,
    /// Address of the JSON twin.
    pub json_href: String,
    /// Address of the CSV twin.
    pub csv_href: String,
}
