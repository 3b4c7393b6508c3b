//! What must hold for every page, checked on rendered HTML with hostile names in every field.

use jiff::Timestamp;
use mmm_core::artifact::Summary;
use mmm_core::budget::Recommendation;
use serde_json::json;

use super::*;
use crate::charts::Chart as _;
use crate::ingest::Role;

const HOSTILE: &str = "<script>alert(1)</script>\"'&\u{202e} red;background:url()";

fn brand() -> Brand {
    Brand { name: HOSTILE.into(), logo: None, stylesheet: "/assets/accent-0b7a4b.css".into(), mark: true }
}

fn frame(section: Section) -> Frame {
    let notice = Some(Notice { kind: NoticeKind::Problem, text: HOSTILE.into() });
    let entries = Section::ENTRIES.to_vec();
    let plan = PlanFoot { name: HOSTILE.into(), bars: Vec::new() };
    Frame { brand: brand(), person: HOSTILE.into(), entries, section, plan, notice }
}

pub(super) fn summary(converged: bool) -> Summary {
    let interval = |mean: f64| json!({"mean": mean, "median": mean, "q5": mean * 0.9, "q95": mean * 1.1});
    let check =
        |name: &str, passed| json!({"name": name, "passed": passed, "message": "the largest is 1.2 (sigma)"});
    let series = [30.0, 40.0];
    serde_json::from_value(json!({
        "format": 2,
        "convergence": {
            "converged": converged, "worst_r_hat": 1.002, "min_ess_bulk": 900.0, "min_ess_tail": 800.0,
            "divergences": 0, "kept": 4000,
            "checks": [check("r_hat", converged), check("divergences", true)],
        },
        "channels": [{
            "name": HOSTILE, "spend": 10.0, "contribution": interval(20.0), "share": interval(0.3),
            "roi": interval(2.0), "p_above_break_even": 0.99, "effect_share": interval(1.0),
        }],
        "media": {
            "spend": 10.0, "contribution": interval(20.0), "share": interval(0.31), "roi": interval(2.2),
            "p_above_break_even": 0.99,
        },
        "over_time": {
            "dates": ["2024-01-01", "2024-01-08"], "actual": series, "fitted": series, "band_low": series,
            "band_high": series, "baseline": series,
            "channels": [{"name": HOSTILE, "mean": series, "q5": series, "q95": series}],
        },
        "measures": {"r_squared": 0.9, "mape": 0.04, "band_coverage": 0.93},
        "parameters": [{
            "name": format!("saturation_beta[{HOSTILE}]"), "mean": 1.0, "sd": 0.1, "q5": 0.9, "q95": 1.1,
            "r_hat": null, "ess_bulk": 900.0, "ess_tail": 800.0, "mcse_mean": null,
        }],
        "contributions": [],
        "model": {
            "crate_version": "0.1.0", "spec": {}, "settings": {"seed": 7}, "kpi": HOSTILE, "kpi_value": 1.0,
            "frequency": "weekly", "periods": 2, "controls": [], "data_fingerprint": "00",
        },
    }))
    .unwrap()
}

fn facts() -> RunFacts {
    RunFacts {
        run_id: "r1".into(),
        source_name: HOSTILE.into(),
        finished: Timestamp::UNIX_EPOCH,
        newer_run: None,
    }
}

fn run(converged: bool) -> String {
    let state = RunState::Done(Box::new(run_results(&summary(converged), &facts())));
    let view = RunView {
        id: "r1".into(),
        source_name: HOSTILE.into(),
        source_id: "s1".into(),
        state,
        may_run: true,
    };
    view.render(&frame(Section::Runs)).unwrap()
}

fn unfinished(state: RunState) -> String {
    let (id, source_name, source_id) = ("r1".into(), HOSTILE.into(), "s1".into());
    RunView { id, source_name, source_id, state, may_run: true }.render(&frame(Section::Runs)).unwrap()
}

fn mapping() -> MappingView {
    MappingView {
        id: "s1".into(),
        file_name: HOSTILE.into(),
        status: SourceStatus::Proposed,
        rows: 30,
        counts: String::new(),
        columns: vec![ColumnView {
            name: HOSTILE.into(),
            kind: "number".into(),
            role: Role::MediaSpend,
            channel: HOSTILE.into(),
        }],
        preview: vec![PreviewRow { number: 2, cells: vec![HOSTILE.into()] }],
        problem_rows: Vec::new(),
        problems: vec![
            Problem { row: Some(2), column: Some(0), code: "x".into(), message: HOSTILE.into() },
            Problem { row: Some(99), column: Some(0), code: "x".into(), message: "elsewhere".into() },
        ],
        warnings: vec![HOSTILE.into()],
        kpi_value: "12,5o".into(),
        kpi_value_error: Some(HOSTILE.into()),
        runs: Vec::new(),
    }
}

