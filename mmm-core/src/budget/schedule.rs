//! A budget with dates: how much each channel gets in each period, and what that brings during the
//! plan and after it.
//!
//! Unlike a [`Recommendation`](super::Recommendation), which compares steady states, a schedule starts
//! from the spend of the last observed periods, whose effect is not over, and ends with an effect of
//! its own that outlasts it. Today's mean spend, period after period, is judged by the same rule.

use serde::{Deserialize, Serialize};

use crate::{diagnose::ConvergedFit, effect::Interval};

use super::{
    Budget, BudgetError,
    climb::{Top, climb},
    dated::Dated,
    planner::Priced,
    request::{Aim, Limits},
    room::{Room, Sum},
    solve::best_plan,
};

/// The most draws that are averaged over; they are taken evenly from all.
const MOST_DRAWS: usize = 1000;
/// The first climb looks at every so-many-th draw only.
const EVERY: usize = 10;
const ROUGH_STEPS: usize = 80;
const FINE_STEPS: usize = 25;

/// How the money of a channel may be spread over the periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flighting {
    /// The same in every period.
    Even,
    /// As it brings most: from nothing to the larger of a channel's upper bound and the most that was
    /// ever spent on it in a period.
    Free,
}

/// Amounts per channel and period, compared with today's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Periods of the plan.
    pub horizon: usize,
    /// Money over all periods and channels.
    pub total: f64,
    /// What the channels bring during the plan and after it, the rest of earlier spend included, in
    /// KPI units.
    pub outcome: Interval,
    /// The part of it that arrives after the plan.
    pub after: Interval,
    /// What earlier spend alone still brings.
    pub carried_in: Interval,
    /// What today's mean spend in every period would bring, during and after.
    pub outcome_now: Interval,
    /// The difference, draw by draw.
    pub gain: Interval,
    /// The gain in money; absent without a worth of the KPI.
    pub gain_worth: Option<Interval>,
    /// The probability that the plan brings more than today's mean spend.
    pub p_improvement: f64,
    /// Whether any channel leaves the range of spend that was observed.
    pub extrapolated: bool,
    /// One entry per paid channel, in the order of the data.
    pub channels: Vec<ScheduledChannel>,
}

/// One channel of a schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduledChannel {
    /// The channel.
    pub name: String,
    /// The observed mean spend per period.
    pub now: f64,
    /// Spend per period of the plan.
    pub spend: Vec<f64>,
    /// Whether any period buys less or more than any observed period had.
    pub extrapolated: bool,
}

impl ConvergedFit {
    /// The dated plan of the greatest utility.
    ///
    /// Bounds, groups and ratios hold for the mean over the horizon. A budget with a target return
    /// spends as much as its steady plan.
    ///
    /// # Errors
    ///
    /// [`BudgetError`] where the conditions cannot be met; it says which.
    pub fn schedule(&self, budget: &Budget, flighting: Flighting) -> Result<Schedule, BudgetError> {
        let planner = self.planner()?;
        let mut limits = budget.limits(&planner.channels)?;
        let curves: Vec<Priced<'_>> = planner
            .channels
            .iter()
            .zip(&limits.prices)
            .map(|(channel, price)| Priced { channel, price: *price })
            .collect();
        let steady = best_plan(&planner, &curves, &limits)?;
        if let Aim::ReturnAtLeast(_) = limits.aim {
            limits.aim = Aim::Total;
            limits.room.total = Some(steady.iter().sum());
        }
        let even = flighting == Flighting::Even;
        let dated = Dated::new(self, &limits.prices, limits.horizon, even, MOST_DRAWS);
        let peaks: Vec<f64> =
            self.model().data().channels().iter().map(|channel| peak(channel.spend())).collect();
        let room = if even { limits.room.clone() } else { by_period(&limits, &peaks) };
        let toll = match limits.aim {
            Aim::MarginalReturn(target) => target / planner.worth.unwrap_or(1.0),
            Aim::Total | Aim::ReturnAtLeast(_) => 0.0,
        };
        let starts: Vec<Vec<f64>> = if even {
            vec![steady]
        } else {
            // An even start, and one of pulses: on an S-curve evenness is a pass between two summits.
            let spread = |pulse: f64| {
                let period = |at: usize| if at.is_multiple_of(2) { 1.0 + pulse } else { 1.0 - pulse };
                steady
                    .iter()
                    .flat_map(|amount| (0..limits.horizon).map(move |at| amount * period(at)))
                    .collect()
            };
            vec![spread(0.0), spread(1.0)]
        };
        let mut calendar = dated.calendar(limits.objective);
        calendar.toll = toll;
        calendar.every = EVERY;
        let rough = starts.into_iter().map(|start| climb(&mut calendar, &room, start, ROUGH_STEPS));
        let best = rough.reduce(|best: Top, other| if other.value > best.value { other } else { best });
        calendar.every = 1;
        let plan = climb(&mut calendar, &room, best.map_or_else(Vec::new, |top| top.amounts), FINE_STEPS);
        let schedule = self.appraise(&dated, &limits, &plan.amounts, even);
        if schedule.is_finite() { Ok(schedule) } else { Err(BudgetError::NotFinite) }
    }

