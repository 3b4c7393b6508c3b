//! Rounds in another order each, medians, and how they are printed.

use std::time::Duration;

/// Numbers that decide nothing but an order or a row.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        Self(getrandom::u64().expect("random bytes") | 1)
    }

    /// Below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    /// The number of a row, from 1.
    pub(crate) fn row(&mut self, rows: u32) -> i32 {
        1 + i32::try_from(self.below(rows as usize)).expect("a small number")
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// The value that this share of all is below.
pub(crate) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    quantile(values, 0.5)
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Per variant, the median of its operations in each round.
pub(crate) struct Rounds(Vec<Vec<f64>>);

impl Rounds {
    /// Runs `operations` of each of `variants` in each round; the first round only warms up.
    pub(crate) async fn run(
        variants: usize,
        rounds: u32,
        operations: usize,
        mut operation: impl AsyncFnMut(usize) -> Duration,
    ) -> Self {
        let mut dice = Dice::new();
        let mut order: Vec<usize> = (0..variants).collect();
        let mut medians = vec![Vec::new(); variants];
        for round in 0..=rounds {
            dice.shuffle(&mut order);
            for &variant in &order {
                let mut times = Vec::with_capacity(operations);
                for _ in 0..operations {
                    times.push(micros(operation(variant).await));
                }
                if round > 0 {
                    medians[variant].push(median(&mut times));
                }
            }
        }
        Self(medians)
    }

    /// The median time of a variant in microseconds.
    pub(crate) fn time(&self, variant: usize) -> f64 {
        median(&mut self.0[variant].clone())
    }

    /// The median over the rounds of what `compare` makes of two variants.
    pub(crate) fn paired(&self, one: usize, other: usize, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let pairs = self.0[one].iter().zip(&self.0[other]);
        median(&mut pairs.map(|(one, other)| compare(*one, *other)).collect::<Vec<_>>())
    }

    /// The median ratio of two variants.
    pub(crate) fn ratio(&self, one: usize, other: usize) -> f64 {
        self.paired(one, other, |one, other| one / other)
    }
}

/// Says whether a goal was met.
pub(crate) fn goal(what: &str, found: f64, met: bool) {
    println!("{} {what}: {found:.2}", if met { "met   " } else { "MISSED" });
}
