//! What a budget plan says.

use serde::{Deserialize, Serialize};

use crate::{diagnose::ConvergedFit, effect::Interval};

use super::{
    Budget, BudgetError, Objective, Planner,
    climb::{Landscape, climb},
    planner::{Curve, Priced},
    request::Limits,
    room::Room,
    solve::{Steadily, best_plan},
};

/// Steps of a [`SteadyCurve`].
const STEPS: usize = 32;
/// Draws for which the best split is looked for, and the steps of that search.
const REGRETTED: usize = 64;
const REGRET_STEPS: usize = 25;

/// A split of a budget, compared with today's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Periods that outcomes and gains are added up over.
    pub horizon: usize,
    /// Spend per period today: the observed mean over all channels.
    pub total_now: f64,
    /// Spend per period in the plan.
    pub total: f64,
    /// What the channels bring over the horizon with today's split, in KPI units.
    pub outcome_now: Interval,
    /// What they bring with the plan.
    pub outcome: Interval,
    /// The difference of the two, draw by draw.
    pub gain: Interval,
    /// The gain in money; absent without a worth of the KPI.
    pub gain_worth: Option<Interval>,
    /// The probability that the plan brings more than today's split.
    pub p_improvement: f64,
    /// The objective's value for the plan; absent in documents of version 1.
    #[serde(default)]
    pub utility: Option<f64>,
    /// By how much the best split of the plan's total would beat the plan if the draw were known to be
    /// the truth, over the horizon in KPI units; absent in documents of version 1.
    #[serde(default)]
    pub regret: Option<Interval>,
    /// Whether any channel leaves the range of spend that was observed.
    pub extrapolated: bool,
    /// Why a fit was acted upon that did not converge; absent where it did.
    #[serde(default)]
    pub overruled: Option<String>,
    /// One entry per paid channel, in the order of the data.
    pub channels: Vec<ChannelMove>,
}

/// One channel in a plan; amounts are money per period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelMove {
    /// The channel.
    pub name: String,
    /// The observed mean.
    pub now: f64,
    /// The plan.
    pub plan: f64,
    /// `plan / now - 1`.
    pub change: f64,
    /// The least it could get.
    pub low: f64,
    /// The most it could get.
    pub high: f64,
    /// What it brings over the horizon now, in KPI units.
    pub outcome_now: Interval,
    /// What it brings over the horizon in the plan.
    pub outcome: Interval,
    /// Worth of the next unit of constant spend now; KPI units without a worth.
    pub marginal_roi_now: f64,
    /// Worth of the next unit of constant spend in the plan.
    pub marginal_roi: f64,
    /// Whether the plan buys less or more than any observed period had.
    pub extrapolated: bool,
    /// The smallest and the largest pressure of any observed period, at its average cost; absent in documents of version 1.
    #[serde(default)]
    pub observed: Option<(f64, f64)>,
    /// What other amounts would bring; absent in documents of version 1.
    #[serde(default)]
    pub curve: Option<SteadyCurve>,
}

/// What a channel brings per period where every period has the same spend: from nothing to twice
/// today's mean, or to the plan where that is more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SteadyCurve {
    /// Spend per period, ascending from zero.
    pub spend: Vec<f64>,
    /// Outcome per period at each amount, in KPI units.
    pub outcome: Vec<Interval>,
}

impl ConvergedFit {
    /// The split of a budget with the greatest expected outcome.
    ///
    /// Averages over at most a thousand evenly chosen draws.
    ///
    /// # Errors
    ///
    /// [`BudgetError`] where the bounds cannot be met; it says which.
    pub fn optimize(&self, budget: &Budget) -> Result<Recommendation, BudgetError> {
        self.planner()?.optimize(budget)
    }
}

impl Planner {
    /// The split of a budget with the greatest expected outcome: the same as that of the fit.
    ///
    /// # Errors
    ///
    /// [`BudgetError`] where the bounds cannot be met; it says which.
    pub fn optimize(&self, budget: &Budget) -> Result<Recommendation, BudgetError> {
        let limits = budget.limits(&self.channels)?;
        let priced = self.channels.iter().zip(&limits.prices);
        let curves: Vec<Priced<'_>> =
            priced.map(|(channel, price)| Priced { channel, price: *price }).collect();
        let plan = best_plan(self, &curves, &limits)?;
        let recommendation = Recommendation::new(self, &curves, &limits, &plan);
        if recommendation.is_finite() { Ok(recommendation) } else { Err(BudgetError::NotFinite) }
    }
}

