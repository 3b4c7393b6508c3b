//! Collects the columns of a [`Panel`] as a file has them: one row per geo and period, in any order.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DataError, Date, Exposure, Frequency, MIN_PERIODS, Panel, PanelColumn, PanelMedium, Problem, ProblemCode,
    check,
};

/// Collects the columns of a [`Panel`]; [`build`](Self::build) is the only step that can fail.
///
/// Every column has one value per row, and rows are named by [`rows`](Self::rows).
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is checked until `build` is called"]
pub struct PanelBuilder {
    geos: Vec<String>,
    dates: Vec<String>,
    before: usize,
    kpi: Option<(String, Vec<f64>)>,
    worth: Option<Vec<f64>>,
    population: Option<Vec<f64>>,
    paid: Vec<PanelMedium>,
    organic: Vec<PanelMedium>,
    controls: Vec<PanelColumn>,
    treatments: Vec<PanelColumn>,
}

/// Where the rows of a file belong.
struct Places {
    geos: Vec<String>,
    dates: Vec<String>,
    /// The row of every cell, geo after geo, ascending dates.
    rows: Vec<usize>,
}

impl PanelBuilder {
    /// The geo and the date (`YYYY-MM-DD`) of every row.
    pub fn rows<G: ToString, D: ToString>(
        mut self,
        geos: impl IntoIterator<Item = G>,
        dates: impl IntoIterator<Item = D>,
    ) -> Self {
        self.geos = geos.into_iter().map(|geo| geo.to_string()).collect();
        self.dates = dates.into_iter().map(|date| date.to_string()).collect();
        self
    }

    /// The dates of rows that are all of one geo, named `national`.
    pub fn national<D: ToString>(self, dates: impl IntoIterator<Item = D>) -> Self {
        let dates: Vec<String> = dates.into_iter().map(|date| date.to_string()).collect();
        let geos = vec!["national"; dates.len()];
        self.rows(geos, dates)
    }

    /// How many of the first periods have exposures only; their KPI, spend and controls are not read.
    pub const fn before(mut self, periods: usize) -> Self {
        self.before = periods;
        self
    }

    /// What marketing is meant to move.
    pub fn kpi(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.kpi = Some((name.into(), values.into_iter().collect()));
        self
    }

    /// What a unit of the KPI is worth in each row, in the money of the spend.
    pub fn worth(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        self.worth = Some(values.into_iter().collect());
        self
    }

    /// The population of the row's geo, the same in all rows of a geo.
    pub fn population(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        self.population = Some(values.into_iter().collect());
        self
    }

    /// Adds a paid channel whose spend is its exposure too.
    pub fn channel(self, name: impl Into<String>, spend: impl IntoIterator<Item = f64>) -> Self {
        let spend: Vec<f64> = spend.into_iter().collect();
        self.exposed_channel(name, spend.clone(), spend)
    }

    /// Adds a paid channel with its spend and what that bought.
    pub fn exposed_channel(
        mut self,
        name: impl Into<String>,
        spend: impl IntoIterator<Item = f64>,
        exposure: impl IntoIterator<Item = f64>,
    ) -> Self {
        let exposure = Exposure::Volume(exposure.into_iter().collect());
        self.paid.push(PanelMedium { name: name.into(), spend: Some(spend.into_iter().collect()), exposure });
        self
    }

    /// Adds a paid channel with its spend, how many people that reached, and how often each.
    pub fn reach_channel(
        mut self,
        name: impl Into<String>,
        spend: impl IntoIterator<Item = f64>,
        reach: impl IntoIterator<Item = f64>,
        frequency: impl IntoIterator<Item = f64>,
    ) -> Self {
        let exposure = reach_of(reach, frequency);
        self.paid.push(PanelMedium { name: name.into(), spend: Some(spend.into_iter().collect()), exposure });
        self
    }

    /// Adds a medium that nobody paid for.
    pub fn organic(mut self, name: impl Into<String>, exposure: impl IntoIterator<Item = f64>) -> Self {
        let exposure = Exposure::Volume(exposure.into_iter().collect());
        self.organic.push(PanelMedium { name: name.into(), spend: None, exposure });
        self
    }

