//! The page that is sent to others.

use mmm_core::{
    data::Dataset,
    fit::{Fit, FitSettings},
    model::{Model, ModelSpec},
    report::Report,
};

use crate::{market, model_of, short};

const HOSTILE: &str = "<script>alert(1)</script>\"'&";

fn converged() -> Fit {
    model_of(&market(1)).fit(&FitSettings::seeded(1)).unwrap()
}

#[test]
fn a_report_needs_nothing_but_itself() {
    let page = Report::of(&converged()).unwrap().html();
    // The name of the language that pictures are written in is no address.
    let page = page.replace("http://www.w3.org/2000/svg", "");
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    // Five charts, drawn for a screen and for a phone, each with its numbers.
    assert_eq!(page.matches("data-chart=\"").count(), 5);
    assert_eq!(
        page.matches("<svg class=\"chart ").count() - page.matches("<svg class=\"chart pair").count(),
        10
    );
    assert_eq!(page.matches("<table data-table=\"").count(), 5);
    for part in
        ["Converged", "Health ", "The same budget, split better", "What the data changed", "Every parameter"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.len() < 600_000, "{} bytes", page.len());
}

#[test]
fn every_tag_that_is_opened_is_closed() {
    let page = Report::of(&converged()).unwrap().html();
    for tag in [
        "section", "table", "thead", "tbody", "tr", "td", "th", "div", "svg", "g", "details", "p", "ul", "li",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn without_convergence_there_are_no_findings() {
    let page = Report::of(&model_of(&market(1)).fit(&short(1)).unwrap()).unwrap().html();
    assert!(page.contains("Nothing may be decided with this fit") && page.contains("Not converged"));
    assert_eq!(page.matches("data-chart=\"").count(), 1);
    for finding in ["In words", "split better", "per unit of spend", "What the data changed"] {
        assert!(!page.contains(finding), "{finding}");
    }
}

#[test]
fn names_from_the_data_never_become_markup() {
    let base = market(1).data;
    let data = Dataset::builder()
        .dates(base.dates())
        .kpi(HOSTILE, base.kpi().iter().copied())
        .channel(format!("{HOSTILE}1"), base.channels()[0].spend().iter().copied())
        .organic(format!("{HOSTILE}2"), base.channels()[1].spend().iter().copied())
        .control(format!("{HOSTILE}3"), base.controls()[1].values().iter().copied());
    let fit = Model::new(ModelSpec::default(), data.build().unwrap()).unwrap().fit(&short(1)).unwrap();
    let summary = fit.summary().unwrap();
    let mut accepted = summary.clone();
    accepted.convergence.converged = true;
    for page in [Report::of(&fit).unwrap().titled(HOSTILE).html(), Report::of_summary(accepted).html()] {
        assert_eq!(page.matches("<script").count(), 1, "only our own");
        assert!(page.contains("&lt;script&gt;"));
    }
}
