//! The parts of a report that are no charts.

use crate::{
    artifact::{QuantitySummary, Summary},
    budget::Recommendation,
    diagnose::{CheckName, Influence, Statistic},
    model::Knots,
};

use super::{
    charts::{Cell, Column, Returns, Table, channel_class, pair_of_bars},
    html::Html,
    page::Diagnostics,
    period,
    words::{Confidence, Finding, Interval, Unit, capital, counted, fixed},
};

/// The figures that everybody asks for first.
pub(super) fn tiles(page: &mut Html, summary: &Summary) {
    let kpi = Unit::Of(summary.model.kpi.clone());
    let estimate = |of: Interval, unit: &Unit| (of.say_mean(unit), of.say_range(unit));
    let total: f64 = summary.over_time.actual.iter().sum();
    let mut tiles = vec![(
        format!("{} in all", capital(&summary.model.kpi)),
        kpi.say_short(total),
        String::new(),
        format!(
            "over {}",
            counted(summary.model.periods as u64, period(summary), &format!("{}s", period(summary)))
        ),
    )];
    if let Some(media) = &summary.media {
        let (value, range) = estimate(Interval::from(&media.share), &Unit::Percent);
        tiles.push((
            "Driven by paid media".to_owned(),
            value,
            range,
            "the rest would have come anyway".to_owned(),
        ));
        let (value, range) = estimate(Interval::from(&media.roi), &Unit::Plain);
        let label = if summary.model.kpi_value.is_some() {
            "Return per unit of spend".to_owned()
        } else {
            format!("{} per unit of spend", capital(&summary.model.kpi))
        };
        tiles.push((label, value, range, "all channels together".to_owned()));
    }
    if let Some(plan) = &summary.recommendation {
        let (value, range) = estimate(Interval::from(&plan.gain), &kpi);
        let word = Confidence::of(plan.p_improvement).as_str();
        let note = format!(
            "{} over {}; {word}",
            summary.model.kpi,
            counted(plan.horizon as u64, period(summary), &format!("{}s", period(summary)))
        );
        tiles.push(("To be had with the same budget".to_owned(), value, range, note));
    }
    for (label, value, range, note) in &tiles {
        page.open("div", "card tile").element("p", "tile-label", label).element("p", "tile-value", value);
        page.element("p", "tile-range", range).element("p", "tile-note", note).close("div");
    }
}

/// What each medium did, one sentence each.
pub(super) fn statements(page: &mut Html, summary: &Summary, returns: &Returns) {
    let organic = summary.organic.iter().map(|organic| {
        let share = Interval::from(&organic.share).say(&Unit::Percent);
        format!("{} drove {share} of {} without spend, so it has no return.", organic.name, summary.model.kpi)
    });
    let media = summary
        .media
        .iter()
        .map(|media| Finding::media_share(&summary.model.kpi, (&media.share).into()).sentence);
    let returned = returns.findings().into_iter().map(|finding| finding.sentence);
    let all: Vec<String> = media.chain(returned).chain(organic).collect();
    page.card("statements", "In words", |page| page.list(all.iter().map(String::as_str)));
}

/// Where the money should go.
pub(super) fn plan(page: &mut Html, summary: &Summary, plan: &Recommendation) {
    let unit = Unit::Of(summary.model.kpi.clone());
    let period = period(summary);
    let over = counted(plan.horizon as u64, period, &format!("{period}s"));
    let gain = Interval::from(&plan.gain).say(&unit);
    let word = Confidence::of(plan.p_improvement).as_str();
    page.card("plan", "The same budget, split better", |page| {
        page.element(
            "p",
            "subtitle",
            &format!(
                "Expected gain over {over}: {gain}; an improvement {word} (probability {}\u{a0}%). Each channel stays \
                 between the bounds shown; what it buys, it buys at the average price of the data.",
                fixed(100.0 * plan.p_improvement, 0)
            ),
        );
        if let Some(reason) = &plan.overruled {
            page.element("p", "warning", &format!("The fit did not converge; this was overruled: {reason}"));
        }
        page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Plan\">");
        page.raw("<table class=\"stacks\"><thead><tr><th scope=\"col\">Channel</th><th scope=\"col\">Now and plan</th>");
        let now_per = format!("Now per {period}");
        let headings = [now_per.as_str(), "Plan", "Change", "Bounds", "Next unit returns"];
        for heading in headings {
            page.raw("<th scope=\"col\" class=\"num\">").text(heading).close("th");
        }
        page.raw("</tr></thead><tbody>");
        let most = plan.channels.iter().map(|of| of.now.max(of.plan)).fold(0.0, f64::max);
        let money = |value: f64| Unit::Plain.say_short(value);
        for (colour, of) in plan.channels.iter().enumerate() {
            page.raw("<tr><th scope=\"row\">").text(&of.name);
            if of.extrapolated {
                page.raw(" <span class=\"badge warn\">beyond what was seen</span>");
            }
            let bars = pair_of_bars(&channel_class(colour), of.now, of.plan, most);
            page.close("th").open("td", "").raw(&bars).close("td");
            let cells = [
                money(of.now),
                money(of.plan),
                format!("{}\u{a0}%", signed(100.0 * of.change)),
                format!("{} to {}", money(of.low), money(of.high)),
                format!("{} → {}", fixed(of.marginal_roi_now, 2), fixed(of.marginal_roi, 2)),
            ];
            for (heading, cell) in headings.iter().zip(&cells) {
                page.cell("num", Some(heading), cell);
            }
            page.close("tr");
        }
        page.raw("</tbody></table></div>");
    });
}