    /// Adds a medium that nobody paid for, with how many people it reached, and how often each.
    pub fn organic_reach(
        mut self,
        name: impl Into<String>,
        reach: impl IntoIterator<Item = f64>,
        frequency: impl IntoIterator<Item = f64>,
    ) -> Self {
        self.organic.push(PanelMedium {
            name: name.into(),
            spend: None,
            exposure: reach_of(reach, frequency),
        });
        self
    }

    /// Adds a control: something other than marketing that moves the KPI.
    pub fn control(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.controls.push(PanelColumn { name: name.into(), values: values.into_iter().collect() });
        self
    }

    /// Adds a treatment that is no medium: a price, a promotion. It has a contribution, over its own
    /// smallest value.
    pub fn treatment(mut self, name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        self.treatments.push(PanelColumn { name: name.into(), values: values.into_iter().collect() });
        self
    }

    /// Checks everything and hands out the panel.
    ///
    /// # Errors
    ///
    /// [`DataError`] with every problem of the input, not only the first.
    pub fn build(self) -> Result<Panel, DataError> {
        let mut problems = Vec::new();
        let places = self.places(&mut problems);
        self.check_names(&mut problems);
        let lengths = self.check_lengths(&mut problems);
        let Some(places) = places.filter(|_| lengths) else { return Err(DataError::new(problems)) };
        let (dates, frequency) = regular(&places.dates, &mut problems);
        if self.before >= dates.len() {
            problems.push(Problem::whole(
                ProblemCode::TooShort,
                format!("{} periods before the KPI leave none of {} with a KPI", self.before, dates.len()),
            ));
            return Err(DataError::new(problems));
        }
        self.check_numbers(&places, &mut problems);
        let (Some((kpi_name, kpi)), Some(frequency), true) = (&self.kpi, frequency, problems.is_empty())
        else {
            return Err(DataError::new(problems));
        };
        let (all, later) = (places.all(), places.since(self.before));
        let column = |column: &PanelColumn| PanelColumn {
            name: column.name.clone(),
            values: later.take(&column.values),
        };
        let medium = |medium: &PanelMedium| PanelMedium {
            name: medium.name.clone(),
            spend: medium.spend.as_ref().map(|spend| later.take(spend)),
            exposure: match &medium.exposure {
                Exposure::Volume(volume) => Exposure::Volume(all.take(volume)),
                Exposure::Reach { reach, frequency } => {
                    Exposure::Reach { reach: all.take(reach), frequency: all.take(frequency) }
                }
            },
        };
        let per_geo = places.rows.chunks_exact(places.dates.len());
        let population = self.population.as_ref().map_or_else(
            || vec![1.0; places.geos.len()],
            |population| per_geo.map(|rows| population[rows[0]]).collect(),
        );
        Ok(Panel {
            kpi_name: kpi_name.clone(),
            kpi: later.take(kpi),
            worth: self.worth.as_ref().map(|worth| later.take(worth)),
            population,
            media: self.paid.iter().chain(&self.organic).map(medium).collect(),
            controls: self.controls.iter().map(column).collect(),
            treatments: self.treatments.iter().map(column).collect(),
            geos: places.geos,
            dates: dates[self.before..].to_vec(),
            before: self.before,
            frequency,
        })
    }

    /// Puts rows in order; every geo must have every date once.
    fn places(&self, problems: &mut Vec<Problem>) -> Option<Places> {
        if self.geos.len() != self.dates.len() || self.geos.is_empty() {
            problems.push(Problem::whole(
                ProblemCode::LengthMismatch,
                format!(
                    "there are {} geos for {} dates; give both for every row",
                    self.geos.len(),
                    self.dates.len()
                ),
            ));
            return None;
        }
        let mut geos: Vec<String> = Vec::new();
        let mut cells: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        let before = problems.len();
        for (row, (geo, date)) in self.geos.iter().zip(&self.dates).enumerate() {
            if !cells.contains_key(geo.as_str()) {
                geos.push(geo.clone());
            }
            if cells.entry(geo).or_default().insert(date, row).is_some() {
                problems.push(Problem::at(
                    ProblemCode::DuplicateDate,
                    "date",
                    row,
                    format!("{date} is there more than once for {geo:?}; keep one row, or add the rows up"),
                ));
            }
        }
        // Dates of the form YYYY-MM-DD are in order as text.
        let dates: BTreeSet<&str> = self.dates.iter().map(String::as_str).collect();
        for geo in &geos {
            if let Some(missing) = dates.iter().find(|date| !cells[geo.as_str()].contains_key(*date)) {
                problems.push(Problem::column(
                    ProblemCode::DateGap,
                    "date",
                    format!("{geo:?} has no row for {missing}; every geo needs every date"),
                ));
            }
        }
        if problems.len() > before {
            return None;
        }
        let rows = geos.iter().flat_map(|geo| cells[geo.as_str()].values().copied()).collect();
        Some(Places { rows, geos, dates: dates.into_iter().map(str::to_owned).collect() })
    }

