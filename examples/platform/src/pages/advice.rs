//! A plan as people and programs get it: the numbers, and the sentences made from them by one function.
//!
//! What is said and when:
//!
//! 1. How sure a gain is, in the four words; where it is unclear, nothing is recommended.
//! 2. Whether the total is unchanged, and otherwise by how much it differs.
//! 3. Moves between channels, in amounts of two significant digits: [`Move::said`] is the number in the
//!    sentence, [`Move::amount`] the exact one. A move below half a percent of the total is none.
//! 4. Every channel whose plan lies outside what was ever spent, as extrapolated.

use mmm_core::artifact::Summary;
use mmm_core::budget::{ChannelMove, Recommendation};
use serde::Serialize;

use crate::charts::{Cell, Column, Table, channel_class, pair_of_bars};
use crate::words::{Confidence, Finding, Interval, Unit, counted, fixed, rough};

use super::from_summary::{interval, period};

/// A change of a channel below this share of the total is not worth a sentence.
const CRUMB: f64 = 0.005;

/// A plan in numbers and words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// "week" or "day": amounts are per period.
    pub period: &'static str,
    /// Periods that the gain is added up over.
    pub horizon: usize,
    /// What the plan brings beyond today's split, with its interval and the chance of being better.
    pub gain: Finding,
    /// How the total compares with today's.
    pub total: Total,
    /// What to do, largest first.
    pub moves: Vec<Move>,
    /// What each channel gets, in the order of the data.
    pub channels: Vec<Row>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// The budget of all channels per period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// Today.
    pub now: f64,
    /// In the plan.
    pub plan: f64,
    /// Whether the plan spends what is spent today.
    pub unchanged: bool,
    /// Both in words.
    pub sentence: String,
}

/// Money that changes its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Move {
    /// The channel that gives; none where the total grows.
    pub from: Option<String>,
    /// The channel that gets; none where the total shrinks.
    pub to: Option<String>,
    /// How much per period.
    pub amount: f64,
    /// The amount as the sentence says it.
    pub said: f64,
    /// The move as a person reads it.
    pub sentence: String,
}

/// One channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The channel.
    pub channel: String,
    /// Spend per period today: the observed mean.
    pub now: f64,
    /// Spend per period in the plan.
    pub plan: f64,
    /// `plan / now - 1`.
    pub change: f64,
    /// The least it could get.
    pub low: f64,
    /// The most it could get.
    pub high: f64,
    /// Whether there was no choice.
    pub locked: bool,
    /// Whether the plan lies outside the spend of every observed period.
    pub extrapolated: bool,
    /// What to know about it; empty where there is nothing.
    pub note: String,
    /// What it brings over the horizon today.
    pub outcome_now: Interval,
    /// What it brings over the horizon in the plan.
    pub outcome: Interval,
    #[serde(skip)]
    class: String,
}

/// A row of the table as the page shows it.
#[derive(Clone, Debug)]
pub struct ShownRow<'a> {
    /// The numbers.
    pub row: &'a Row,
    /// Class of the channel's colour.
    pub class: &'a str,
    /// Today's spend.
    pub now: String,
    /// The plan.
    pub plan: String,
    /// The difference: `+1,200`.
    pub change: String,
    /// The difference in percent.
    pub percent: String,
    /// Both amounts as bars.
    pub bars: String,
}

impl Advice {
    /// The plan of a model, in words.
    pub fn new(summary: &Summary, plan: &Recommendation) -> Self {
        let (period, kpi) = (period(summary), summary.model.kpi.as_str());
        let channels: Vec<Row> =
            plan.channels.iter().enumerate().map(|(at, of)| Row::new(at, of, period)).collect();
        let moves = moves(plan, period);
        Self {
            period,
            horizon: plan.horizon,
            gain: gain(plan, moves.is_empty(), period, kpi, summary.model.kpi_value),
            total: Total::new(plan, period),
            moves,
            assumptions: assumptions(summary, plan, period),
            channels,
        }
    }

    /// Whether the plan is to be recommended: with less than that chance of being better it is not.
    pub fn is_recommended(&self) -> bool {
        !self.moves.is_empty() && self.gain.confidence != Some(Confidence::Unclear)
    }