/// How long effects last.
pub(super) fn carry_over(page: &mut Html, summary: &Summary) {
    let paid = summary.channels.iter().filter_map(|of| Some((&of.name, of.carry_over.as_ref()?)));
    let organic = summary.organic.iter().map(|of| (&of.name, &of.carry_over));
    let rows: Vec<Vec<Cell>> = paid
        .chain(organic)
        .map(|(name, of)| {
            let (later, half) = (Interval::from(&of.later_share), Interval::from(&of.half_time));
            [name.clone(), later.say(&Unit::Percent), half.say(&Unit::Of(format!("{}s", period(summary))))]
                .map(Cell::Text)
                .to_vec()
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    let columns = vec![
        Column::new("medium", "Medium", ""),
        Column::new("later", format!("Works after its own {}", period(summary)), ""),
        Column::new("half", "Half of it has worked after", ""),
    ];
    page.card("", "How long effects last", |page| page.table(&Table { columns, rows }, None));
}

/// What stands in place of findings.
pub(super) fn not_converged(page: &mut Html, summary: &Summary) {
    page.card("alarm", "Nothing may be decided with this fit", |page| {
        page.element(
            "p",
            "",
            "The sampler has not explored the posterior well enough. Contributions, returns and budgets from it would \
             be numbers without a meaning, so none are shown.",
        );
        page.list(summary.convergence.failures().map(|check| match check.name {
            CheckName::RHat => "The chains disagree: draw longer, and look for channels that always move together.",
            CheckName::EssBulk | CheckName::EssTail => "There are too few independent draws: draw longer.",
            CheckName::Divergences => {
                "The sampler lost its way: use narrower priors, or a higher target acceptance."
            }
        }));
    });
}

/// Whether all this can be believed.
pub(super) fn trust(page: &mut Html, summary: &Summary, diagnostics: Option<&Diagnostics>) {
    page.card("", "Can this be trusted?", |page| {
        page.raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Checks\"><table class=\"checks\"><tbody>");
        for check in &summary.convergence.checks {
            let name = match check.name {
                CheckName::RHat => "Chains agree",
                CheckName::EssBulk => "Enough draws, middle",
                CheckName::EssTail => "Enough draws, tails",
                CheckName::Divergences => "No divergences",
            };
            line(page, name, check.passed, &capital(&check.message));
        }
        if let Some(Diagnostics { health, checks, .. }) = diagnostics {
            for check in checks {
                let unit = Unit::Plain;
                let message = format!(
                    "Observed {}; the model would produce {}",
                    unit.say(check.observed),
                    Interval::from(&check.replicated).say(&unit)
                );
                line(page, statistic(check.statistic), !check.is_extreme(), &message);
            }
            page.raw("</tbody></table></div>").element("h3", "", "Health");
            page.raw("<div class=\"health\">");
            for component in &health.components {
                page.raw("<div><p>").text(&capital(&component.message)).raw("</p><meter min=\"0\" max=\"100\" low=\"50\" high=\"80\" optimum=\"100\" value=\"");
                page.text(&fixed(component.score, 0).replace(',', "")).raw("\"></meter><span class=\"num\">");
                page.text(&fixed(component.score, 0)).raw("</span></div>");
            }
            page.raw("</div>");
        } else {
            page.raw("</tbody></table></div>");
        }
        let measures = &summary.measures;
        let explained = format!(
            "The model explains {}\u{a0}% of the variance and is off by {}\u{a0}% on average; {}\u{a0}% of the {}s lie \
             inside the 90\u{a0}% band.",
            fixed(100.0 * measures.r_squared, 1),
            fixed(100.0 * measures.mape, 1),
            fixed(100.0 * measures.band_coverage, 0),
            period(summary)
        );
        let scored = summary.accuracy.as_ref().map(|accuracy| {
            format!(
                " Weighted by size the error is {}\u{a0}%; the continuously ranked probability score is {}.",
                fixed(100.0 * accuracy.wmape, 1),
                Unit::Of(summary.model.kpi.clone()).say(accuracy.crps)
            )
        });
        page.element("p", "", &(explained + &scored.unwrap_or_default()));
    });
    if let Some(Diagnostics { shifts, sensitivities, .. }) =
        diagnostics.filter(|_| summary.convergence.converged)
    {
        let columns = vec![
            Column::new("medium", "Medium", ""),
            Column::new("prior", "Contribution assumed", ""),
            Column::new("posterior", "Contribution found", ""),
            Column::new("decides", "What decides", ""),
        ];
        let unit = Unit::Of(String::new());
        let rows = shifts.iter().zip(sensitivities).map(|(shift, sensitivity)| {
            let decides = match sensitivity.influence {
                Influence::Data => "the data",
                Influence::Prior => "the prior; an experiment would help",
                Influence::Both => "both, and they pull at it",
            };
            let (prior, posterior) = (Interval::from(&shift.prior), Interval::from(&shift.posterior));
            [shift.name.clone(), prior.say(&unit), posterior.say(&unit), decides.to_owned()]
                .map(Cell::Text)
                .to_vec()
        });
        let table = Table { rows: rows.collect(), columns };
        page.card("", "What the data changed", |page| page.table(&table, None));
    }
}

fn line(page: &mut Html, name: &str, passed: bool, message: &str) {
    let (class, word) = if passed { ("badge good", "Passed") } else { ("badge bad", "Not passed") };
    page.raw("<tr><th scope=\"row\">").text(name).raw("</th><td>").element("span", class, word);
    page.raw(" ").text(message).raw("</td></tr>");
}

const fn statistic(of: Statistic) -> &'static str {
    match of {
        Statistic::Mean => "Mean of the KPI",
        Statistic::Spread => "Spread of the KPI",
        Statistic::Least => "Smallest value",
        Statistic::Most => "Largest value",
        Statistic::ResidualAutocorrelation => "Errors do not go on",
    }
}