    fn check_names(&self, problems: &mut Vec<Problem>) {
        let mut seen = BTreeSet::new();
        let media = self.paid.iter().chain(&self.organic).map(|medium| &medium.name);
        let columns = self.controls.iter().chain(&self.treatments).map(|column| &column.name);
        for name in media.chain(columns).chain(self.kpi.iter().map(|(name, _)| name)) {
            if name.trim().is_empty() {
                problems.push(Problem::column(ProblemCode::BlankName, name, "a column has no name; name it"));
            } else if !seen.insert(name) {
                problems.push(Problem::column(
                    ProblemCode::DuplicateName,
                    name,
                    "two columns have this name; rename one",
                ));
            }
        }
        if self.paid.is_empty() {
            problems
                .push(Problem::whole(ProblemCode::NoChannel, "there is no channel; add one with its spend"));
        }
        if self.kpi.is_none() {
            problems.push(Problem::whole(
                ProblemCode::NoKpi,
                "there is no KPI; add the column that marketing is meant to move",
            ));
        }
    }

    /// Every column with its name.
    fn columns(&self) -> Vec<(&str, &[f64])> {
        let mut columns: Vec<(&str, &[f64])> = Vec::new();
        columns.extend(self.kpi.iter().map(|(name, values)| (name.as_str(), values.as_slice())));
        columns.extend(self.worth.iter().map(|values| ("worth", values.as_slice())));
        columns.extend(self.population.iter().map(|values| ("population", values.as_slice())));
        for medium in self.paid.iter().chain(&self.organic) {
            columns.extend(medium.spend.iter().map(|spend| (medium.name.as_str(), spend.as_slice())));
            columns.extend(medium.exposure.series().map(|series| (medium.name.as_str(), series)));
        }
        let others = self.controls.iter().chain(&self.treatments);
        columns.extend(others.map(|column| (column.name.as_str(), column.values.as_slice())));
        columns
    }

    fn check_lengths(&self, problems: &mut Vec<Problem>) -> bool {
        let before = problems.len();
        for (name, values) in self.columns() {
            if values.len() != self.dates.len() {
                problems.push(Problem::column(
                    ProblemCode::LengthMismatch,
                    name,
                    format!(
                        "there are {} values for {} rows; give one value a row",
                        values.len(),
                        self.dates.len()
                    ),
                ));
            }
        }
        problems.len() == before
    }

    fn check_numbers(&self, places: &Places, problems: &mut Vec<Problem>) {
        let (all, later) = (places.all(), places.since(self.before));
        let mut look = |name: &str, cells: &Cells<'_>, values: &[f64], rule: Rule| {
            let bad = cells.rows().find(|row| !rule.allows(values[*row]));
            if let Some(row) = bad {
                problems.push(Problem::at(
                    rule.code(),
                    name,
                    row,
                    format!("{} cannot be used here; {}", values[row], rule.remedy()),
                ));
            }
            bad.is_none()
        };
        if let Some((name, values)) = &self.kpi {
            look(name, &later, values, Rule::Finite);
        }
        for (name, values) in [("worth", &self.worth), ("population", &self.population)] {
            if let Some(values) = values {
                look(name, &later, values, Rule::Positive);
            }
        }
        let mut still = Vec::new();
        for medium in self.paid.iter().chain(&self.organic) {
            if let Some(spend) = &medium.spend
                && look(&medium.name, &later, spend, Rule::Spend)
                && later.rows().all(|row| spend[row] == 0.0)
            {
                still.push((ProblemCode::AllZeroChannel, &medium.name));
            }
            for series in medium.exposure.series() {
                if look(&medium.name, &all, series, Rule::Exposure)
                    && later.rows().all(|row| series[row] == 0.0)
                {
                    still.push((ProblemCode::AllZeroChannel, &medium.name));
                }
            }
        }
        for column in self.controls.iter().chain(&self.treatments) {
            if look(&column.name, &later, &column.values, Rule::Finite) && later.is_constant(&column.values) {
                still.push((ProblemCode::ConstantControl, &column.name));
            }
        }
        for (code, name) in still {
            problems.push(Problem::column(code, name, "the column never changes; leave it out"));
        }
        if self.kpi.iter().any(|(_, values)| later.is_constant(values)) {
            problems.push(Problem::whole(
                ProblemCode::UnusableKpi,
                "the KPI never changes, so nothing can be learnt from it; check the column",
            ));
        }
    }
}