    /// The first line of the page.
    pub fn lead(&self) -> String {
        match (self.moves.as_slice(), self.is_recommended()) {
            ([], _) | (_, false) => self.gain.sentence.clone(),
            ([only], true) => format!("{} {}", only.sentence, self.gain.sentence),
            ([first, rest @ ..], true) => {
                let more = counted(rest.len() as u64, "smaller move", "smaller moves");
                format!("{}, and {more}. {}", first.sentence.trim_end_matches('.'), self.gain.sentence)
            }
        }
    }

    /// The heading of the budget table.
    pub fn heading(&self) -> &'static str {
        match (self.moves.is_empty(), self.is_same_total(), self.is_recommended()) {
            (true, true, _) => "Today\u{2019}s split is the best one known",
            (_, false, _) => "The best split of another total",
            (_, true, true) => "The same budget, split better",
            (_, true, false) => "No split is clearly better",
        }
    }

    /// What the table shows.
    pub fn subtitle(&self) -> String {
        format!("Spend per {}; pale: now, solid: plan", self.period)
    }

    /// `13 weeks`.
    pub fn over(&self) -> String {
        counted(self.horizon as u64, self.period, &format!("{}s", self.period))
    }

    /// The gain as a large figure.
    pub fn gain_value(&self) -> String {
        format!("{} {}", self.gain.value.say_mean(&self.gain.unit), self.gain.unit.name())
    }

    /// Its interval.
    pub fn gain_range(&self) -> String {
        self.gain.value.say_range(&self.gain.unit)
    }

    /// The chance of bringing more than today's split, as a word and a number.
    pub fn chance(&self) -> String {
        let p = self.gain.probability.unwrap_or(f64::NAN);
        // A share of draws never shows that something is certain.
        let percent = match p {
            p if p > 0.99 => "over 99".to_owned(),
            p if p < 0.01 => "under 1".to_owned(),
            p => fixed(100.0 * p, 0),
        };
        let word = self.gain.confidence.map_or("", Confidence::as_str);
        format!("Better than today\u{2019}s split: {word} ({percent}\u{a0}% chance)")
    }

    const fn is_same_total(&self) -> bool {
        self.total.unchanged
    }

    /// What the moves are: advice, or no more than the best guess.
    pub const fn moves_heading(&self) -> &'static str {
        if matches!(self.gain.confidence, Some(Confidence::Unclear)) {
            "The best guess, should you want to try"
        } else {
            "What to change"
        }
    }

    /// The channels that leave what was observed, one sentence each.
    pub fn extrapolations(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().filter(|row| row.extrapolated).map(|row| row.note.as_str())
    }

    /// The rows of the budget table.
    pub fn rows(&self) -> Vec<ShownRow<'_>> {
        let most = self.channels.iter().flat_map(|row| [row.now, row.plan]).fold(0.0, f64::max);
        let decimals = self.decimals();
        let shown = |row: &'_ Row| -> (String, String, String, String, String) {
            let money = |amount: f64| fixed(amount, decimals);
            let percent = format!("{}\u{a0}%", signed(row.change * 100.0, 0));
            let bars = pair_of_bars(&row.class, row.now, row.plan, most);
            (money(row.now), money(row.plan), signed(row.plan - row.now, decimals), percent, bars)
        };
        self.channels
            .iter()
            .map(|row| {
                let (now, plan, change, percent, bars) = shown(row);
                ShownRow { row, class: &row.class, now, plan, change, percent, bars }
            })
            .collect()
    }

    /// The total row: today, plan and difference.
    pub fn total_row(&self) -> [String; 3] {
        let decimals = self.decimals();
        let Total { now, plan, .. } = self.total;
        [fixed(now, decimals), fixed(plan, decimals), signed(plan - now, decimals)]
    }

    /// The table as CSV writes it, with a last row for the total.
    pub fn table(&self) -> Table {
        let per = format!("per {}", self.period);
        let kpi = self.gain.unit.name();
        let columns = vec![
            Column::new("channel", "Channel", ""),
            Column::new("now", "Now", &*per),
            Column::new("plan", "Plan", &*per),
            Column::new("change", "Change", "%"),
            Column::new("low", "At least", &*per),
            Column::new("high", "At most", &*per),
            Column::new("brings_now", "Brings now", kpi),
            Column::new("brings", "Brings in the plan", kpi),
            Column::new("brings_q5", "5\u{a0}%", kpi),
            Column::new("brings_q95", "95\u{a0}%", kpi),
            Column::new("note", "Note", ""),
        ];
        let of_channel = |row: &Row| {
            let brings = [row.outcome_now.mean, row.outcome.mean, row.outcome.q5, row.outcome.q95];
            let numbers = [row.now, row.plan, row.change, row.low, row.high].into_iter().chain(brings);
            let name = std::iter::once(Cell::Text(row.channel.clone()));
            name.chain(numbers.map(Cell::Number)).chain([Cell::Text(row.note.clone())]).collect()
        };
        let mut rows: Vec<Vec<Cell>> = self.channels.iter().map(of_channel).collect();
        let Total { now, plan, sentence, .. } = &self.total;
        let none = [f64::NAN; 6];
        let numbers = [*now, *plan, plan / now - 1.0].into_iter().chain(none).map(Cell::Number);
        let total = std::iter::once(Cell::Text("Total".to_owned()));
        rows.push(total.chain(numbers).chain([Cell::Text(sentence.clone())]).collect());
        Table { columns, rows }
    }

    /// Whole units unless the whole budget is a small number.
    fn decimals(&self) -> i32 {
        if self.total.plan.min(self.total.now) >= 100.0 { 0 } else { 2 }
    }
}