fn login() -> LoginView {
    let door = LoginDoor::Tenant(brand());
    let email = "typed@example.org".to_owned();
    LoginView { door, email, next: "/data".into(), error: Some(HOSTILE.into()), notice: None }
}

/// A plan for the channel of [`summary`], beyond what was observed.
fn recommendation() -> Recommendation {
    let interval = |mean: f64| json!({"mean": mean, "median": mean, "q5": mean * 0.9, "q95": mean * 1.1});
    serde_json::from_value(json!({
        "horizon": 13, "total_now": 5.0, "total": 7.0, "outcome_now": interval(130.0), "outcome": interval(150.0),
        "gain": interval(20.0), "gain_worth": interval(20.0), "p_improvement": 0.97, "extrapolated": true,
        "channels": [{
            "name": HOSTILE, "now": 5.0, "plan": 7.0, "change": 0.4, "low": 2.5, "high": 7.5,
            "outcome_now": interval(130.0), "outcome": interval(150.0), "marginal_roi_now": 1.4, "marginal_roi": 1.1,
            "extrapolated": true, "observed": [4.0, 6.0],
            "curve": {"spend": [0.0, 5.0, 10.0], "outcome": [interval(0.0), interval(10.0), interval(13.0)]},
        }],
    }))
    .unwrap()
}

fn planned(advice: bool) -> String {
    let (summary, plan) = (summary(true), recommendation());
    let row = BoundsRow {
        channel: HOSTILE.into(),
        class: "c1".into(),
        now: "5".into(),
        low: HOSTILE.into(),
        usual_low: "2.5".into(),
        high: String::new(),
        usual_high: "7.5".into(),
        locked: true,
    };
    let planned = Planned {
        model: model_info(&summary, &facts()),
        advice: advice.then(|| Advice::new(&summary, &plan)),
        curves: curves(&summary, &plan).map(|chart| chart.figure("/recommendations")),
        error: (!advice).then(|| HOSTILE.to_owned()),
        form: PlanForm {
            analysis: HOSTILE.into(),
            period: "week",
            total: "12,5o".into(),
            total_now: "5".into(),
            horizon: String::new(),
            usual_horizon: 13,
            channels: vec![row],
            asked: true,
        },
        query: "?total=7".into(),
        sureness: sureness(&summary),
    };
    let view = RecommendationsView { state: AdviceState::Ready(Box::new(planned)) };
    view.render(&frame(Section::Advice)).unwrap()
}

fn advised() -> String {
    let summary = Summary { recommendation: Some(recommendation()), ..summary(true) };
    let state = OverviewState::Ready(Box::new(results(&summary, &facts()).unwrap()));
    OverviewView { state }.render(&frame(Section::Overview)).unwrap()
}

fn pages() -> Vec<String> {
    let overview = |state| OverviewView { state }.render(&frame(Section::Overview)).unwrap();
    let data = DataView { sources: Vec::new(), refused: None, max_megabytes: 50 };
    vec![
        overview(OverviewState::Empty),
        overview(OverviewState::Ready(Box::new(results(&summary(true), &facts()).unwrap()))),
        run(true),
        unfinished(RunState::Working(Progress::new(WorkState::Running, 10, Stage::Sampling, None, HOSTILE))),
        unfinished(RunState::Cancelled { at: HOSTILE.into() }),
        run(false),
        advised(),
        planned(true),
        planned(false),
        data.render(&frame(Section::Data)).unwrap(),
        mapping().render(&frame(Section::Data)).unwrap(),
        login().render().unwrap(),
        LandingView { base_domain: HOSTILE.into() }.render().unwrap(),
        ErrorPage::Invalid { problems: vec![HOSTILE.into()] }.render(Some(&brand())),
    ]
}

#[test]
fn nothing_a_tenant_typed_becomes_markup() {
    for page in pages() {
        assert_eq!(page.matches("<script").count(), 1, "only our own script: {page}");
    }
}

#[test]
fn pages_have_no_inline_style_and_no_foreign_address() {
    for page in pages() {
        assert!(!page.contains(" style=") && !page.contains("<style"), "{page}");
        assert!(!page.contains(" onclick=") && !page.contains("javascript:"), "{page}");
        for attribute in ["href=\"http", "src=\"http", "action=\"http", "href=\"//", "src=\"//"] {
            assert!(!page.contains(attribute), "{attribute} in {page}");
        }
    }
}

#[test]
fn every_form_that_changes_something_posts() {
    for page in pages() {
        for form in page.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            let only_asks = form.starts_with("method=\"get\" action=\"/recommendations\"");
            assert!(only_asks || form.starts_with("method=\"post\""), "{form}");
        }
    }
}