impl Recommendation {
    fn new(planner: &Planner, curves: &[Priced<'_>], limits: &Limits, plan: &[f64]) -> Self {
        let (horizon, worth, draws) = (limits.horizon as f64, planner.worth, planner.draws());
        let (mut all_now, mut all_plan) = (vec![0.0; draws], vec![0.0; draws]);
        let mut channels = Vec::with_capacity(plan.len());
        for (index, curve) in curves.iter().enumerate() {
            let over_horizon = |spend: f64, all: &mut [f64]| {
                let mut values = curve.over(horizon, spend);
                for (sum, value) in all.iter_mut().zip(&values) {
                    *sum += value;
                }
                Interval::of(&mut values)
            };
            let channel = curve.channel;
            let (now, planned) = (channel.now, plan[index]);
            let marginal = |spend: f64| worth.unwrap_or(1.0) * curve.at(spend).1;
            let (least, most) = channel.observed;
            channels.push(ChannelMove {
                name: channel.name.clone(),
                now,
                plan: planned,
                change: planned / now - 1.0,
                low: limits.room.low[index],
                high: limits.room.high[index],
                outcome_now: over_horizon(now, &mut all_now),
                outcome: over_horizon(planned, &mut all_plan),
                marginal_roi_now: marginal(now),
                marginal_roi: marginal(planned),
                extrapolated: !(least..=most).contains(&curve.price.at(planned).0),
                observed: Some(channel.observed),
                curve: Some(SteadyCurve::of(curve, planned)),
            });
        }
        let mut gains: Vec<f64> = all_plan.iter().zip(&all_now).map(|(plan, now)| plan - now).collect();
        let better = gains.iter().filter(|gain| **gain > 0.0).count();
        let gain = Interval::of(&mut gains);
        let spend: Vec<f64> = plan.iter().map(|amount| horizon * amount).collect();
        Self {
            utility: Some(limits.objective.utility(&all_plan, &spend)),
            horizon: limits.horizon,
            total_now: planner.channels.iter().map(|channel| channel.now).sum(),
            total: plan.iter().sum(),
            outcome_now: Interval::of(&mut all_now),
            outcome: Interval::of(&mut all_plan),
            gain,
            gain_worth: worth.map(|worth| gain.scaled(worth)),
            p_improvement: better as f64 / draws as f64,
            regret: Some(regret(curves, limits, plan, draws)),
            extrapolated: channels.iter().any(|channel| channel.extrapolated),
            overruled: planner.overruled.clone(),
            channels,
        }
    }

    fn is_finite(&self) -> bool {
        let curves = self.channels.iter().filter_map(|channel| channel.curve.as_ref());
        let intervals = self.channels.iter().flat_map(|channel| [channel.outcome_now, channel.outcome]);
        let intervals = intervals
            .chain([self.outcome_now, self.outcome, self.gain])
            .chain(self.gain_worth)
            .chain(self.regret);
        let intervals = intervals.chain(curves.flat_map(|curve| curve.outcome.iter().copied()));
        let slopes =
            self.channels.iter().flat_map(|channel| [channel.marginal_roi_now, channel.marginal_roi]);
        intervals.flat_map(|i| [i.mean, i.median, i.q5, i.q95]).chain(slopes).all(f64::is_finite)
    }
}

impl SteadyCurve {
    fn of(curve: &Priced<'_>, plan: f64) -> Self {
        let end = (2.0 * curve.channel.now).max(plan);
        let spend: Vec<f64> = (0..=STEPS).map(|step| end * step as f64 / STEPS as f64).collect();
        Self { outcome: curve.curve(&spend), spend }
    }
}

/// What is lost by not knowing the truth: in some of the draws, climbed from the plan.
fn regret(curves: &[Priced<'_>], limits: &Limits, plan: &[f64], draws: usize) -> Interval {
    let room = Room { total: Some(plan.iter().sum()), ..limits.room.clone() };
    let mut land = Steadily::new(curves, limits, vec![0]);
    land.objective = Objective::Mean;
    let mut slopes = vec![0.0; plan.len()];
    let lost = (0..draws).step_by(draws.div_ceil(REGRETTED).max(1)).map(|draw| {
        land.draws[0] = draw;
        let planned = land.at(plan, &mut slopes);
        (climb(&mut land, &room, plan.to_vec(), REGRET_STEPS).value - planned).max(0.0)
    });
    Interval::of(&mut lost.collect::<Vec<f64>>())
}