    fn appraise(&self, dated: &Dated, limits: &Limits, amounts: &[f64], even: bool) -> Schedule {
        let data = self.model().data();
        let spread = |per_channel: &[f64]| -> Vec<f64> {
            let periods = amounts.len() / data.channels().len();
            per_channel.iter().flat_map(|amount| std::iter::repeat_n(*amount, periods)).collect()
        };
        let mean = |spend: &[f64]| spend.iter().sum::<f64>() / spend.len() as f64;
        let now: Vec<f64> = data.channels().iter().map(|channel| mean(channel.spend())).collect();
        let (plan, today) = (dated.outcomes(amounts), dated.outcomes(&spread(&now)));
        let nothing = dated.outcomes(&spread(&vec![0.0; now.len()]));
        let total =
            |parts: &[(f64, f64)]| parts.iter().map(|(during, after)| during + after).collect::<Vec<f64>>();
        let (mut outcome, mut outcome_now, mut carried_in) = (total(&plan), total(&today), total(&nothing));
        let mut gains: Vec<f64> = outcome.iter().zip(&outcome_now).map(|(plan, now)| plan - now).collect();
        let better = gains.iter().filter(|gain| **gain > 0.0).count() as f64 / gains.len() as f64;
        let gain = Interval::of(&mut gains);
        let channels = data.channels().iter().enumerate().map(|(index, channel)| {
            let spend: Vec<f64> = if even {
                vec![amounts[index]; limits.horizon]
            } else {
                amounts[index * limits.horizon..(index + 1) * limits.horizon].to_vec()
            };
            let cost = channel.cost_per_unit();
            let seen = channel.pressure().iter().fold((f64::INFINITY, 0.0_f64), |(least, most), pressure| {
                (least.min(cost * pressure), most.max(cost * pressure))
            });
            // The least and the most that was seen, with room for rounding.
            let beyond = |amount: &f64| {
                let bought = limits.prices[index].at(*amount).0;
                bought < seen.0 * (1.0 - 1e-9) || bought > seen.1 * (1.0 + 1e-9)
            };
            ScheduledChannel {
                name: channel.name().to_owned(),
                now: now[index],
                extrapolated: spend.iter().any(beyond),
                spend,
            }
        });
        let channels: Vec<ScheduledChannel> = channels.collect();
        Schedule {
            horizon: limits.horizon,
            total: channels.iter().flat_map(|channel| &channel.spend).sum(),
            outcome: Interval::of(&mut outcome),
            after: Interval::of(&mut plan.iter().map(|(_, after)| *after).collect::<Vec<f64>>()),
            carried_in: Interval::of(&mut carried_in),
            outcome_now: Interval::of(&mut outcome_now),
            gain,
            gain_worth: data.kpi_value().map(|worth| gain.scaled(worth)),
            p_improvement: better,
            extrapolated: channels.iter().any(|channel| channel.extrapolated),
            channels,
        }
    }
}

impl Schedule {
    fn is_finite(&self) -> bool {
        let intervals = [self.outcome, self.after, self.carried_in, self.outcome_now, self.gain];
        let spends = self.channels.iter().flat_map(|channel| channel.spend.iter().copied());
        intervals.into_iter().flat_map(|i| [i.mean, i.median, i.q5, i.q95]).chain(spends).all(f64::is_finite)
    }
}

fn peak(spend: &[f64]) -> f64 {
    spend.iter().copied().fold(0.0, f64::max)
}

/// The same conditions for one amount per channel and period: on the mean of the periods.
fn by_period(limits: &Limits, peaks: &[f64]) -> Room {
    let (room, horizon) = (&limits.room, limits.horizon);
    let periods = horizon as f64;
    let each = |values: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..room.low.len()).flat_map(|channel| std::iter::repeat_n(values(channel), horizon)).collect()
    };
    let of_channels = room.sums.iter().map(|sum| Sum {
        weights: each(&|channel| sum.weights[channel]),
        low: periods * sum.low,
        high: periods * sum.high,
    });
    let of_periods = (0..room.low.len()).map(|only| Sum {
        weights: each(&|channel| f64::from(u8::from(channel == only))),
        low: periods * room.low[only],
        high: periods * room.high[only],
    });
    Room {
        low: each(&|_| 0.0),
        high: each(&|channel| peaks[channel].max(room.high[channel])),
        total: room.total.map(|total| periods * total),
        sums: of_channels.chain(of_periods).collect(),
        sizes: each(&|channel| room.sizes[channel]),
    }
}