impl Total {
    fn new(plan: &Recommendation, period: &str) -> Self {
        let (now, total) = (plan.total_now, plan.total);
        let said = |amount| Unit::Plain.say(amount);
        let sentence = if is_same(plan) {
            format!("The total stays as it is: {} a {period}.", said(now))
        } else {
            let more = if total > now { "more" } else { "less" };
            format!(
                "The total is {} a {period}, {} {more} than today.",
                said(total),
                said((total - now).abs())
            )
        };
        Self { now, plan: total, unchanged: is_same(plan), sentence }
    }
}

impl Row {
    fn new(colour: usize, of: &ChannelMove, period: &str) -> Self {
        let said = |amount| Unit::Plain.say(amount);
        let locked = of.low >= of.high;
        let note = match (of.extrapolated, of.observed) {
            (true, Some((least, most))) => {
                let beyond = if of.plan > most {
                    format!("more than in any observed {period} (at most {})", said(most))
                } else {
                    format!("less than in any observed {period} (at least {})", said(least))
                };
                format!(
                    "{} would get {} a {period}, {beyond}: what that brings is extrapolated.",
                    of.name,
                    said(of.plan)
                )
            }
            (true, None) => format!("What {} brings in the plan is extrapolated.", of.name),
            (false, _) if locked => format!("{} is locked.", of.name),
            (false, _) => String::new(),
        };
        Self {
            channel: of.name.clone(),
            now: of.now,
            plan: of.plan,
            change: of.change,
            low: of.low,
            high: of.high,
            locked,
            extrapolated: of.extrapolated,
            note,
            outcome_now: interval(&of.outcome_now),
            outcome: interval(&of.outcome),
            class: channel_class(colour),
        }
    }
}

/// Whether a plan spends what is spent today.
fn is_same(plan: &Recommendation) -> bool {
    (plan.total - plan.total_now).abs() <= 1e-6 * plan.total_now
}

fn gain(plan: &Recommendation, stays: bool, period: &str, kpi: &str, worth: Option<f64>) -> Finding {
    let unit = Unit::Of(kpi.to_owned());
    let (value, p) = (interval(&plan.gain), plan.p_improvement);
    let over = counted(plan.horizon as u64, period, &format!("{period}s"));
    let mut said = value.say(&unit);
    if let (Some(money), true) =
        (&plan.gain_worth, worth.is_some_and(|worth| (worth - 1.0).abs() > f64::EPSILON))
    {
        said = format!("{said}, worth {}", interval(money).say(&Unit::Plain));
    }
    let sentence = if !is_same(plan) {
        let extra = (plan.total - plan.total_now) * plan.horizon as f64;
        let more = if extra > 0.0 { "more" } else { "less" };
        let money = Unit::Plain.say(rough(extra.abs()));
        format!(
            "This plan changes {kpi} by {said} over {over} against today\u{2019}s split, for {money} {more} spend."
        )
    } else if stays {
        "Today\u{2019}s split is already the best one within these bounds.".to_owned()
    } else {
        match Confidence::of(p) {
            Confidence::Unclear => {
                format!(
                    "Whether another split of the same budget brings more is unclear: {said} over {over}."
                )
            }
            word => {
                format!("Split this way, the same budget {} brings more: {said} over {over}.", word.as_str())
            }
        }
    };
    Finding::new("plan", sentence, value, unit).with_probability(Some(p))
}

