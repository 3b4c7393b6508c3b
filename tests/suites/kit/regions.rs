//! A file with a column of every kind, two regions a day; good, and to be broken by tests.

/// Its columns.
pub const HEADING: &str =
    "region,day,orders,tv_spend,tv_impressions,web_spend,web_clicks,newsletter,event,population";

/// Forty days of two regions, after the heading.
pub fn csv() -> String {
    let line = |row: usize| {
        let (at, day) = (row % 2, row / 2);
        let region = ["north", "south"][at];
        let (month, of_month) = if day < 31 { (1, day + 1) } else { (2, day - 30) };
        let event = if day % 9 == 0 { "fair" } else { "none" };
        let (orders, people) = (500 + day + at, 1000 + at);
        let (tv, web, mail) = (10 + (day + at) % 7, day % 5, (day * 3 + at) % 11);
        let (seen, clicks) = (tv * 90 + day, web * 70 + at);
        format!(
            "{region},2024-{month:02}-{of_month:02},{orders},{tv},{seen},{web},{clicks},{mail},{event},{people}"
        )
    };
    let lines: Vec<String> = std::iter::once(HEADING.to_owned()).chain((0..80).map(line)).collect();
    lines.join("\n") + "\n"
}
