//! What dated spend brings, draw by draw, with what earlier spend still does and what this spend does
//! later.
//!
//! ```text
//! s[t] = sum over l of w[l] p[t - l]         p = the last periods of the data, then the plan, then nothing
//! outcome = sum over c, t of beta[c] f(s[c, t])        t from the plan's first period to the end of its effect
//! ```
//!
//! Saturation first: `f` before the sum. Where every period of a channel gets the same, all periods
//! beyond the memory are one and are computed once.

use ndarray::ArrayView1;

use crate::{
    fit::Fit,
    model::{Draw, Reaction, ShapeValues, Steps},
    transform::MOST_PARAMETERS,
    vector::sum,
};

use super::{Objective, climb::Landscape, objective::Slopes, price::Price};

/// Everything the outcome of dated spend depends on.
pub(super) struct Dated {
    channels: Vec<DatedChannel>,
    /// Periods that are computed: all, or as many as the memory.
    periods: usize,
    /// How often the last of them stands for others.
    repeated: f64,
    /// One amount per channel, or one per channel and period.
    even: bool,
    draws: usize,
    horizon: f64,
}

struct DatedChannel {
    reaction: Reaction,
    /// Scaled pressure before the plan.
    past: Vec<f64>,
    /// Scaled pressure per unit of money.
    per_money: f64,
    price: Price,
    lags: usize,
    /// The adstock weights of every draw, one after the other.
    weights: Vec<f64>,
    shapes: Vec<[f64; MOST_PARAMETERS]>,
    parameters: usize,
    /// KPI units per unit of the curve.
    heights: Vec<f64>,
}

/// The utility of dated spend in every so-many-th draw.
pub(super) struct Calendar<'a> {
    pub(super) dated: &'a Dated,
    pub(super) objective: Objective,
    /// Every so-many-th draw counts.
    pub(super) every: usize,
    /// What a unit of spend costs, in units of the utility.
    pub(super) toll: f64,
    outcomes: Vec<f64>,
    slopes: Slopes,
    /// First and second step of every channel and draw.
    steps: Vec<Steps>,
    scratch: Vec<f64>,
    adjoint: Vec<f64>,
}

impl Dated {
    /// At most so many draws, evenly chosen.
    pub(super) fn new(fit: &Fit, prices: &[Price], horizon: usize, even: bool, most_draws: usize) -> Self {
        let (model, media) = (fit.model(), fit.model().parts().media());
        let draws: Vec<ArrayView1<'_, f64>> = fit.some_draws(most_draws).collect();
        let mut work = media.work();
        let channels =
            model.data().channels().iter().zip(prices).enumerate().map(|(index, (channel, price))| {
                let (places, history) = (model.layout().channel(index), media.history(index));
                let memory = history.len() - model.data().periods();
                let (past, lags) = (history[history.len() - memory..].to_vec(), memory + 1);
                let mut dated = DatedChannel {
                    reaction: media.reaction(index),
                    per_money: 1.0 / (channel.cost_per_unit() * media.scales()[index]),
                    price: *price,
                    lags,
                    weights: Vec::with_capacity(lags * draws.len()),
                    shapes: Vec::with_capacity(draws.len()),
                    parameters: places.saturation.len(),
                    heights: Vec::with_capacity(draws.len()),
                    past,
                };
                for parameters in &draws {
                    let mut shapes = ShapeValues::default();
                    media.forward(index, shapes.read_with(places, |place| parameters[place]), &mut work);
                    dated.weights.extend_from_slice(work.weights(index));
                    let mut shape = [0.0; MOST_PARAMETERS];
                    for (value, place) in shape.iter_mut().zip(&places.saturation) {
                        *value = parameters[*place];
                    }
                    dated.shapes.push(shape);
                    dated.heights.push(parameters[places.beta] * model.kpi_scale());
                }
                dated
            });
        let channels: Vec<DatedChannel> = channels.collect();
        let memory = channels.iter().map(|channel| channel.lags).max().unwrap_or(1);
        let periods = if even { horizon.min(memory) } else { horizon };
        Self {
            channels,
            periods,
            repeated: (horizon - periods + 1) as f64,
            even,
            draws: draws.len(),
            horizon: horizon as f64,
        }
    }

    /// Outcomes of a plan in all draws: during the plan, and after it.
    pub(super) fn outcomes(&self, amounts: &[f64]) -> Vec<(f64, f64)> {
        let mut steps = Steps::default();
        let (mut bought, mut series) = (Vec::new(), Vec::new());
        let mut sums = vec![(0.0, 0.0); self.draws];
        for (index, channel) in self.channels.iter().enumerate() {
            self.buy(index, amounts, &mut bought);
            channel.series(&bought, &mut series);
            for (draw, sum) in sums.iter_mut().enumerate() {
                channel.reaction.forward(channel.draw(draw), &series, &mut steps);
                let (during, after) = steps.outer.split_at(self.periods);
                let last = during.last().copied().unwrap_or(0.0);
                let during = during.iter().sum::<f64>() + (self.repeated - 1.0) * last;
                sum.0 += channel.heights[draw] * during;
                sum.1 += channel.heights[draw] * after.iter().sum::<f64>();
            }
        }
        sums
    }