fn reach_of(reach: impl IntoIterator<Item = f64>, frequency: impl IntoIterator<Item = f64>) -> Exposure {
    Exposure::Reach { reach: reach.into_iter().collect(), frequency: frequency.into_iter().collect() }
}

impl Exposure {
    fn series(&self) -> impl Iterator<Item = &[f64]> {
        let (first, second) = match self {
            Self::Volume(volume) => (volume, None),
            Self::Reach { reach, frequency } => (reach, Some(frequency)),
        };
        std::iter::once(first.as_slice()).chain(second.map(Vec::as_slice))
    }
}

/// The dates, and their rhythm where they have one; they are in order and all different.
fn regular(texts: &[String], problems: &mut Vec<Problem>) -> (Vec<Date>, Option<Frequency>) {
    if texts.len() < MIN_PERIODS {
        problems.push(Problem::whole(
            ProblemCode::TooShort,
            format!("there are {} periods, at least {MIN_PERIODS} are needed; add earlier ones", texts.len()),
        ));
    }
    let mut dates = Vec::with_capacity(texts.len());
    for text in texts {
        match text.parse::<Date>() {
            Ok(date) => dates.push(date),
            Err(error) => {
                problems.push(Problem::column(ProblemCode::BadDate, "date", format!("{error}; correct it")));
            }
        }
    }
    let step = |pair: &[Date]| pair[1].days_since_epoch() - pair[0].days_since_epoch();
    let frequency = match dates.windows(2).map(step).min() {
        Some(1) => Frequency::Daily,
        Some(7) => Frequency::Weekly,
        _ => {
            problems.push(Problem::column(
                ProblemCode::DateGap,
                "date",
                "the dates are neither daily nor weekly; aggregate them to one row a day or one row a week",
            ));
            return (dates, None);
        }
    };
    let usual = if frequency == Frequency::Daily { 1 } else { 7 };
    if let Some(pair) = dates.windows(2).find(|pair| step(pair) != usual) {
        problems.push(Problem::column(
            ProblemCode::DateGap,
            "date",
            format!("{} comes {} days after its predecessor; give every period", pair[1], step(pair)),
        ));
    }
    (dates, Some(frequency))
}

/// What the numbers of a column may be.
#[derive(Clone, Copy)]
enum Rule {
    Finite,
    Positive,
    Spend,
    Exposure,
}

impl Rule {
    fn allows(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Finite => true,
                Self::Positive => value > 0.0,
                Self::Spend | Self::Exposure => value >= 0.0,
            }
    }

    const fn code(self) -> ProblemCode {
        match self {
            Self::Finite => ProblemCode::NotFinite,
            Self::Positive => ProblemCode::BadKpiValue,
            Self::Spend => ProblemCode::NegativeSpend,
            Self::Exposure => ProblemCode::NegativeExposure,
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::Finite => "fill in a number",
            Self::Positive => "give a number above zero",
            Self::Spend | Self::Exposure => "give a number that is zero or above",
        }
    }
}

/// The cells of all geos from some period on.
struct Cells<'a> {
    places: &'a Places,
    from: usize,
}

impl Places {
    const fn all(&self) -> Cells<'_> {
        self.since(0)
    }

    const fn since(&self, from: usize) -> Cells<'_> {
        Cells { places: self, from }
    }
}

