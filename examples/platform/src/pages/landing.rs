//! The page at the base domain, which belongs to no tenant: what this is and where to sign in.
//!
//! It does not ask for a workspace's name, since answering would tell strangers who is a customer.

use askama::Template;
use mmm_core::data::Date;

use crate::charts::{Chart as _, Decomposition, Layer, Returns, RoiRow, Size};
use crate::words::Interval;

use super::PRODUCT;
use super::frame::asset_version;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LandingView {
    /// The domain below which workspaces live, with its port: `mmm.localhost:8080`.
    pub base_domain: String,
}

impl LandingView {
    /// The page.
    pub fn render(&self) -> Result<String, askama::Error> {
        let (areas, dots) = (example_areas(), example_returns());
        Page {
            view: self,
            product: PRODUCT,
            assets: asset_version(),
            areas: [areas.svg(Size::Wide), areas.svg(Size::Narrow)],
            dots: dots.svg(Size::Narrow),
            heading: dots.heading(),
            quote: dots.findings().into_iter().next().map_or(String::new(), |finding| finding.sentence),
        }
        .render()
    }
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Page<'a> {
    view: &'a LandingView,
    product: &'static str,
    assets: String,
    areas: [String; 2],
    dots: String,
    heading: String,
    quote: String,
}

/// The first of January 2024, a Monday.
const FIRST_DAY: i64 = 19_723;

/// Two invented years with a season, three channels and a little noise; always the same.
fn example_areas() -> Decomposition {
    let weeks = 104_u32;
    let wave =
        |t: u32, period: f64, shift: f64| (f64::from(t) / period * std::f64::consts::TAU + shift).sin();
    let series = |level: f64, swing: f64, period: f64, shift: f64| -> Vec<f64> {
        (0..weeks)
            .map(|t| (level + swing * wave(t, period, shift) + 0.3 * swing * wave(t, 7.3, shift)).max(0.0))
            .collect()
    };
    let baseline = series(5200.0, 420.0, 52.0, 0.8);
    let names = [("Search", 1150.0, 260.0, 26.0), ("TV", 820.0, 700.0, 17.0), ("Social", 420.0, 160.0, 39.0)];
    let channels: Vec<Layer> = names
        .into_iter()
        .enumerate()
        .map(|(colour, (name, level, swing, period))| Layer {
            name: name.to_owned(),
            colour,
            effect: series(level, swing, period, colour as f64),
        })
        .collect();
    let fitted: Vec<f64> = (0..weeks as usize)
        .map(|t| baseline[t] + channels.iter().map(|channel| channel.effect[t]).sum::<f64>())
        .collect();
    let noise = |t: usize| 150.0 * wave(t as u32, 3.1, 0.4) + 110.0 * wave(t as u32, 5.7, 2.0);
    Decomposition {
        kpi: "sales".to_owned(),
        period: "week".to_owned(),
        dates: (0..i64::from(weeks)).filter_map(|t| Date::from_days_since_epoch(FIRST_DAY + 7 * t)).collect(),
        actual: fitted.iter().enumerate().map(|(t, value)| value + noise(t)).collect(),
        q5: fitted.iter().map(|value| value - 260.0).collect(),
        q95: fitted.iter().map(|value| value + 260.0).collect(),
        media_share: Some(Interval::new(0.31, 0.27, 0.35)),
        baseline,
        channels,
    }
}

fn example_returns() -> Returns {
    let row = |colour: usize, name: &str, mean: f64, q5: f64, q95: f64, p: f64| RoiRow {
        name: name.to_owned(),
        colour,
        roi: Interval::new(mean, q5, q95),
        p_above_break_even: Some(p),
        prior: None,
        marginal: None,
    };
    let rows = vec![
        row(0, "Search", 2.4, 2.0, 2.9, 0.999),
        row(1, "TV", 1.4, 1.1, 1.7, 0.98),
        row(2, "Social", 0.9, 0.5, 1.4, 0.38),
    ];
    Returns { kpi: "sales".to_owned(), has_value: true, rows }
}