/// Pairs who gives with who gets, largest first.
fn moves(plan: &Recommendation, period: &str) -> Vec<Move> {
    let least = CRUMB * plan.total_now;
    let change = |of: &ChannelMove| of.plan - of.now;
    let sorted = |sign: f64| {
        let mut found: Vec<(&str, f64)> = plan
            .channels
            .iter()
            .map(|of| (of.name.as_str(), sign * change(of)))
            .filter(|(_, amount)| *amount >= least)
            .collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    };
    let (mut gets, mut gives) = (sorted(1.0), sorted(-1.0));
    let mut moves = Vec::new();
    let (mut to, mut from) = (0, 0);
    while to < gets.len() && from < gives.len() {
        let amount = gets[to].1.min(gives[from].1);
        if amount >= least {
            moves.push(Move::new(Some(gives[from].0), Some(gets[to].0), amount, period));
        }
        gets[to].1 -= amount;
        gives[from].1 -= amount;
        if gets[to].1 < least {
            to += 1;
        }
        if from < gives.len() && gives[from].1 < least {
            from += 1;
        }
    }
    let rest = gets[to..].iter().map(|(name, amount)| Move::new(None, Some(name), *amount, period));
    moves.extend(rest);
    moves.extend(gives[from..].iter().map(|(name, amount)| Move::new(Some(name), None, *amount, period)));
    moves.sort_by(|a, b| b.amount.total_cmp(&a.amount));
    moves
}

impl Move {
    fn new(from: Option<&str>, to: Option<&str>, amount: f64, period: &str) -> Self {
        let said = rough(amount);
        let money = Unit::Plain.say(said);
        let sentence = match (from, to) {
            (Some(from), Some(to)) => format!("Move {money} a {period} from {from} to {to}."),
            (None, to) => format!("Spend {money} a {period} more on {}.", to.unwrap_or_default()),
            (Some(from), None) => format!("Spend {money} a {period} less on {from}."),
        };
        Self { from: from.map(str::to_owned), to: to.map(str::to_owned), amount, said, sentence }
    }
}

fn assumptions(summary: &Summary, plan: &Recommendation, period: &str) -> Vec<String> {
    let mut lines = vec![
        format!(
            "Spend is the same every {period}, in the plan and in today\u{2019}s split that it is compared with."
        ),
        format!("Today\u{2019}s spend is the mean over all {} {period}s of the data.", summary.model.periods),
        "Channels work as they did: the same prices, the same audiences, the same creative.".to_owned(),
    ];
    let usual = plan.channels.iter().all(|of| {
        let near = |bound: f64, share: f64| (bound - share * of.now).abs() <= 1e-9 * of.now;
        near(of.low, 0.5) && near(of.high, 1.5)
    });
    lines.push(if usual {
        "No channel gets less than half or more than one and a half times of what it gets today.".to_owned()
    } else {
        "Every channel stays within the bounds in the form.".to_owned()
    });
    lines
}

