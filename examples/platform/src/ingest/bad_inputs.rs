//! What strangers upload, and what they are told.
//!
//! Each case is a whole file on its way through all three gates, named after the list of bad inputs it
//! stands for, with code, row and column of the answer. Nobody may get a panic or an empty list.

use std::fmt::Write as _;

use super::{
    Code, MAX_BYTES, MAX_CELL_BYTES, MAX_COLUMNS, MAX_PROBLEMS, MAX_ROWS, Problem, Roles, Validated,
    kpi_value, read, suggest, validate,
};

const ROLES: &str = r#"{"week":"date","orders":"kpi","TV":"media_spend","Radio":"media_spend"}"#;

/// Sixty good weeks, one line each, the header first.
fn lines() -> Vec<String> {
    let mut lines = vec!["week,orders,TV,Radio".to_owned()];
    for n in 0..60_i32 {
        let week = jiff::civil::date(2023, 1, 2).checked_add(jiff::Span::new().weeks(n)).unwrap();
        lines.push(format!("{week},{},{}.5,{}", 500 + n, 10 + n % 7, n % 5));
    }
    lines
}

/// Good data after `change`, which sees lines numbered as the file numbers them.
fn changed(change: impl Fn(usize, &str) -> String) -> Vec<u8> {
    let lines = lines();
    lines.iter().enumerate().map(|(at, line)| change(at + 1, line) + "\n").collect::<String>().into_bytes()
}

fn with(row: usize, line: &str) -> Vec<u8> {
    changed(|at, old| if at == row { line.to_owned() } else { old.to_owned() })
}

fn uploaded(bytes: &[u8]) -> Result<Validated, Vec<Problem>> {
    validate(&read(bytes)?, &Roles::from_json(ROLES)?, Some(40.0))
}