impl Cells<'_> {
    fn rows(&self) -> impl Iterator<Item = usize> {
        let geos = self.places.rows.chunks_exact(self.places.dates.len());
        geos.flat_map(|geo| geo[self.from..].iter().copied())
    }

    fn take(&self, values: &[f64]) -> Vec<f64> {
        self.rows().map(|row| values[row]).collect()
    }

    fn is_constant(&self, values: &[f64]) -> bool {
        check::is_constant(&self.take(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two geos of thirty weeks, the rows of both mixed.
    fn sound() -> PanelBuilder {
        let monday = |week: i64| super::super::Date::from_days_since_epoch(19_723 + 7 * week).unwrap();
        let rows: Vec<(usize, i64)> = (0..30).flat_map(|week| [(1, week), (0, week)]).collect();
        let wave =
            |scale: f64| rows.iter().map(move |(geo, week)| scale + (*week as f64 + *geo as f64).sin());
        Panel::builder()
            .rows(
                rows.iter().map(|(geo, _)| ["north", "south"][*geo]),
                rows.iter().map(|(_, week)| monday(*week)),
            )
            .kpi("sales", wave(9.0).collect::<Vec<_>>())
            .population(rows.iter().map(|(geo, _)| [3.0, 5.0][*geo]).collect::<Vec<_>>())
            .channel("tv", wave(2.0).collect::<Vec<_>>())
            .control("price", wave(4.0).collect::<Vec<_>>())
    }

    fn codes(input: PanelBuilder) -> Vec<ProblemCode> {
        input.build().map_or_else(
            |error| error.problems().iter().map(|problem| problem.code).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn rows_in_any_order_come_out_geo_after_geo() {
        let panel = sound().before(2).build().unwrap();
        assert_eq!(panel.geos(), ["south", "north"]);
        assert_eq!((panel.periods(), panel.before()), (28, 2));
        assert_eq!(panel.population(), [5.0, 3.0]);
        let Exposure::Volume(volume) = panel.media()[0].exposure() else { panic!("no volume") };
        assert_eq!((panel.kpi().len(), volume.len()), (56, 60));
        // South is a week ahead of north.
        assert!((volume[0] - volume[31]).abs() < 1e-12 && (panel.kpi()[0] - panel.kpi()[29]).abs() < 1e-12);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let change = |at: usize, value: f64| {
            let mut values: Vec<f64> = (0..60).map(|row| 1.0 + f64::from(row)).collect();
            values[at] = value;
            values
        };
        for (input, code) in [
            (sound().exposed_channel("radio", change(7, -1.0), change(7, 1.0)), ProblemCode::NegativeSpend),
            (sound().organic("mail", change(7, -1.0)), ProblemCode::NegativeExposure),
            (sound().organic("mail", vec![0.0; 60]), ProblemCode::AllZeroChannel),
            (sound().control("heat", change(7, f64::NAN)), ProblemCode::NotFinite),
            (sound().control("heat", vec![1.0; 60]), ProblemCode::ConstantControl),
            (sound().control("tv", change(7, 1.0)), ProblemCode::DuplicateName),
            (sound().control("heat", vec![1.0; 59]), ProblemCode::LengthMismatch),
            (sound().worth(vec![0.0; 60]), ProblemCode::BadKpiValue),
            (sound().kpi("sales", vec![2.0; 60]), ProblemCode::UnusableKpi),
            (sound().before(30), ProblemCode::TooShort),
        ] {
            assert_eq!(codes(input), [code]);
        }
        let row =
            sound().exposed_channel("radio", change(7, -1.0), change(7, 1.0)).build().unwrap_err().problems()
                [0]
            .row;
        assert_eq!(row, Some(8));
    }

    fn weeks_apart(row: i64, days: i64) -> Date {
        Date::from_days_since_epoch(19_723 + days * row).unwrap()
    }

    #[test]
    fn every_geo_needs_every_date_once() {
        let rows = |geos: Vec<&str>, dates: Vec<&str>| codes(sound().rows(geos, dates));
        let found = rows(vec!["a", "a", "b"], vec!["2024-01-01", "2024-01-08", "2024-01-01"]);
        assert!(found.contains(&ProblemCode::DateGap), "{found:?}");
        let found = rows(vec!["a", "a"], vec!["2024-01-01", "2024-01-01"]);
        assert!(found.contains(&ProblemCode::DuplicateDate), "{found:?}");
        let found = codes(sound().rows(vec!["a"; 60], (0..60).map(|row| weeks_apart(row, 8))));
        assert!(found.contains(&ProblemCode::DateGap), "{found:?}");
        let skipping = (0..60).map(|row| weeks_apart(row + i64::from(row > 40), 7));
        assert_eq!(codes(sound().rows(vec!["a"; 60], skipping)), [ProblemCode::DateGap]);
    }
}
