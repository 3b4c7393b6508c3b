//! Says the checks of a sampler and the parameters of a model in words.

use mmm_core::artifact::{QuantitySummary, Summary};
use mmm_core::diagnose::{CheckName, Convergence};

use crate::words::{Interval, Unit, capital, count, counted, fixed, list};

use super::from_summary::{interval, period};
use super::run::{Diagnostic, Measure, Parameter};

/// Every check, failing ones first, each with what to do where it failed.
pub(super) fn checks(convergence: &Convergence) -> Vec<Diagnostic> {
    let mut checks: Vec<Diagnostic> = convergence
        .checks
        .iter()
        .map(|check| Diagnostic {
            name: title(check.name).to_owned(),
            found: if check.name == CheckName::Divergences {
                divergences(convergence)
            } else {
                capital(&named(&check.message))
            },
            passed: check.passed,
            advice: if check.passed { String::new() } else { advice(check.name).to_owned() },
        })
        .collect();
    checks.sort_by_key(|check| check.passed);
    checks
}

/// The verdict as one sentence.
pub(super) fn sentence(convergence: &Convergence) -> String {
    if convergence.converged {
        let r_hat =
            convergence.worst_r_hat.map_or(String::new(), |value| format!(" (R-hat {})", fixed(value, 3)));
        return format!("The chains agree{r_hat}; {}.", lower(&divergences(convergence)));
    }
    let failed: Vec<String> = convergence.failures().map(|check| lower(title(check.name))).collect();
    let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
    format!("Not passed: {}.", list(&failed))
}

/// How well the model describes the data, each figure with what it means.
pub(super) fn measures(summary: &Summary) -> Vec<Measure> {
    let (kpi, period, of) = (&summary.model.kpi, period(summary), &summary.measures);
    let percent = |share: f64, decimals| format!("{}\u{a0}%", fixed(share * 100.0, decimals));
    let measure = |name: &str, found: String| Measure { name: name.to_owned(), found };
    let mut measures = vec![
        measure(
            "Variation explained (R²)",
            format!("{} of the ups and downs of {kpi}", percent(of.r_squared, 1)),
        ),
        measure("Typical error (MAPE)", format!("{} of {kpi} in an average {period}", percent(of.mape, 1))),
    ];
    if let Some(accuracy) = summary.accuracy {
        measures.extend([
            measure("Error by volume (wMAPE)", format!("{} of all {kpi}", percent(accuracy.wmape, 1))),
            measure(
                "Error against the range (NRMSE)",
                format!(
                    "{} of the distance from the lowest to the highest {period}",
                    percent(accuracy.nrmse, 1)
                ),
            ),
            measure(
                "Error of the whole prediction (CRPS)",
                format!(
                    "{}: the lower, the better band and line fit together",
                    Unit::Of(kpi.clone()).say(accuracy.crps)
                ),
            ),
        ]);
    }
    measures.push(measure(
        "Inside the 90\u{a0}% band",
        format!("{} of the {period}s; close to 90\u{a0}% is right", percent(of.band_coverage, 0)),
    ));
    measures
}

/// How long each channel's effect lasts; nothing for what is not known.
pub(super) fn carry_over(summary: &Summary) -> Vec<Measure> {
    let many = format!("{}s", period(summary));
    let one = |channel: &mmm_core::artifact::ChannelSummary| {
        let carried = channel.carry_over.as_ref()?;
        let half = interval(&carried.half_time).say(&Unit::Of(many.clone()));
        let later = interval(&carried.later_share).say(&Unit::Percent);
        let found =
            format!("half of it within {half}; {later} comes after the {} of the spend", period(summary));
        Some(Measure { name: channel.name.clone(), found })
    };
    summary.channels.iter().filter_map(one).collect()
}

/// A parameter under a name that says what it does.
pub(super) fn parameter(quantity: &QuantitySummary) -> Parameter {
    let unknown = |figure: Option<f64>| figure.unwrap_or(f64::NAN);
    Parameter {
        name: readable(&quantity.name),
        value: Interval::new(quantity.mean, quantity.q5, quantity.q95),
        r_hat: unknown(quantity.r_hat),
        ess_bulk: unknown(quantity.ess_bulk),
        ess_tail: unknown(quantity.ess_tail),
    }
}