#[test]
fn every_control_has_a_name_for_a_screen_reader() {
    for page in pages() {
        for control in page.split(['<']).filter(|tag| tag.starts_with("select") || tag.starts_with("input")) {
            let id = control.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
            let quiet = control.contains("type=\"hidden\"") || control.contains("type=\"file\"");
            assert!(quiet || id.is_some_and(|id| page.contains(&format!("for=\"{id}\""))), "{control}");
        }
        assert_eq!(page.matches("<main").count(), 1);
        assert_eq!(page.matches("<h1").count(), 1);
    }
}

#[test]
fn ids_are_unique_and_references_resolve() {
    for page in pages() {
        let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{id} in {page}");
        }
        let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        let names = page.split("aria-labelledby=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for target in links.chain(names.flat_map(str::split_whitespace)) {
            assert!(ids.contains(&target), "#{target} leads nowhere");
        }
    }
}

#[test]
fn forms_keep_what_was_typed_except_the_password() {
    let page = login().render().unwrap();
    assert!(page.contains("value=\"typed@example.org\""));
    assert!(mapping().render(&frame(Section::Data)).unwrap().contains("value=\"12,5o\""));
}

#[test]
fn a_fit_that_has_not_converged_gives_no_advice() {
    let summary = summary(false);
    assert!(results(&summary, &facts()).is_none());
    assert!(chart(&summary, "roi").is_none() && chart(&summary, "shares").is_none());
    assert!(chart(&summary, "fit").is_some());
    let page = run(false);
    assert!(page.contains("gives no advice"));
    assert!(!page.contains("break-even") && !page.contains("returns more"));
}

#[test]
fn figures_of_all_channels_are_the_joint_ones_or_none() {
    let mut summary = summary(true);
    let view = results(&summary, &facts()).unwrap();
    assert!(view.lead[0].sentence.starts_with("Media drove 31"), "{}", view.lead[0].sentence);
    let tiles = |view: &Results| view.tiles.iter().map(|tile| tile.label.clone()).collect::<Vec<_>>();
    assert!(tiles(&view).contains(&"Driven by media".to_owned()), "{:?}", tiles(&view));

    summary.media = None;
    summary.channels[0].effect_share = None;
    let view = results(&summary, &facts()).unwrap();
    assert!(!view.lead[0].sentence.contains("Media drove"), "{}", view.lead[0].sentence);
    assert!(!tiles(&view).iter().any(|label| label == "Driven by media" || label == "Blended return"));
    assert!(chart(&summary, "shares").is_none());
}

#[test]
fn what_was_never_spent_is_marked_in_number_and_word() {
    for page in [advised(), planned(true)] {
        assert!(page.contains("more than in any observed week (at most 6)"), "{page}");
        assert!(page.contains("<span class=\"badge warn\">extrapolated</span>"));
    }
    let json = serde_json::to_value(Advice::new(&summary(true), &recommendation())).unwrap();
    assert_eq!(json["channels"][0]["extrapolated"], true);
}

#[test]
fn a_plan_that_cannot_be_met_keeps_what_was_typed() {
    let page = planned(false);
    assert!(page.contains("value=\"12,5o\"") && page.contains(" checked"), "{page}");
    assert!(!page.contains("Move ") && !page.contains("class=\"budget\""), "and advises nothing");
}

#[test]
fn an_unknown_chart_is_none() {
    assert!(chart(&summary(true), "../secrets").is_none());
}

#[test]
fn a_sentence_on_the_page_is_in_the_json_of_its_chart() {
    let summary = summary(true);
    let json = chart(&summary, "roi").unwrap().to_json();
    let results = results(&summary, &facts()).unwrap();
    assert_eq!(json["rows"][0]["statement"], results.channels[0].sentence.as_str());
    assert_eq!(json["heading"], results.roi.heading.as_str());
}

#[test]
fn totals_are_those_of_the_joint_draws_or_left_out() {
    let mut joint = summary(true);
    joint.media = None;
    let apart = results(&joint, &facts()).unwrap();
    assert!(!apart.tiles.iter().any(|tile| tile.label == "Driven by media"));
    joint.media = Some(mmm_core::effect::MediaEffect {
        spend: 10.0,
        contribution: joint.channels[0].contribution,
        share: mmm_core::effect::Interval { mean: 0.42, median: 0.42, q5: 0.4, q95: 0.44 },
        roi: joint.channels[0].roi,
        p_above_break_even: None,
    });
    let together = results(&joint, &facts()).unwrap();
    assert!(together.lead[0].sentence.contains("42"), "{}", together.lead[0].sentence);
    assert!(together.tiles.iter().any(|tile| tile.label == "Driven by media"));
}