type Place = (Code, Option<usize>, Option<&'static str>);

fn assert_refused(name: &str, bytes: &[u8], expected: &[Place]) {
    let problems = uploaded(bytes).expect_err(name);
    let found: Vec<_> = problems.iter().map(|p| (p.code, p.row, p.column.as_deref())).collect();
    assert_eq!(found, expected, "{name}: {problems:#?}");
    for problem in problems {
        assert!(problem.message.chars().count() <= 200, "{name}: {}", problem.message);
        assert!(
            problem.message.ends_with('.') || problem.message.ends_with('…'),
            "{name}: {}",
            problem.message
        );
    }
}

#[test]
fn good_data_is_taken() {
    let found = uploaded(&changed(|_, line| line.to_owned())).unwrap();
    assert_eq!(
        (found.source.extent().to_string().as_str(), found.warnings.len()),
        ("60 weeks, 2 channels, no gaps", 0)
    );
}

#[test]
fn bad_inputs_are_named_with_row_and_column() {
    let table: Vec<(&str, Vec<u8>, Vec<Place>)> = vec![
        (
            "missing column",
            with(1, "week,orders,TV,Cinema"),
            vec![(Code::MissingColumn, None, Some("Radio"))],
        ),
        (
            "wrong delimiter",
            changed(|_, line| line.replace(',', "|")),
            vec![(Code::WrongDelimiter, Some(1), None)],
        ),
        (
            "not UTF-8",
            [changed(|_, line| line.to_owned()), b"2024-02-26,1,\xFC,0\n".to_vec()].concat(),
            vec![(Code::NotUtf8, Some(62), None)],
        ),
        (
            "mixed date formats",
            with(7, "06.02.2023,505,15.5,0"),
            vec![(Code::MixedDateFormats, Some(7), Some("week"))],
        ),
        ("negative spend", with(9, "2023-02-20,507,-3,2"), vec![(Code::NegativeSpend, Some(9), Some("TV"))]),
        (
            "all-zero channel",
            changed(
                |at, line| if at == 1 { line.to_owned() } else { format!("{}0", &line[..line.len() - 1]) },
            ),
            vec![(Code::AllZero, None, Some("Radio"))],
        ),
        ("gap", with(20, ""), vec![(Code::Gap, Some(21), Some("week"))]),
        (
            "duplicate date",
            with(21, "2023-05-08,519,15.5,4"),
            vec![(Code::DuplicateDate, Some(21), Some("week")), (Code::Gap, Some(22), Some("week"))],
        ),
        ("3 rows", lines()[..4].join("\n").into_bytes(), vec![(Code::TooFewRows, None, None)]),
        ("1 row", lines()[..2].join("\n").into_bytes(), vec![(Code::TooFewRows, None, None)]),
        ("NaN cell", with(5, "2023-01-23,NaN,13.5,3"), vec![(Code::NotFinite, Some(5), Some("orders"))]),
        ("inf cell", with(5, "2023-01-23,503,inf,3"), vec![(Code::NotFinite, Some(5), Some("TV"))]),
        ("1e308", with(5, "2023-01-23,503,1e308,3"), vec![(Code::TooLarge, Some(5), Some("TV"))]),
        ("empty cell", with(5, "2023-01-23,503,,3"), vec![(Code::EmptyCell, Some(5), Some("TV"))]),
        ("words", with(5, "2023-01-23,503,much,3"), vec![(Code::NotANumber, Some(5), Some("TV"))]),
        ("no such day", with(5, "2023-01-32,503,1,3"), vec![(Code::NotADate, Some(5), Some("week"))]),
        ("ragged row", with(5, "2023-01-23,503,1"), vec![(Code::RaggedRow, Some(5), None)]),
        (
            "decimal comma in CSV",
            changed(|at, l| if at == 1 { l.to_owned() } else { l.replace('.', ",") }),
            vec![(Code::RaggedRow, Some(1), None)],
        ),
        (
            "title above",
            changed(|at, l| if at == 1 { format!("Report of May\n{l}") } else { l.to_owned() }),
            vec![(Code::NoHeader, Some(1), None)],
        ),
        ("no header", lines()[1..].join("\n").into_bytes(), vec![(Code::NoHeader, Some(1), None)]),
        ("header only", b"week,orders,TV,Radio\n".to_vec(), vec![(Code::HeaderOnly, None, None)]),
        (
            "duplicate header",
            with(1, "week,orders,TV,tv"),
            vec![(Code::DuplicateHeader, Some(1), Some("tv"))],
        ),
        ("empty header", with(1, "week,orders,,Radio"), vec![(Code::EmptyHeader, Some(1), None)]),
        ("open quote", with(8, "2023-02-13,\"506,16.5,1"), vec![(Code::UnclosedQuote, Some(8), None)]),
        (
            "open quote in the first cell",
            with(8, "\"2023-02-13,506,16.5,1"),
            vec![(Code::UnclosedQuote, Some(8), None)],
        ),
        ("NUL", with(8, "2023-02-13,506,\0,1"), vec![(Code::NulByte, Some(8), None)]),
        ("web page", b"<!doctype html><html><body>Sign in".to_vec(), vec![(Code::HtmlFile, None, None)]),
        (
            "XML entities",
            b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"&b;&b;\">]><x>&a;</x>".to_vec(),
            vec![(Code::XmlFile, None, None)],
        ),
        (
            "workbook",
            b"PK\x03\x04\x14\0\x06\0[Content_Types].xml".to_vec(),
            vec![(Code::ExcelFile, None, None)],
        ),
        ("gzip", b"\x1F\x8B\x08\0\0\0\0\0\0\x03".to_vec(), vec![(Code::CompressedFile, None, None)]),
        ("empty file", Vec::new(), vec![(Code::EmptyFile, None, None)]),
    ];
    for (name, bytes, expected) in table {
        assert_refused(name, &bytes, &expected);
    }
}

#[test]
fn utf16_is_recognised_with_and_without_its_mark() {
    let text = lines().join("\r\n");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for bytes in
        [little.clone(), big.clone(), [vec![0xFF, 0xFE], little].concat(), [vec![0xFE, 0xFF], big].concat()]
    {
        assert_refused("UTF-16", &bytes, &[(Code::Utf16, None, None)]);
    }
}

#[test]
fn limits_end_the_reading() {
    let columns: Vec<String> = (0..1_000_000).map(|n| format!("c{n}")).collect();
    let mut many_rows = String::from("week,orders,TV,Radio\n");
    for _ in 0..=MAX_ROWS {
        many_rows.push_str("2023-01-02,1,2,3\n");
    }
    let mut commas = vec![b','; MAX_BYTES];
    commas.splice(..2, *b"a\n");
    let table: Vec<(&str, Vec<u8>, Place)> = vec![
        ("too large", vec![b'1'; MAX_BYTES + 1], (Code::FileTooLarge, None, None)),
        ("a million columns", columns.join(",").into_bytes(), (Code::CellTooLong, Some(1), None)),
        (
            "too many columns",
            columns[..=MAX_COLUMNS].join(",").into_bytes(),
            (Code::TooManyColumns, Some(1), None),
        ),
        ("too many rows", many_rows.into_bytes(), (Code::TooManyRows, Some(MAX_ROWS + 2), None)),
        (
            "a long cell",
            with(3, &format!("2023-01-09,{},1,1", "9".repeat(MAX_CELL_BYTES + 1))),
            (Code::CellTooLong, Some(3), None),
        ),
        (
            "a huge quoted cell",
            with(3, &format!("2023-01-09,\"{}\",1,1", "9".repeat(20 << 20))),
            (Code::CellTooLong, Some(3), None),
        ),
        ("nothing but commas", commas, (Code::CellTooLong, Some(2), None)),
    ];
    for (name, bytes, place) in table {
        assert_refused(name, &bytes, &[place]);
    }
}

#[test]
fn roles_that_do_not_fit_are_all_named() {
    let table = read(&changed(|_, line| line.to_owned())).unwrap();
    let cases: [(&str, &[Code]); 5] = [
        ("{}", &[Code::NoDate, Code::NoKpi, Code::NoMedia]),
        (r#"{"week":"date","orders":"kpi"}"#, &[Code::NoMedia]),
        (r#"{"week":"date","orders":"kpi","TV":"kpi","Radio":"media_spend"}"#, &[Code::TwoKpis]),
        (r#"{"week":"date","orders":"kpi","Radio":"date","TV":"media_spend"}"#, &[Code::TwoDates]),
        (r#"{"week":"date","orders":"kpi","TV":"media_spend","Kino":"ignore"}"#, &[]),
    ];
    for (json, expected) in cases {
        let found = validate(&table, &Roles::from_json(json).unwrap(), None);
        let codes: Vec<Code> =
            found.err().unwrap_or_default().into_iter().map(|problem| problem.code).collect();
        assert_eq!(codes, expected, "{json}");
    }
    for worth in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e308] {
        let codes: Vec<Code> = validate(&table, &Roles::from_json(ROLES).unwrap(), Some(worth))
            .unwrap_err()
            .iter()
            .map(|p| p.code)
            .collect();
        assert_eq!(codes, [Code::BadKpiValue], "{worth}");
    }
    assert!(kpi_value("forty").is_err());
}

#[test]
fn a_broken_file_gives_a_bounded_list() {
    let mut text = String::from("week,orders");
    (0..MAX_COLUMNS - 2).for_each(|n| write!(text, ",c{n}").unwrap());
    for _ in 0..500 {
        text.push_str("\nnever,much");
        (0..MAX_COLUMNS - 2).for_each(|_| text.push_str(",?"));
    }
    let table = read(text.as_bytes()).unwrap();
    let roles: serde_json::Map<String, serde_json::Value> =
        (0..MAX_COLUMNS - 2).map(|n| (format!("c{n}"), "media_spend".into())).collect();
    let problems = validate(&table, &Roles::from_value(&roles.into()).unwrap(), None).unwrap_err();
    assert_eq!(problems.len(), MAX_PROBLEMS);
    let last = problems.last().unwrap();
    assert_eq!(
        (last.code, last.message.starts_with("148803 more")),
        (Code::MoreProblems, true),
        "{}",
        last.message
    );
}

#[test]
fn exports_of_other_programs_are_read() {
    let mut text = String::from("\u{feff}sep=;\r\nWoche;Umsatz;TV-Kosten\r\n");
    for n in 0..60_i32 {
        let day = jiff::civil::date(2023, 1, 2).checked_add(jiff::Span::new().weeks(n)).unwrap();
        let (day, month, year) = (day.day(), day.month(), day.year());
        write!(text, "{day:02}.{month:02}.{year};\"1.{n:03},50 €\";'-0\r\n").unwrap();
    }
    text.push_str(";;\r\n");
    let table = read(text.as_bytes()).unwrap();
    assert_eq!(table.preview(1)[0].cells, ["02.01.2023", "1.000,50 €", "-0"]);
    assert_eq!((table.rows(), table.warnings()[0].code), (60, Code::EmptyRows));
    let found = validate(
        &table,
        &Roles::from_json(r#"{"Woche":"date","Umsatz":"kpi","TV-Kosten":"media_spend"}"#).unwrap(),
        None,
    );
    let problems = found.unwrap_err();
    assert_eq!((problems.len(), problems[0].code), (1, Code::AllZero), "{problems:?}");
}

#[test]
fn rows_are_counted_as_a_spreadsheet_does() {
    let bad = with(9, "2023-02-20,507,-3,2");
    let text = String::from_utf8(bad).unwrap();
    let quoted = text.replacen("orders", "\"orders\"", 1).replace("2023-01-02,", "\"2023-01-02\",");
    let place = |row| [(Code::NegativeSpend, Some(row), Some("TV"))];
    for (name, text, row) in [
        ("CRLF", text.replace('\n', "\r\n"), 9),
        ("CR", text.replace('\n', "\r"), 9),
        ("a blank line between rows", text.replace('\n', "\n\n"), 17),
        ("blank lines on top", format!("\r\n\r\n{text}"), 11),
        ("quotation marks", quoted, 9),
        ("a declared separator", format!("sep=,\n{text}"), 10),
    ] {
        assert_refused(name, text.as_bytes(), &place(row));
    }
}

/// Damages good data in every way a wire or an editor might; whatever comes out, it is an answer.
#[test]
fn damaged_files_never_panic() {
    let good = changed(|_, line| line.to_owned());
    let pieces: [&[u8]; 12] =
        [b"\"", b"\n", b",", b";", b"\0", b"\xFF", b"1e999", b"-", b"\r", b"\t", b"'=", "‐∞".as_bytes()];
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..150 {
        let mut bytes = good.clone();
        for _ in 0..=next(6) {
            let at = next(bytes.len());
            let end = (at + next(40)).min(bytes.len());
            bytes.splice(at..end, pieces[next(pieces.len())].iter().copied());
        }
        match read(&bytes) {
            Ok(table) => {
                let asked = Roles::suggested(&suggest(&table));
                if let Err(problems) = validate(&table, &asked, None) {
                    assert!(!problems.is_empty());
                }
            }
            Err(problems) => assert!(!problems.is_empty()),
        }
    }
}
