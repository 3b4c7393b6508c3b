//! The report: one HTML file with its style, its charts and its little script inside.

use crate::{
    artifact::{Summary, SummaryError},
    diagnose::{Health, PredictiveCheck, PriorShift, Sensitivity},
    fit::Fit,
};

use super::{
    charts::day,
    curves, decomposition,
    html::Html,
    period, quality, returns, sections, shares,
    words::{capital, counted},
};

/// The part of the stylesheet that charts need: a page that shows them holds it too.
pub const CHART_STYLE: &str = include_str!("charts.css");
const PAGE_STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("hover.js");

/// What a report is made of: a summary, and the diagnostics that are at hand.
///
/// ```
/// # use mmm_core::{fit::FitSettings, model::{Model, ModelSpec}, report::Report, simulate::Scenario};
/// # fn main() -> Result<(), mmm_core::Error> {
/// # let data = Scenario::weekly(["tv", "search"]).weeks(104).seed(7).simulate()?.data;
/// # let settings = FitSettings { tune: 100, draws: 100, ..FitSettings::seeded(7) };
/// let fit = Model::new(ModelSpec::default(), data)?.fit(&settings)?;
/// let page = Report::of(&fit)?.titled("Spring review").html();
/// assert!(page.starts_with("<!doctype html>") && page.contains("Spring review"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written until `html` is called"]
pub struct Report {
    title: String,
    summary: Summary,
    diagnostics: Option<Diagnostics>,
}

/// What a fit says about itself.
#[derive(Clone, Debug)]
pub(super) struct Diagnostics {
    pub(super) health: Health,
    pub(super) checks: Vec<PredictiveCheck>,
    pub(super) shifts: Vec<PriorShift>,
    pub(super) sensitivities: Vec<Sensitivity>,
}

impl Report {
    /// The report of a fit, with all its diagnostics.
    ///
    /// # Errors
    ///
    /// As [`Fit::summary`].
    pub fn of(fit: &Fit) -> Result<Self, SummaryError> {
        let diagnostics = Diagnostics {
            health: fit.health(),
            checks: fit.predictive_checks(),
            shifts: fit.prior_shift(),
            sensitivities: fit.sensitivity(),
        };
        Ok(Self { diagnostics: Some(diagnostics), ..Self::of_summary(fit.summary()?) })
    }

    /// The report of a stored summary, which has no draws to diagnose.
    pub fn of_summary(summary: Summary) -> Self {
        Self { title: format!("What moved {}", summary.model.kpi), summary, diagnostics: None }
    }

    /// Replaces the title.
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The whole file. It loads nothing, and everything from the data in it is escaped.
    pub fn html(&self) -> String {
        let mut page = Html::default();
        page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
        page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
        page.raw("<meta name=\"color-scheme\" content=\"light dark\">");
        page.element("title", "", &self.title);
        page.open("style", "").raw(PAGE_STYLE).raw(CHART_STYLE).close("style").close("head");
        page.open("body", "").open("main", "");
        self.head(&mut page);
        if self.summary.convergence.converged {
            self.findings(&mut page);
        } else {
            sections::not_converged(&mut page, &self.summary);
        }
        page.chart(&quality(&self.summary));
        sections::trust(&mut page, &self.summary, self.diagnostics.as_ref());
        sections::assumptions(&mut page, &self.summary);
        sections::parameters(&mut page, &self.summary);
        sections::provenance(&mut page, &self.summary);
        page.close("main").open("script", "").raw(SCRIPT).close("script");
        page.close("body").close("html").raw("\n");
        page.finish()
    }

    fn head(&self, page: &mut Html) {
        let summary = &self.summary;
        let (badge, word) = if summary.convergence.converged {
            ("badge good", "Converged")
        } else {
            ("badge bad", "Not converged")
        };
        let many = format!("{}s", period(summary));
        let dates = &summary.over_time.dates;
        let span = match (dates.first(), dates.last()) {
            (Some(first), Some(last)) => format!(", {} to {}", day(*first), day(*last)),
            _ => String::new(),
        };
        let count = counted(summary.model.periods as u64, period(summary), &many);
        page.open("header", "").open("div", "").element("p", "eyebrow", "Marketing mix report");
        page.element("h1", "", &self.title);
        page.element("p", "muted", &format!("{} over {count}{span}", capital(&summary.model.kpi)));
        page.close("div").open("p", "badges").element("span", badge, word);
        if let Some(Diagnostics { health, .. }) = &self.diagnostics {
            let class = match health.score {
                score if score >= 80.0 => "badge good",
                score if score >= 50.0 => "badge warn",
                _ => "badge bad",
            };
            page.element("span", class, &format!("Health {:.0} of 100", health.score));
        }
        page.close("p").close("header");
    }

    fn findings(&self, page: &mut Html) {
        let summary = &self.summary;
        sections::tiles(page, summary);
        page.chart(&decomposition(summary));
        let returns = returns(summary);
        page.open("div", "two").chart(&returns);
        if let Some(shares) = shares(summary) {
            page.chart(&shares);
        }
        page.close("div");
        sections::statements(page, summary, &returns);
        if let Some(plan) = &summary.recommendation {
            if let Some(curves) = curves(summary, plan) {
                page.chart(&curves);
            }
            sections::plan(page, summary, plan);
        }
        sections::carry_over(page, summary);
    }
}
