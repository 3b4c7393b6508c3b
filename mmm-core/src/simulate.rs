//! Invented marketing data with a known truth, for demonstrations and for testing the model.
//!
//! A [`Scenario`] draws channels, controls, season and trend from its seed and makes a KPI of them
//! exactly as the model assumes, so a fit can be compared with what really happened:
//!
//! * channels take turns in how they spend: in flights, always on, or in pulses;
//! * where a scenario is [exposed](Scenario::exposed), prices differ from week to week, and what was bought
//!   works instead of what was spent; [organic](Scenario::organic) media work without spend;
//! * a promotion and a price index move the baseline, as do a yearly season and a slow trend;
//! * the KPI is revenue, so one unit of it is worth one unit of spend.
//!
//! The same scenario gives the same data on every run.

use std::f64::consts::TAU;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{
    data::{DataError, Dataset, Date},
    design::yearly_fourier,
    model::{ChannelSpec, Media, Shapes},
};

/// The share of revenue that the channels bring, on average.
const MEDIA_SHARE: f64 = 0.3;
/// What an organic medium brings, as a share of what the channels bring.
const ORGANIC_SHARE: std::ops::Range<f64> = 0.1..0.2;
/// How long pressure is carried, as in the default model.
const MAX_LAG: usize = 8;

/// What to invent. See the [module docs](self).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is invented until `simulate` is called"]
pub struct Scenario {
    channels: Vec<String>,
    organic: Vec<String>,
    exposed: bool,
    start: Option<Date>,
    weeks: usize,
    seed: u64,
    noise: f64,
}

/// Invented data and the truth behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// What a model may see.
    pub data: Dataset,
    /// What it should find.
    pub truth: Truth,
}

/// How invented data came about.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// One entry per paid channel, in the order of the data.
    pub channels: Vec<ChannelTruth>,
    /// One entry per organic medium, in the order of the data.
    pub organic: Vec<OrganicTruth>,
    /// Revenue per week without any marketing.
    pub baseline: Vec<f64>,
    /// Expected revenue per week.
    pub expected: Vec<f64>,
    /// The standard deviation of revenue around it.
    pub noise: f64,
}

/// What one channel really did.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelTruth {
    /// The channel.
    pub name: String,
    /// Share of pressure kept from one week to the next.
    pub retention: f64,
    /// Speed of saturation, per largest pressure.
    pub rate: f64,
    /// Revenue per week at full saturation.
    pub beta: f64,
    /// Revenue brought per week.
    pub contribution: Vec<f64>,
    /// Revenue brought over all weeks.
    pub total: f64,
    /// Revenue brought per unit of spend.
    pub roi: f64,
}

/// What one organic medium really did.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganicTruth {
    /// The medium.
    pub name: String,
    /// Revenue brought per week.
    pub contribution: Vec<f64>,
    /// Revenue brought over all weeks.
    pub total: f64,
}

/// How a channel spends, and the ranges its truth is drawn from.
#[derive(Clone, Copy, Debug)]
enum Habit {
    Flights,
    AlwaysOn,
    Pulses,
}

impl Scenario {
    /// 130 weeks of these channels, from the first Monday of 2023.
    pub fn weekly<N: Into<String>>(channels: impl IntoIterator<Item = N>) -> Self {
        Self {
            channels: channels.into_iter().map(Into::into).collect(),
            organic: Vec::new(),
            exposed: false,
            start: Date::new(2023, 1, 2),
            weeks: 130,
            seed: 0,
            noise: 0.025,
        }
    }

    /// Adds media that nobody pays for.
    pub fn organic<N: Into<String>>(mut self, media: impl IntoIterator<Item = N>) -> Self {
        self.organic = media.into_iter().map(Into::into).collect();
        self
    }

    /// States beside each channel's spend what it bought, at prices that differ from week to week.
    pub const fn exposed(mut self) -> Self {
        self.exposed = true;
        self
    }

    /// Starts at another week.
    pub const fn start(mut self, start: Date) -> Self {
        self.start = Some(start);
        self
    }

    /// Covers this many weeks; 104 to 156 are typical.
    pub const fn weeks(mut self, weeks: usize) -> Self {
        self.weeks = weeks;
        self
    }

    /// Draws another truth.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the noise, as a share of average revenue; 0.025 unless set.
    pub const fn noise(mut self, share: f64) -> Self {
        self.noise = share;
        self
    }