/// What was assumed.
pub(super) fn assumptions(page: &mut Html, summary: &Summary) {
    let (spec, period) = (&summary.model.spec, period(summary));
    let season = match spec.fourier_order {
        0 => "No season was modelled; slow changes are in the baseline.".to_owned(),
        order => format!("Seasons repeat each year ({}).", counted(order as u64, "wave", "waves")),
    };
    let level = match (&spec.knots, spec.trend) {
        (Knots::None, true) => "A straight trend runs through the baseline.",
        (Knots::None, false) => "The level of the baseline does not change.",
        _ => "The level of the baseline may bend at knots.",
    };
    let worth = summary.model.kpi_value.map_or_else(
        || "A unit of the KPI has no value set, so nothing is said about paying off.".to_owned(),
        |value| format!("One unit of {} is worth {}.", summary.model.kpi, Unit::Plain.say(value)),
    );
    let controls = match summary.model.controls.as_slice() {
        [] => "Nothing else that moves the KPI was given; whatever it was is in the baseline.".to_owned(),
        controls => format!("Taken into account besides: {}.", controls.join(", ")),
    };
    let lag = counted(spec.max_lag as u64, period, &format!("{period}s"));
    let lines = [
        format!("The effect of media fades over at most {lag} and flattens as there is more of them."),
        season,
        level.to_owned(),
        controls,
        worth,
    ];
    page.card("", "What was assumed", |page| page.list(lines.iter().map(String::as_str)));
}

/// Every parameter, folded away.
pub(super) fn parameters(page: &mut Html, summary: &Summary) {
    let columns = [
        ("name", "Parameter"),
        ("mean", "Mean"),
        ("sd", "SD"),
        ("q5", "5\u{a0}%"),
        ("q95", "95\u{a0}%"),
        ("r_hat", "R-hat"),
        ("ess_bulk", "Draws, middle"),
        ("ess_tail", "Draws, tails"),
    ];
    let row = |of: &QuantitySummary| {
        let short = |value: Option<f64>, digits| Cell::Text(fixed(value.unwrap_or(f64::NAN), digits));
        let own = |value: f64| Cell::Text(Unit::Plain.say_short(value));
        let name = Cell::Text(of.name.clone());
        let numbers = [of.mean, of.sd, of.q5, of.q95].map(own);
        let figures = [short(of.r_hat, 4), short(of.ess_bulk, 0), short(of.ess_tail, 0)];
        std::iter::once(name).chain(numbers).chain(figures).collect()
    };
    let rows = summary.parameters.iter().chain(&summary.contributions).map(row).collect();
    let columns = columns.map(|(key, label)| Column::new(key, label, "")).to_vec();
    page.card("", "Every parameter", |page| {
        page.raw("<details><summary>Show as table</summary>");
        page.table(&Table { columns, rows }, None);
        page.close("details");
    });
}

/// What would make these numbers again.
pub(super) fn provenance(page: &mut Html, summary: &Summary) {
    let model = &summary.model;
    let settings = &model.settings;
    page.open("footer", "").element(
        "p",
        "muted",
        &format!(
            "Made by mmm-core {}: {} chains of {} draws after {} to adapt, seed {}. Data fingerprint {}.",
            model.crate_version,
            settings.chains,
            settings.draws,
            settings.tune,
            settings.seed,
            model.data_fingerprint
        ),
    );
    page.close("footer");
}

fn signed(value: f64) -> String {
    let text = fixed(value, 0);
    if value > 0.0 && text != "0" { format!("+{text}") } else { text }
}
