//! A plan as it is asked for in an address. The form of the page and programs write it alike:
//!
//! | parameter        | means                                                        |
//! |------------------|--------------------------------------------------------------|
//! | `analysis`       | the run; the newest converged one without it                 |
//! | `total`          | money per period over all channels; today's without it       |
//! | `horizon`        | periods that the gain is added up over; 13 without it        |
//! | `min.{channel}`  | the least it gets per period; half of today's without it     |
//! | `max.{channel}`  | the most; one and a half times of today's without it         |
//! | `lock.{channel}` | `now`, or the amount that it gets whatever else happens      |
//!
//! Empty values count as not given. What is not in this table is refused, so that a typing error does
//! not pass for a bound that is kept.

use std::collections::BTreeMap;

use mmm_core::budget::{Budget, BudgetError, Recommendation};

use crate::failure::Failure;
use crate::view::encoded;
use crate::words::{Unit, list, read_amount};

/// The most periods a plan may look ahead: ten years of days.
const MOST_PERIODS: usize = 3_660;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asked {
    /// The run, as it was named.
    pub(super) analysis: Option<String>,
    fields: BTreeMap<String, String>,
}

impl Asked {
    /// Sorts the parameters of an address.
    pub(super) fn new(pairs: Vec<(String, String)>) -> Result<Self, Failure> {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let known = matches!(name.as_str(), "analysis" | "total" | "horizon")
                || ["min.", "max.", "lock."].iter().any(|kind| name.starts_with(kind));
            if !known {
                let what = format!(
                    "A plan has no parameter {name:?}. It takes analysis, total, horizon, and min., max. and lock. \
                     followed by the name of a channel."
                );
                return Err(Failure::invalid("unknown_parameter", what));
            }
            let value = value.trim().to_owned();
            if value.is_empty() {
                continue;
            }
            if name == "analysis" {
                asked.analysis = Some(value);
            } else if asked.fields.insert(name.clone(), value).is_some() {
                return Err(Failure::invalid("repeated_parameter", format!("{name:?} is given twice.")));
            }
        }
        Ok(asked)
    }

    /// Whether it is the plan that every run has anyway.
    pub(super) fn is_usual(&self) -> bool {
        self.fields.is_empty()
    }

    /// A value as it was typed; empty where none was.
    pub(super) fn typed(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }

    /// Whether a channel keeps what it has today.
    pub(super) fn keeps(&self, channel: &str) -> bool {
        self.fields.get(&format!("lock.{channel}")).is_some_and(|value| value == "now")
    }

    /// The same question as the end of an address.
    pub(super) fn query(&self) -> String {
        let analysis = self.analysis.iter().map(|id| ("analysis", id.as_str()));
        let fields = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let pairs: Vec<(&str, &str)> = analysis.chain(fields).collect();
        if pairs.is_empty() {
            return String::new();
        }
        let pairs = pairs.into_iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
        let pairs: Vec<String> = pairs.collect();
        format!("?{}", pairs.join("&"))
    }

    /// The budget, completed from the run's usual plan.
    pub(super) fn budget(&self, usual: &Recommendation) -> Result<Budget, Failure> {
        let known = |channel: &str| usual.channels.iter().any(|of| of.name == channel);
        let named = self.fields.keys().filter_map(|name| name.split_once('.').map(|(_, channel)| channel));
        if let Some(unknown) = named.into_iter().find(|channel| !known(channel)) {
            let names: Vec<&str> = usual.channels.iter().map(|of| of.name.as_str()).collect();
            let what = format!("The model has no channel {unknown:?}. It has {}.", list(&names));
            return Err(Failure::invalid("unknown_channel", what));
        }
        let mut budget = match self.amount("total")? {
            Some(total) => Budget::fixed(total),
            None => Budget::default(),
        };
        if let Some(text) = self.fields.get("horizon") {
            let periods = text.parse().ok().filter(|periods| (1..=MOST_PERIODS).contains(periods));
            let what = format!("{text:?} is no number of periods from 1 to {MOST_PERIODS}.");
            budget = budget.horizon(periods.ok_or_else(|| Failure::invalid("bad_horizon", what))?);
        }
        for of in &usual.channels {
            let name = &of.name;
            let (low, high) = (self.amount(&format!("min.{name}"))?, self.amount(&format!("max.{name}"))?);
            if self.keeps(name) {
                budget = budget.lock(name, of.now);
            } else if let Some(amount) = self.amount(&format!("lock.{name}"))? {
                budget = budget.lock(name, amount);
            } else if low.is_some() || high.is_some() {
                budget = budget.bounds(name, low.unwrap_or(of.low), high.unwrap_or(of.high));
            }
        }
        Ok(budget)
    }

    /// An amount of money: `12000`, `12,000` or `12 000.50`.
    fn amount(&self, name: &str) -> Result<Option<f64>, Failure> {
        let Some(text) = self.fields.get(name) else { return Ok(None) };
        let amount = read_amount(text).filter(|amount| *amount < 1e15);
        let what = format!("{text:?} for {name} is no amount of at least zero, such as 12000 or 12,000.50.");
        amount.map(Some).ok_or_else(|| Failure::invalid("bad_amount", what))
    }
}

/// What cannot be met, with the channels and the numbers.
pub(super) fn refused(error: &BudgetError, period: &str) -> Failure {
    let said = |amount: f64| Unit::Plain.say(amount);
    let each = |bounds: &[(String, f64)]| {
        let parts: Vec<String> =
            bounds.iter().map(|(name, bound)| format!("{name} {}", said(*bound))).collect();
        parts.join(", ")
    };
    let what = match error {
        BudgetError::Bounds { channel, low, high } => {
            format!("{channel} cannot get at least {} and at most {} a {period}.", said(*low), said(*high))
        }
        BudgetError::TooLittle { least, total, bounds } => format!(
            "The channels must get at least {} a {period} together ({}), more than the total of {}. Lower a bound or raise the total.",
            said(*least),
            each(bounds),
            said(*total)
        ),
        BudgetError::TooMuch { most, total, bounds } => format!(
            "The channels may get at most {} a {period} together ({}), less than the total of {}. Raise a bound or lower the total.",
            said(*most),
            each(bounds),
            said(*total)
        ),
        BudgetError::Total(total) => format!("A total of {} a {period} is no budget.", said(*total)),
        other => format!("This cannot be planned: {other}."),
    };
    Failure::invalid("bounds_cannot_be_met", what)
}