    /// Invents the data.
    ///
    /// # Errors
    ///
    /// [`DataError`] where the scenario makes no valid data set: no channel, two media of one name or of
    /// the name of a control (`promotion`, `price_index`), too few weeks.
    pub fn simulate(self) -> Result<Simulation, DataError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let dates: Vec<Date> = self
            .start
            .map(Date::days_since_epoch)
            .into_iter()
            .flat_map(|first| (0..).map(move |week: i64| first.saturating_add(week.saturating_mul(7))))
            .take(self.weeks)
            .map_while(Date::from_days_since_epoch)
            .collect();
        let habits = [Habit::Flights, Habit::AlwaysOn, Habit::Pulses];
        let spends: Vec<Vec<f64>> =
            (0..self.channels.len()).map(|index| habits[index % 3].spend(dates.len(), &mut rng)).collect();
        let (promotion, price) = controls(dates.len(), &mut rng);
        let bought: Vec<Option<Vec<f64>>> =
            spends.iter().map(|spend| self.exposed.then(|| bought(spend, &mut rng))).collect();
        let organic: Vec<Vec<f64>> =
            self.organic.iter().map(|_| Habit::AlwaysOn.spend(dates.len(), &mut rng)).collect();

        // The first build checks the scenario, and its channels are what the truth is made of.
        let with_kpi = |kpi: Vec<f64>| {
            let builder = Dataset::builder().dates(&dates).kpi("revenue", kpi).kpi_value(1.0);
            let channels = self.channels.iter().zip(&spends).zip(&bought);
            let builder = channels.fold(builder, |builder, ((name, spend), bought)| match bought {
                Some(bought) => builder.exposed_channel(name, spend.iter().copied(), bought.iter().copied()),
                None => builder.channel(name, spend.iter().copied()),
            });
            let organic = self.organic.iter().zip(&organic);
            organic
                .fold(builder, |builder, (name, seen)| builder.organic(name, seen.iter().copied()))
                .control("promotion", promotion.iter().copied())
                .control("price_index", price.iter().copied())
                .build()
        };
        let draft = with_kpi((0..dates.len()).map(|week| 1.0 + week as f64).collect())?;
        let channels: Vec<ChannelTruth> =
            (0..self.channels.len()).map(|index| habits[index % 3].truth(index, &draft, &mut rng)).collect();
        let brought: f64 = channels.iter().map(|channel| channel.total).sum();
        let organic: Vec<OrganicTruth> =
            (0..self.organic.len()).map(|index| organic_truth(index, &draft, brought, &mut rng)).collect();
        let average = brought / MEDIA_SHARE / dates.len() as f64;
        let level = average * (1.0 - MEDIA_SHARE);
        let baseline = baseline(level, &dates, &promotion, &price, &mut rng);
        let expected: Vec<f64> = (0..dates.len())
            .map(|week| {
                baseline[week]
                    + channels.iter().map(|channel| channel.contribution[week]).sum::<f64>()
                    + organic.iter().map(|organic| organic.contribution[week]).sum::<f64>()
            })
            .collect();
        let noise = self.noise * average;
        let kpi = expected.iter().map(|value| cents(value + noise * normal(&mut rng))).collect();
        Ok(Simulation { data: with_kpi(kpi)?, truth: Truth { channels, organic, baseline, expected, noise } })
    }
}

impl Habit {
    /// Spend per week, in whole cents.
    fn spend(self, weeks: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let budget = rng.random_range(8_000.0..40_000.0);
        let mut wave = 0.0;
        let (mut on, mut left) = (true, rng.random_range(2..6));
        (0..weeks)
            .map(|week| {
                wave = 0.6 * wave + 0.3 * normal(rng);
                let season = 1.0 + 0.25 * (TAU * week as f64 / 52.18 + 4.0).sin();
                if left == 0 {
                    on = !on;
                    left = if on { rng.random_range(3..7) } else { rng.random_range(2..6) };
                }
                left -= 1;
                let level = match self {
                    Self::Flights if on => 1.6 * (0.3 * normal(rng)).exp(),
                    Self::Flights => 0.0,
                    Self::AlwaysOn => season * wave.exp(),
                    Self::Pulses if rng.random_bool(0.25) => 0.0,
                    Self::Pulses => 1.2 * (0.6 * normal(rng)).exp(),
                };
                cents(budget * level)
            })
            .collect()
    }

    fn truth(self, index: usize, data: &Dataset, rng: &mut ChaCha8Rng) -> ChannelTruth {
        let retention = match self {
            Self::Flights => rng.random_range(0.4..0.7),
            Self::AlwaysOn => rng.random_range(0.05..0.3),
            Self::Pulses => rng.random_range(0.2..0.5),
        };
        let rate = rng.random_range(1.5..4.0);
        let roi = rng.random_range(0.8..3.5);
        let channel = &data.channels()[index];
        let total = roi * channel.total_spend();
        let (beta, contribution) = brought(index, data, (retention, rate), total);
        ChannelTruth { name: channel.name().to_owned(), retention, rate, beta, contribution, total, roi }
    }
}