/// A difference with its sign: `+1,200`, `−300`, `0`.
fn signed(value: f64, decimals: i32) -> String {
    let text = fixed(value, decimals);
    let nothing = !text.bytes().any(|b| (b'1'..=b'9').contains(&b));
    if value > 0.0 && !nothing { format!("+{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use mmm_core::effect::Interval as Draws;

    use super::*;
    use crate::pages::tests::summary;

    fn draws((mean, q5, q95): (f64, f64, f64)) -> Draws {
        Draws { mean, median: mean, q5, q95 }
    }

    fn plan(channels: &[(&str, f64, f64)], gain: (f64, f64, f64), p_improvement: f64) -> Recommendation {
        let brings = |spend: f64| draws((3.0 * spend, 2.0 * spend, 4.0 * spend));
        let channel = |(name, now, plan): &(&str, f64, f64)| ChannelMove {
            name: (*name).to_owned(),
            now: *now,
            plan: *plan,
            change: plan / now - 1.0,
            low: 0.5 * now,
            high: 1.5 * now,
            outcome_now: brings(*now),
            outcome: brings(*plan),
            marginal_roi_now: 1.0,
            marginal_roi: 1.0,
            extrapolated: false,
            observed: Some((0.0, 3.0 * now)),
            curve: None,
        };
        let sum = |of: fn(&(&str, f64, f64)) -> f64| channels.iter().map(of).sum::<f64>();
        Recommendation {
            overruled: None,
            horizon: 13,
            total_now: sum(|channel| channel.1),
            total: sum(|channel| channel.2),
            outcome_now: brings(sum(|channel| channel.1)),
            outcome: brings(sum(|channel| channel.2)),
            gain: draws(gain),
            gain_worth: None,
            p_improvement,
            utility: None,
            regret: None,
            extrapolated: false,
            channels: channels.iter().map(channel).collect(),
        }
    }

    fn advice(plan: &Recommendation) -> Advice {
        Advice::new(&summary(true), plan)
    }

    const SPLIT: [(&str, f64, f64); 4] = [
        ("TV", 40_000.0, 27_655.0),
        ("Search", 20_000.0, 30_000.0),
        ("Social", 10_000.0, 12_345.0),
        ("Display", 1_000.0, 1_000.0),
    ];

    /// Every number of a text.
    fn numbers(text: &str) -> Vec<f64> {
        let plain = text.replace('\u{2212}', "-").replace(',', "");
        plain
            .split(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
            .filter_map(|word| word.trim_end_matches('.').parse().ok())
            .collect()
    }

    #[test]
    fn moves_pair_who_gives_with_who_gets_and_say_their_numbers() {
        let advice = advice(&plan(&SPLIT, (5_000.0, 1_000.0, 9_000.0), 0.97));
        let said: Vec<&str> = advice.moves.iter().map(|one| one.sentence.as_str()).collect();
        assert_eq!(said, ["Move 10,000 a week from TV to Search.", "Move 2,300 a week from TV to Social."]);
        for one in &advice.moves {
            assert_eq!(numbers(&one.sentence), [one.said]);
            assert!((one.said / one.amount - 1.0).abs() < 0.05, "{one:?}");
        }
    }

    #[test]
    fn moves_add_up_to_the_plan_whatever_it_is() {
        for shift in 0..40 {
            let part = f64::from(shift) / 40.0;
            let channels = [
                ("a", 10.0, 15.0 - 9.0 * part),
                ("b", 30.0, 20.0 + 11.0 * part),
                ("c", 5.0, 7.0 * part + 1.0),
                ("d", 1.0, 1.01),
            ];
            let plan = plan(&channels, (1.0, 0.0, 2.0), 0.9);
            let moves = advice(&plan).moves;
            for (name, now, planned) in channels {
                let to: f64 = moves.iter().filter(|m| m.to.as_deref() == Some(name)).map(|m| m.amount).sum();
                let from: f64 =
                    moves.iter().filter(|m| m.from.as_deref() == Some(name)).map(|m| m.amount).sum();
                let off = (to - from) - (planned - now);
                assert!(off.abs() <= 4.0 * CRUMB * plan.total_now, "{name} is off by {off} in {moves:?}");
            }
        }
    }

    #[test]
    fn a_gain_is_said_with_its_interval_and_its_word() {
        let cases = [
            (0.97, "Split this way, the same budget almost certainly brings more: 5,000 "),
            (0.85, "Split this way, the same budget probably brings more: "),
            (0.70, "Split this way, the same budget more likely than not brings more: "),
            (0.55, "Whether another split of the same budget brings more is unclear: "),
        ];
        for (p, begins) in cases {
            let advice = advice(&plan(&SPLIT, (5_000.0, 1_000.0, 9_000.0), p));
            assert!(advice.gain.sentence.starts_with(begins), "{}", advice.gain.sentence);
            assert!(advice.gain.sentence.contains("(90\u{a0}%: 1,000 to 9,000)"), "{}", advice.gain.sentence);
            assert!(advice.gain.sentence.ends_with("over 13 weeks."));
            assert_eq!(advice.is_recommended(), p >= 0.6);
            assert_eq!(advice.lead().contains("Move "), p >= 0.6, "what is unclear is not recommended");
            assert_eq!(advice.gain.probability, Some(p));
        }
    }

    #[test]
    fn the_lead_names_the_largest_move_and_counts_the_others() {
        let lead = |channels: &[(&str, f64, f64)], p| advice(&plan(channels, (5.0, 1.0, 9.0), p)).lead();
        let two = lead(&SPLIT, 0.97);
        assert!(two.starts_with("Move 10,000 a week from TV to Search, and 1 smaller move. Split"), "{two}");
        let one = lead(&[("TV", 100.0, 80.0), ("Search", 50.0, 70.0)], 0.97);
        assert!(one.starts_with("Move 20 a week from TV to Search. Split"), "{one}");
    }

    #[test]
    fn a_chance_is_never_certain() {
        for (p, said) in
            [(1.0, "(over 99\u{a0}% chance)"), (0.0, "(under 1\u{a0}% chance)"), (0.87, "(87\u{a0}% chance)")]
        {
            let chance = advice(&plan(&SPLIT, (5.0, 1.0, 9.0), p)).chance();
            assert!(chance.ends_with(said), "{chance}");
        }
    }

    #[test]
    fn the_total_is_said_to_stay_or_by_how_much_it_differs() {
        let same = advice(&plan(&SPLIT, (5.0, 1.0, 9.0), 0.97));
        assert_eq!(same.total.sentence, "The total stays as it is: 71,000 a week.");
        let more = advice(&plan(&[("TV", 100.0, 150.0)], (5.0, 1.0, 9.0), 0.97));
        assert_eq!(more.total.sentence, "The total is 150 a week, 50 more than today.");
        assert!(more.gain.sentence.ends_with("split, for 650 more spend."), "{}", more.gain.sentence);
        assert_eq!(more.moves[0].sentence, "Spend 50 a week more on TV.");
        let less = advice(&plan(&[("TV", 100.0, 60.0)], (-5.0, -9.0, -1.0), 0.01));
        assert_eq!(less.total.sentence, "The total is 60 a week, 40 less than today.");
        assert_eq!(less.moves[0].sentence, "Spend 40 a week less on TV.");
        assert!(!less.is_recommended());
    }

    #[test]
    fn where_nothing_moves_nothing_is_recommended() {
        let stays = advice(&plan(&[("TV", 100.0, 100.1), ("Search", 50.0, 49.9)], (0.0, 0.0, 0.0), 0.5));
        assert!(stays.moves.is_empty() && !stays.is_recommended());
        assert!(stays.lead().contains("already the best one"), "{}", stays.lead());
    }

    #[test]
    fn the_table_holds_the_rows_and_their_total() {
        let advice = advice(&plan(&SPLIT, (5_000.0, 1_000.0, 9_000.0), 0.97));
        let rows = advice.table().to_json()["rows"].clone();
        let sum: f64 = (0..4).map(|at| rows[at]["plan"].as_f64().unwrap()).sum();
        assert_eq!(rows[4]["channel"], "Total");
        assert!((rows[4]["plan"].as_f64().unwrap() - sum).abs() < 1e-9);
        assert_eq!(advice.total_row(), ["71,000", "71,000", "0"]);
        let shown = advice.rows();
        assert_eq!(
            (shown[0].change.as_str(), shown[0].percent.as_str()),
            ("\u{2212}12,345", "\u{2212}31\u{a0}%")
        );
        assert_eq!((shown[1].change.as_str(), shown[1].percent.as_str()), ("+10,000", "+50\u{a0}%"));
    }

    #[test]
    fn a_locked_channel_says_so() {
        let mut locked = plan(&SPLIT, (5.0, 1.0, 9.0), 0.97);
        (locked.channels[3].low, locked.channels[3].high) = (1_000.0, 1_000.0);
        let row = &advice(&locked).channels[3];
        assert!(row.locked && row.note == "Display is locked.", "{row:?}");
    }
}