    pub(super) fn calendar(&self, objective: Objective) -> Calendar<'_> {
        Calendar {
            dated: self,
            objective,
            every: 1,
            toll: 0.0,
            outcomes: Vec::new(),
            slopes: Slopes::default(),
            steps: Vec::new(),
            scratch: Vec::new(),
            adjoint: Vec::new(),
        }
    }

    /// The amount of a channel in a computed period.
    fn amount(&self, amounts: &[f64], channel: usize, period: usize) -> f64 {
        if self.even { amounts[channel] } else { amounts[channel * self.periods + period] }
    }

    /// Scaled pressure that a channel's amounts buy.
    fn buy(&self, index: usize, amounts: &[f64], bought: &mut Vec<f64>) {
        let channel = &self.channels[index];
        bought.clear();
        bought.extend(
            (0..self.periods)
                .map(|period| channel.per_money * channel.price.at(self.amount(amounts, index, period)).0),
        );
    }
}

impl DatedChannel {
    /// The past, the plan, and nothing for as long as the plan is remembered.
    fn series(&self, bought: &[f64], series: &mut Vec<f64>) {
        series.clear();
        series.extend_from_slice(&self.past);
        series.extend_from_slice(bought);
        series.resize(self.past.len() + bought.len() + self.lags - 1, 0.0);
    }

    fn draw(&self, draw: usize) -> Draw<'_> {
        Draw {
            weights: &self.weights[draw * self.lags..(draw + 1) * self.lags],
            shape: &self.shapes[draw][..self.parameters],
        }
    }
}

impl Landscape for Calendar<'_> {
    fn at(&mut self, amounts: &[f64], slopes: &mut [f64]) -> f64 {
        let dated = self.dated;
        let draws: Vec<usize> = (0..dated.draws).step_by(self.every).collect();
        self.outcomes.clear();
        self.outcomes.resize(draws.len(), 0.0);
        self.steps.resize_with(dated.channels.len() * draws.len(), Steps::default);
        let (mut bought, mut all_series) = (Vec::new(), vec![Vec::new(); dated.channels.len()]);
        for (index, channel) in dated.channels.iter().enumerate() {
            dated.buy(index, amounts, &mut bought);
            channel.series(&bought, &mut all_series[index]);
            for (place, draw) in draws.iter().enumerate() {
                let steps = &mut self.steps[index * draws.len() + place];
                channel.reaction.forward(channel.draw(*draw), &all_series[index], steps);
                let repeated = (dated.repeated - 1.0) * steps.outer[dated.periods - 1];
                self.outcomes[place] += channel.heights[*draw] * (sum(&steps.outer) + repeated);
            }
        }
        let share = |channel: usize| -> f64 {
            let spent: f64 = (0..dated.periods).map(|period| dated.amount(amounts, channel, period)).sum();
            if dated.even { dated.horizon * amounts[channel] } else { spent }
        };
        let spend: Vec<f64> = (0..dated.channels.len()).map(share).collect();
        let utility = self.objective.evaluate(&self.outcomes, &spend, &mut self.slopes);
        slopes.fill(0.0);
        for (index, channel) in dated.channels.iter().enumerate() {
            let series = &all_series[index];
            self.scratch.clear();
            self.scratch.resize(series.len(), 0.0);
            for (place, draw) in draws.iter().enumerate() {
                let by_outcome = self.slopes.by_outcome[place];
                if by_outcome == 0.0 {
                    continue;
                }
                let steps = &self.steps[index * draws.len() + place];
                self.adjoint.clear();
                self.adjoint.resize(steps.outer.len(), by_outcome * channel.heights[*draw]);
                self.adjoint[dated.periods - 1] *= dated.repeated;
                let own = channel.draw(*draw);
                channel.reaction.backward(own, series, steps, &mut self.adjoint, &mut self.scratch);
            }
            let by_spend = self.slopes.by_spend[index] - self.toll;
            for period in 0..dated.periods {
                let place = if dated.even { index } else { index * dated.periods + period };
                let by_money = channel.per_money
                    * channel.price.at(dated.amount(amounts, index, period)).1
                    * self.scratch[channel.past.len() + period];
                slopes[place] += by_money;
                if !dated.even {
                    slopes[place] += by_spend;
                }
            }
            if dated.even {
                slopes[index] += dated.horizon * by_spend;
            }
        }
        utility - self.toll * spend.iter().sum::<f64>()
    }
}