/// What an organic medium brings where the channels bring `paid`.
fn organic_truth(index: usize, data: &Dataset, paid: f64, rng: &mut ChaCha8Rng) -> OrganicTruth {
    let shapes = (rng.random_range(0.1..0.4), rng.random_range(1.5..4.0));
    let total = paid * rng.random_range(ORGANIC_SHARE);
    let (_, contribution) = brought(data.channels().len() + index, data, shapes, total);
    OrganicTruth { name: data.organic()[index].name().to_owned(), contribution, total }
}

/// The height of a medium's curve and what it brings per week, where it brings `total` over all weeks.
fn brought(medium: usize, data: &Dataset, (retention, rate): (f64, f64), total: f64) -> (f64, Vec<f64>) {
    let media = Media::new(data, &vec![ChannelSpec::default(); data.media().len()], MAX_LAG);
    let mut work = media.work();
    let shapes = Shapes { adstock: &[retention], saturation: &[rate] };
    let beta = total / media.forward(medium, shapes, &mut work);
    (beta, work.effect(medium).iter().map(|effect| beta * effect).collect())
}

/// What spend bought per week, at a price that wanders around a usual one.
fn bought(spend: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let price = rng.random_range(0.002..0.02);
    spend.iter().map(|spend| (spend / (price * (0.35 * normal(rng)).exp())).round()).collect()
}

/// Weeks with a promotion, and the price relative to its usual level.
fn controls(weeks: usize, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
    let promotion = (0..weeks).map(|_| f64::from(u8::from(rng.random_bool(0.12)))).collect();
    let mut drift = 0.0;
    let price = (0..weeks)
        .map(|_| {
            drift = 0.92 * drift + 0.012 * normal(rng);
            (1000.0 * (1.0 + drift)).round() / 1000.0
        })
        .collect();
    (promotion, price)
}

/// Revenue per week without marketing.
fn baseline(level: f64, dates: &[Date], promotion: &[f64], price: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let growth = rng.random_range(0.05..0.2);
    let lift = rng.random_range(0.06..0.12);
    let elasticity = rng.random_range(-1.2..-0.6);
    let waves: Vec<f64> = [0.08, 0.03, 0.08, 0.03].iter().map(|size| size * normal(rng)).collect();
    let modes = yearly_fourier(dates, 2);
    let last = (dates.len().max(2) - 1) as f64;
    (0..dates.len())
        .map(|week| {
            let season: f64 = waves.iter().zip(modes.row(week)).map(|(size, mode)| size * mode).sum();
            let trend = growth * (week as f64 / last - 0.5);
            let price = elasticity * (price[week] - 1.0);
            level * (1.0 + trend + season + lift * promotion[week] + price)
        })
        .collect()
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    StandardNormal.sample(rng)
}

fn cents(amount: f64) -> f64 {
    (100.0 * amount).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn simulation(seed: u64) -> Simulation {
        Scenario::weekly(["tv", "search", "social", "radio"]).seed(seed).simulate().unwrap()
    }

    #[test]
    fn a_seed_decides_everything() {
        assert_eq!(simulation(3), simulation(3));
        assert_ne!(simulation(3), simulation(4));
    }

    #[test]
    fn the_truth_adds_up() {
        for seed in 0..20 {
            let Simulation { data, truth } = simulation(seed);
            for (channel, of) in data.channels().iter().zip(&truth.channels) {
                assert_relative_eq!(of.contribution.iter().sum::<f64>(), of.total, max_relative = 1e-12);
                assert_relative_eq!(of.total / channel.total_spend(), of.roi, max_relative = 1e-12);
            }
            let share = truth.channels.iter().map(|channel| channel.total).sum::<f64>()
                / truth.expected.iter().sum::<f64>();
            assert!((0.25..0.35).contains(&share), "share {share} of seed {seed}");
            let errors = data.kpi().iter().zip(&truth.expected).map(|(kpi, expected)| kpi - expected);
            let spread = (errors.map(|error| error * error).sum::<f64>() / data.periods() as f64).sqrt();
            assert_relative_eq!(spread, truth.noise, max_relative = 0.25);
        }
    }

    #[test]
    fn an_impossible_scenario_says_why() {
        assert!(Scenario::weekly(["tv", "tv"]).simulate().is_err());
        assert!(Scenario::weekly(["tv", "promotion"]).simulate().is_err());
        assert!(Scenario::weekly(["tv"]).weeks(3).simulate().is_err());
        assert!(Scenario::weekly(Vec::<String>::new()).simulate().is_err());
        let end = Date::new(9999, 12, 1).unwrap();
        assert!(Scenario::weekly(["tv"]).start(end).simulate().is_err());
    }
}
