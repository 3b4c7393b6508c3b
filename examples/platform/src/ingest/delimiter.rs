//! Finds the character between the cells.
//!
//! Comma, semicolon and tab are tried on the first lines, and the one that cuts most lines into the
//! same number of cells wins; of equals, one that also fits the first line. That order
//! keeps `12,5;13,0` a row of two numbers, and a title line above the header from deciding. A first
//! line `sep=;`, as Excel writes it, is taken at its word.

use super::problem::{Code, Problem};

/// How many lines are looked at, and at most how many bytes of them.
const SAMPLE_LINES: usize = 40;
const SAMPLE_BYTES: usize = 64 * 1024;

/// Separators that are understood.
const CANDIDATES: [u8; 3] = [b',', b';', b'\t'];

/// How to read a text: from which byte, at which line of the file it begins, and cut by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout<'a> {
    pub(super) body: &'a str,
    pub(super) first_line: usize,
    pub(super) delimiter: u8,
}

/// Decides on the separator, or says that there is none.
pub(super) fn find(text: &str) -> Result<Layout<'_>, Problem> {
    if let Some(layout) = declared(text) {
        return Ok(layout);
    }
    let lines = sample(text);
    let rated = CANDIDATES.into_iter().map(|delimiter| (rate(&lines, delimiter), delimiter));
    let best = rated.max_by_key(|(rating, _)| *rating);
    match best {
        Some(((agreeing, ..), delimiter)) if agreeing > 0 => {
            Ok(Layout { body: text, first_line: 1, delimiter })
        }
        _ => Err(none(&lines)),
    }
}

fn none(lines: &[&str]) -> Problem {
    let other = lines.first().and_then(|line| line.chars().find(|c| matches!(c, '|' | ':' | '^')));
    let seen = other.map_or(String::new(), |c| format!(" Cells seem to be separated by “{c}”."));
    let what = format!(
        "only one column was found.{seen} Save the file as CSV with a comma, a semicolon or a tab between the cells."
    );
    Problem::row(Code::WrongDelimiter, 1, what)
}

/// The layout that a first line such as `sep=;` declares.
fn declared(text: &str) -> Option<Layout<'_>> {
    let (first, body) = text.split_once('\n')?;
    let first = first.trim_end_matches('\r').trim_matches('"');
    let sign =
        first.get(..4).filter(|word| word.eq_ignore_ascii_case("sep=")).and_then(|_| first.get(4..))?;
    let delimiter = CANDIDATES.into_iter().find(|candidate| sign.as_bytes() == [*candidate])?;
    Some(Layout { body, first_line: 2, delimiter })
}

fn sample(text: &str) -> Vec<&str> {
    let mut end = text.len().min(SAMPLE_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or(text);
    head.split(['\n', '\r']).filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES).collect()
}

/// How many lines have the usual number of cells, whether the first does, and the number.
fn rate(lines: &[&str], delimiter: u8) -> (usize, bool, usize) {
    let counts: Vec<usize> = lines.iter().map(|line| cells(line, delimiter)).collect();
    let agreeing = |n: usize| counts.iter().filter(|count| **count == n).count();
    let usual = counts.iter().copied().filter(|n| *n > 1).max_by_key(|n| (agreeing(*n), *n));
    usual.map_or((0, false, 1), |n| (agreeing(n), counts.first() == Some(&n), n))
}

/// Cells of one line; separators between quotation marks do not count.
fn cells(line: &str, delimiter: u8) -> usize {
    let mut inside = false;
    let mut found = 1;
    for byte in line.bytes() {
        if byte == b'"' {
            inside = !inside;
        } else if byte == delimiter && !inside {
            found += 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found() {
        let table = [
            ("date,y,tv\n2024-01-01,1,2\n", b','),
            ("date;y;tv\n2024-01-01;1,5;2,5\n2024-01-08;1,5;2,5\n", b';'),
            ("date;y\n01.01.2024;1,5\n", b';'),
            ("date\ty\n2024-01-01\t1,5\n", b'\t'),
            ("date,\"TV; Radio; Print\",y\n2024-01-01,1,2\n", b','),
            ("Report for May; June\ndate,y,tv\n2024-01-01,1,2\n2024-01-08,1,2\n", b','),
            ("sep=;\ndate;y\n", b';'),
            ("sep=\t\r\ndate\ty\r\n", b'\t'),
        ];
        for (text, delimiter) in table {
            assert_eq!(find(text).map(|layout| layout.delimiter), Ok(delimiter), "{text:?}");
        }
    }

    #[test]
    fn the_line_after_a_declaration_is_line_two() {
        let layout = find("sep=;\r\ndate;y\r\n").unwrap();
        assert_eq!((layout.first_line, layout.body), (2, "date;y\r\n"));
    }

    #[test]
    fn other_separators_are_named() {
        let problem = find("date|y|tv\n2024-01-01|1|2\n").unwrap_err();
        assert_eq!((problem.code, problem.row), (Code::WrongDelimiter, Some(1)));
        assert!(problem.message.contains("“|”"), "{}", problem.message);
    }
}