const fn title(name: CheckName) -> &'static str {
    match name {
        CheckName::RHat => "Chains agree",
        CheckName::EssBulk => "Enough independent draws",
        CheckName::EssTail => "Enough draws in the tails",
        CheckName::Divergences => "The sampler could follow",
    }
}

const fn advice(name: CheckName) -> &'static str {
    match name {
        CheckName::RHat => {
            "Run again. If it stays, look for channels that were always booked together, or use a longer window."
        }
        CheckName::EssBulk | CheckName::EssTail => {
            "Run again. If it stays, the data says little about this quantity: merge small channels or use a longer window."
        }
        CheckName::Divergences => {
            "Check the data for outliers and for channels with very few active periods, then run again."
        }
    }
}

/// The message with the parameter in its brackets under a readable name.
fn named(message: &str) -> String {
    match message.split_once('(').and_then(|(head, rest)| Some((head, rest.rsplit_once(')')?))) {
        Some((head, (name, tail))) => format!("{head}({}){tail}", readable(name)),
        None => message.to_owned(),
    }
}

/// `None of 4,000 draws diverged`, `One of 4,000 draws diverged: harmless`.
fn divergences(convergence: &Convergence) -> String {
    let kept = counted(convergence.kept as u64, "draw", "draws");
    let harmless = convergence.checks.iter().any(|c| c.name == CheckName::Divergences && c.passed);
    let verdict = if harmless { "harmless" } else { "too many" };
    match convergence.divergences as u64 {
        0 => format!("None of {kept} diverged"),
        1 => format!("One of {kept} diverged: {verdict}"),
        n => format!("{} of {kept} diverged: {verdict}", count(n)),
    }
}

/// `saturation_beta[tv]` as "tv: strength". A name that is not known stays as it is.
fn readable(name: &str) -> String {
    let Some((kind, owner)) = name.strip_suffix(']').and_then(|name| name.split_once('[')) else {
        return match name {
            "intercept" => "Intercept".to_owned(),
            "sigma" => "Noise".to_owned(),
            other => other.to_owned(),
        };
    };
    let what = match kind {
        "adstock_alpha" => "share kept per period",
        "saturation_lam" => "speed of saturation",
        "saturation_slope" => "steepness of saturation",
        "saturation_kappa" => "spend at half saturation, as a share of the largest",
        "saturation_beta" => "strength",
        "gamma_control" => "effect of this control",
        "gamma_fourier" => "season",
        other => other,
    };
    format!("{owner}: {what}")
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use mmm_core::diagnose::Check;

    use super::*;

    fn convergence(divergences: usize, r_hat_passed: bool) -> Convergence {
        let check = |name, passed| Check { name, passed, message: "the largest R-hat is 1.5".into() };
        Convergence {
            converged: r_hat_passed,
            checks: vec![
                check(CheckName::EssBulk, true),
                check(CheckName::RHat, r_hat_passed),
                check(CheckName::Divergences, true),
            ],
            worst_r_hat: Some(1.0022),
            min_ess_bulk: Some(1700.0),
            min_ess_tail: Some(1500.0),
            divergences,
            kept: 4000,
        }
    }

    #[test]
    fn the_verdict_is_said_in_words() {
        let good = sentence(&convergence(1, true));
        assert_eq!(good, "The chains agree (R-hat 1.002); one of 4,000 draws diverged: harmless.");
        assert_eq!(sentence(&convergence(0, false)), "Not passed: chains agree.");
    }

    #[test]
    fn failing_checks_come_first_and_say_what_to_do() {
        let checks = checks(&convergence(0, false));
        assert!(!checks[0].passed && !checks[0].advice.is_empty());
        assert!(checks[1..].iter().all(|check| check.passed && check.advice.is_empty()));
    }

    #[test]
    fn parameters_have_readable_names() {
        assert_eq!(readable("saturation_beta[TV [DE]]"), "TV [DE]: strength");
        assert_eq!(readable("mystery"), "mystery");
        assert_eq!(named("the largest (sigma); must"), "the largest (Noise); must");
    }
}
