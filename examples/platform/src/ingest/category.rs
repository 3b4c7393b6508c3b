//! Controls in words: each word but the most frequent becomes a column of 0 and 1.
//!
//! The most frequent word is the usual state, and the others are told against it; a column for it as well
//! would say nothing new. Words are compared as they are written.

use std::collections::HashMap;

use super::MAX_LEVELS;
use super::problem::{Code, Problem, Problems, clip};
use super::series::Rows;
use super::table::{RawColumn, Table, tidy};

/// The longest word in the name of a column of 0 and 1, in characters.
const MAX_WORD: usize = 60;

/// A control in words, read.
#[derive(Debug)]
pub(super) struct Category<'a> {
    pub(super) column: &'a RawColumn,
    /// The words, the most frequent first, the others in the order of the alphabet.
    pub(super) levels: Vec<String>,
    /// One series for each word but the first.
    pub(super) flags: Vec<Rows<'a>>,
}

/// Reads a control in words; `None` where it was reported as a problem.
pub(super) fn read<'a>(
    table: &Table,
    column: &'a RawColumn,
    problems: &mut Problems,
) -> Option<Category<'a>> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (row, cell) in table.cells(column) {
        if cell.is_empty() {
            let what = "the cell is empty. Write a word, such as “none”, in every row.";
            problems.push(Problem::cell(Code::EmptyCell, row, &column.name, what));
        } else {
            *counts.entry(cell).or_default() += 1;
        }
    }
    let words = counts.len();
    let (code, what) = match words {
        0 | 1 => (
            Code::Constant,
            "it says the same in every row, so it explains nothing. Give it the role “ignore”.".to_owned(),
        ),
        _ if words > MAX_LEVELS => (
            Code::TooManyLevels,
            format!(
                "it has {words} different words, and {MAX_LEVELS} are the most that can be told apart. Group them, \
                 or give it the role “ignore”."
            ),
        ),
        _ => {
            let mut levels: Vec<&str> = counts.keys().copied().collect();
            levels.sort_unstable();
            // The first of those that are as frequent.
            let usual = levels.iter().copied().max_by_key(|word| (counts[word], std::cmp::Reverse(*word)))?;
            levels.retain(|word| *word != usual);
            let flag = |word: &str| Rows {
                name: flag_name(&column.name, &shown(word)),
                column,
                values: table
                    .cells(column)
                    .map(|(_, cell)| Some(f64::from(u8::from(cell == word))))
                    .collect(),
            };
            let flags = levels.iter().map(|word| flag(word)).collect();
            let levels = std::iter::once(usual).chain(levels).map(shown).collect();
            return Some(Category { column, levels, flags });
        }
    };
    problems.push(Problem::column(code, &column.name, what));
    None
}

fn shown(word: &str) -> String {
    clip(&tidy(word), MAX_WORD)
}

/// The name of the column of 0 and 1 for a word of a control.
pub fn flag_name(control: &str, word: &str) -> String {
    format!("{control}: {word}")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Words = (Vec<String>, Vec<(String, Vec<f64>)>);

    fn read_words(cells: &[&str]) -> Result<Words, Vec<(Code, Option<usize>)>> {
        let lines: Vec<String> = cells.iter().map(|cell| format!("2024-01-01;{cell};1\n")).collect();
        let text = format!("d;event;v\n{}", lines.concat());
        let table = super::super::read(text.as_bytes()).unwrap();
        let mut problems = Problems::default();
        let read = read(&table, table.column("event").unwrap(), &mut problems);
        if !problems.is_empty() {
            return Err(problems
                .into_list()
                .into_iter()
                .map(|problem| (problem.code, problem.row))
                .collect());
        }
        let read = read.unwrap();
        let flags =
            read.flags.into_iter().map(|flag| (flag.name, flag.values.into_iter().flatten().collect()));
        Ok((read.levels, flags.collect()))
    }

    #[test]
    fn every_word_but_the_usual_one_is_a_flag() {
        let (levels, flags) = read_words(&["na", "sale", "na", "fair", "sale", "na"]).unwrap();
        assert_eq!(levels, ["na", "fair", "sale"]);
        assert_eq!(
            flags,
            [
                ("event: fair".to_owned(), vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
                ("event: sale".to_owned(), vec![0.0, 1.0, 0.0, 0.0, 1.0, 0.0]),
            ]
        );
        assert_eq!(read_words(&["b", "a", "a", "b"]).unwrap().0, ["a", "b"], "the alphabet decides a tie");
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        assert_eq!(read_words(&["na", "na"]), Err(vec![(Code::Constant, None)]));
        assert_eq!(read_words(&["na", "", "sale"]), Err(vec![(Code::EmptyCell, Some(3))]));
        let words = |count: usize| (0..count).map(|word| format!("w{word}")).collect::<Vec<_>>();
        let most = words(MAX_LEVELS);
        let most: Vec<&str> = most.iter().map(String::as_str).collect();
        assert_eq!(read_words(&most).unwrap().1.len(), MAX_LEVELS - 1);
        let many = words(MAX_LEVELS + 1);
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(read_words(&many), Err(vec![(Code::TooManyLevels, None)]));
    }
}
