//! Values to try in a column, the likeliest first. The server says which of them its checks admit.

use crate::testing::catalog::Column;

/// Whose row it is, in words and numbers that no other row has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    /// A word that can be looked for.
    pub(super) word: &'a str,
    pub(super) number: u32,
}

/// An SQL text literal.
pub(crate) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Expressions of the column's type. `checks` are read for what they compare with.
pub(super) fn candidates(column: &Column, mark: Mark<'_>, checks: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if column.category == "A" {
        let one = plain(column, category_of(&column.word), mark, checks).into_iter().next();
        found.extend(one.map(|one| format!("ARRAY[{one}]")));
        found.push("'{}'".to_owned());
    } else {
        found.extend(plain(column, &column.category, mark, checks));
    }
    let mut typed: Vec<String> =
        found.into_iter().map(|value| format!("CAST({value} AS {})", column.base)).collect();
    // What the column is given when nobody says anything usually goes with the checks.
    let fallback = column.fallback.as_ref();
    if let Some(fallback) = fallback.filter(|f| !f.contains("nextval") && !f.contains("current_tenant")) {
        typed.insert(0, format!("CAST({fallback} AS {})", column.base));
    }
    if !column.not_null {
        let null = format!("CAST(NULL AS {})", column.base);
        // A text is there to be looked for; other values are only in the way.
        if column.category == "S" { typed.push(null) } else { typed.insert(0, null) }
    }
    typed
}

fn plain(column: &Column, category: &str, Mark { word, number }: Mark<'_>, checks: &[&str]) -> Vec<String> {
    let numbers = numbers(checks);
    match category {
        "B" => vec!["true".into(), "false".into()],
        "N" => {
            let near = numbers.iter().flat_map(|n| [n - 1, *n, n + 1]);
            let all = [i64::from(number), 0, 1, 10, 100, -1].into_iter().chain(near);
            all.map(|n| if n < 0 { format!("({n})") } else { n.to_string() }).collect()
        }
        "S" => texts(word, number, &numbers, checks),
        "D" => dates(number, checks),
        "T" => vec![format!("interval '{number} minutes'")],
        "E" => column.labels.iter().map(|label| quote(label)).collect(),
        "I" => vec![quote(&format!("10.0.{}.{}", number / 250, number % 250 + 1))],
        "R" => vec![range(&column.word, number)],
        "V" => vec![format!("B'{number:b}'"), "B'1'".into()],
        _ => others(&column.word, word, number, &numbers, checks),
    }
}

fn texts(word: &str, number: u32, numbers: &[i64], checks: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = vec![
        word.into(),
        format!("{word}@example.org"),
        format!("https://{word}.example.org/"),
        format!("{word}.example.org"),
        word.to_uppercase(),
        format!("/{word}"),
        number.to_string(),
        format!("+49 30 {number:07}"),
        format!("#{number:06x}"),
        "EUR".into(),
        "en".into(),
        "en-US".into(),
        format!("2020-01-{:02}", number % 28 + 1),
        uuid::Uuid::now_v7().to_string(),
        format!("{number:064x}"),
        "{}".into(),
    ];
    let lengths = numbers.iter().filter_map(|n| usize::try_from(*n).ok()).filter(|n| *n <= 2_000);
    all.extend(lengths.map(|length| {
        let filled = format!("{word}{}", "a".repeat(length));
        filled.chars().take(length).collect()
    }));
    let mut all: Vec<String> = all.iter().map(|text| quote(text)).collect();
    all.extend(literals(checks).into_iter().map(|text| quote(&text)));
    all
}

fn dates(number: u32, checks: &[&str]) -> Vec<String> {
    let day = quote(&format!("2020-{:02}-{:02}", number / 28 % 12 + 1, number % 28 + 1));
    let mut all = vec![format!("now() + interval '{number} seconds'"), format!("timestamptz {day}")];
    let named = literals(checks).into_iter().filter(|text| {
        text.len() >= 10 && text.as_bytes()[4] == b'-' && text.bytes().take(4).all(|b| b.is_ascii_digit())
    });
    for text in named {
        let at = quote(&text);
        all.extend([format!("timestamptz {at}"), format!("timestamptz {at} - interval '1 day'")]);
        all.push(format!("timestamptz {at} + interval '1 day'"));
    }
    all
}

fn range(word: &str, number: u32) -> String {
    let next = number + 1;
    match word {
        "int4range" | "int8range" | "numrange" => format!("'[{number},{next})'"),
        "daterange" | "tsrange" | "tstzrange" => {
            format!("{word}((date '2020-01-01' + {number}), (date '2020-01-01' + {next}))")
        }
        _ => "'{}'".into(),
    }
}

fn others(kind: &str, word: &str, number: u32, numbers: &[i64], checks: &[&str]) -> Vec<String> {
    match kind {
        "uuid" => vec![quote(&uuid::Uuid::now_v7().to_string())],
        "json" | "jsonb" => {
            vec![
                quote(&format!("{{\"seed\": \"{word}\"}}")),
                "'{}'".into(),
                "'[]'".into(),
                format!("'\"{word}\"'"),
                quote(&number.to_string()),
            ]
        }
        "bytea" => {
            let lengths = numbers.iter().filter(|n| (1..=4_096).contains(*n));
            let mut all = vec![format!("decode('{number:08x}', 'hex')")];
            all.extend(lengths.map(|length| {
                format!("substr(decode(lpad('{number:08x}', {}, '0'), 'hex'), 1, {length})", length * 2)
            }));
            all
        }
        "xml" => vec![format!("'<a>{word}</a>'")],
        "macaddr" => vec![format!("'08:00:2b:00:00:{:02x}'", number % 256)],
        "point" => vec![format!("'({number},0)'")],
        "tsvector" => vec![quote(word)],
        _ => {
            let mut all = vec![quote(word), quote(&number.to_string())];
            all.extend(literals(checks).into_iter().map(|text| quote(&text)));
            all
        }
    }
}

/// Of a type's name, where the catalog is not asked: that of an array's elements.
fn category_of(word: &str) -> &'static str {
    match word {
        "bool" => "B",
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => "N",
        "text" | "varchar" | "bpchar" | "name" => "S",
        "date" | "timestamp" | "timestamptz" | "time" => "D",
        _ => "U",
    }
}

/// The numbers that stand in the checks.
fn numbers(checks: &[&str]) -> Vec<i64> {
    let mut found: Vec<i64> = checks
        .iter()
        .flat_map(|check| check.split(|c: char| !c.is_ascii_digit()))
        .filter(|digits| digits.len() <= 15)
        .filter_map(|digits| digits.parse().ok())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The texts that stand in the checks.
fn literals(checks: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for check in checks {
        // Between quotes, where a doubled one stands for itself.
        let mut rest = *check;
        while let Some((_, after)) = rest.split_once('\'') {
            let mut text = String::new();
            let mut left = after;
            while let Some((part, more)) = left.split_once('\'') {
                text.push_str(part);
                left = more;
                let Some(doubled) = left.strip_prefix('\'') else { break };
                text.push('\'');
                left = doubled;
            }
            found.push(text);
            rest = left;
        }
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_read_for_what_they_compare_with() {
        let check = "((state = ANY (ARRAY['it''s'::text, 'done'::text])) AND (length(name) <= 40))";
        assert_eq!(literals(&[check]), ["it's", "done"]);
        assert_eq!(numbers(&[check]), [40]);
    }
}
