//! The best plan within the limits of a request.
//!
//! The expected outcome of a fixed total within bounds is a sum of one function per channel: its best
//! split is found on a grid, whatever the shape of the curves, and refined. Everything else, risk,
//! groups, ratios and flexible totals, is climbed with exact slopes, from today's split and from that
//! best split.

use super::{
    BudgetError, Objective, Planner,
    climb::{Landscape, Top, climb},
    objective::Slopes,
    planner::Priced,
    request::{Aim, Limits},
    room::Room,
    search::best_split,
};

const MOST_STEPS: usize = 300;
/// Totals that are tried for a target return, and halvings between the last that reaches it and the
/// next.
const TOTALS: usize = 12;
const HALVINGS: usize = 14;

/// The utility of steady spend in some draws.
pub(super) struct Steadily<'a> {
    pub(super) curves: &'a [Priced<'a>],
    pub(super) horizon: f64,
    pub(super) objective: Objective,
    /// The draws that count.
    pub(super) draws: Vec<usize>,
    /// What a unit of spend per period costs, in units of the utility.
    pub(super) toll: f64,
    outcomes: Vec<f64>,
    by_spend: Vec<f64>,
    slopes: Slopes,
}

impl<'a> Steadily<'a> {
    pub(super) fn new(curves: &'a [Priced<'a>], limits: &Limits, draws: Vec<usize>) -> Self {
        Self {
            curves,
            horizon: limits.horizon as f64,
            objective: limits.objective,
            outcomes: vec![0.0; draws.len()],
            by_spend: vec![0.0; draws.len() * curves.len()],
            slopes: Slopes::default(),
            draws,
            toll: 0.0,
        }
    }
}

impl Landscape for Steadily<'_> {
    fn at(&mut self, amounts: &[f64], slopes: &mut [f64]) -> f64 {
        self.outcomes.fill(0.0);
        let by_channel = self.by_spend.chunks_exact_mut(self.draws.len());
        for ((curve, amount), by_spend) in self.curves.iter().zip(amounts).zip(by_channel) {
            for ((draw, outcome), slope) in self.draws.iter().zip(&mut self.outcomes).zip(by_spend) {
                let (value, by_amount) = curve.of_draw(*draw, *amount);
                *outcome += self.horizon * value;
                *slope = self.horizon * by_amount;
            }
        }
        let spend: Vec<f64> = amounts.iter().map(|amount| self.horizon * amount).collect();
        let utility = self.objective.evaluate(&self.outcomes, &spend, &mut self.slopes);
        let by_channel = self.by_spend.chunks_exact(self.draws.len());
        for ((slope, by_spend), direct) in slopes.iter_mut().zip(by_channel).zip(&self.slopes.by_spend) {
            *slope =
                crate::vector::dot(by_spend, &self.slopes.by_outcome) + self.horizon * direct - self.toll;
        }
        utility - self.toll * amounts.iter().sum::<f64>()
    }
}

/// The best amounts per period.
pub(super) fn best_plan(
    planner: &Planner,
    curves: &[Priced<'_>],
    limits: &Limits,
) -> Result<Vec<f64>, BudgetError> {
    match limits.aim {
        Aim::Total => Ok(best_in(planner, curves, limits, &limits.room, 0.0)),
        Aim::MarginalReturn(target) => {
            let toll = target * limits.horizon as f64 / planner.worth.unwrap_or(1.0);
            Ok(best_in(planner, curves, limits, &limits.room, toll))
        }
        Aim::ReturnAtLeast(target) => highest_total(planner, curves, limits, target),
    }
}

/// The best amounts in a room, where every unit of spend costs a toll.
fn best_in(planner: &Planner, curves: &[Priced<'_>], limits: &Limits, room: &Room, toll: f64) -> Vec<f64> {
    let today: Vec<f64> = planner.channels.iter().map(|channel| channel.now).collect();
    let steady = Room { total: Some(room.total.unwrap_or_else(|| today.iter().sum())), ..room.clone() };
    let split = best_split(curves, &steady);
    if limits.objective == Objective::Mean && room.sums.is_empty() && room.total.is_some() {
        return split;
    }
    let mut land = Steadily::new(curves, limits, (0..planner.draws()).collect());
    land.toll = toll;
    let starts = [split, today, room.low.clone(), room.high.clone()];
    let tops = starts.map(|start| climb(&mut land, room, start, MOST_STEPS));
    let best =
        tops.into_iter().reduce(|best: Top, other| if other.value > best.value { other } else { best });
    best.map_or_else(Vec::new, |top| top.amounts)
}

/// The most that can be spent with a return of the target at least.
fn highest_total(
    planner: &Planner,
    curves: &[Priced<'_>],
    limits: &Limits,
    target: f64,
) -> Result<Vec<f64>, BudgetError> {
    let room = &limits.room;
    let (mut land, mut slopes) =
        (Steadily::new(curves, limits, (0..planner.draws()).collect()), vec![0.0; curves.len()]);
    let mut at = |total: f64| {
        let plan = best_in(planner, curves, limits, &Room { total: Some(total), ..room.clone() }, 0.0);
        let spent = limits.horizon as f64 * plan.iter().sum::<f64>();
        let worth = planner.worth.unwrap_or(1.0) * land.at(&plan, &mut slopes);
        (if spent > 0.0 { worth / spent } else { f64::INFINITY }, plan)
    };
    let (least, most) = extremes(room);
    let step = (most - least) / TOTALS as f64;
    let (mut best, mut found) = (f64::NEG_INFINITY, None);
    for place in (0..=TOTALS).rev() {
        let (returned, plan) = at(least + step * place as f64);
        best = best.max(returned);
        if returned >= target {
            found = Some((place, plan));
            break;
        }
    }
    let (place, mut plan) = found.ok_or(BudgetError::OutOfReach { target, best })?;
    if place == TOTALS {
        return Ok(plan);
    }
    let (mut enough, mut too_much) = (least + step * place as f64, least + step * (place + 1) as f64);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (enough + too_much);
        let (returned, candidate) = at(middle);
        if returned >= target {
            (enough, plan) = (middle, candidate);
        } else {
            too_much = middle;
        }
    }
    Ok(plan)
}

/// The smallest and the largest total that a room allows.
fn extremes(room: &Room) -> (f64, f64) {
    let total = |sign: f64| {
        let top = climb(&mut Total(sign), room, room.low.clone(), MOST_STEPS);
        sign * top.value
    };
    (total(-1.0), total(1.0))
}

/// The total itself, or its negative.
struct Total(f64);

impl Landscape for Total {
    fn at(&mut self, amounts: &[f64], slopes: &mut [f64]) -> f64 {
        slopes.fill(self.0);
        self.0 * amounts.iter().sum::<f64>()
    }
}
