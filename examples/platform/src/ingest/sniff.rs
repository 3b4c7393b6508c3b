//! Recognises what an uploaded file really is, whatever its name says.
//!
//! People send workbooks, archives and web pages with the ending `.csv`. Reading those as text would
//! answer with a thousand odd cells, so the first bytes are compared with known signatures and the
//! answer names the format and the way out. Nothing is ever unpacked or parsed as XML here: an
//! archive that would grow to gigabytes and an entity that would expand stay what they are, bytes.
//!
//! Order: size, signatures, UTF-16, NUL, UTF-8, markup.

use super::MAX_BYTES;
use super::problem::{Code, Problem};

/// How far a ZIP archive is searched for the folder every workbook has.
const ARCHIVE_HEAD: usize = 64 * 1024;

const EXCEL: &str = "This is an Excel workbook. Open it and choose “Save as”, type “CSV UTF-8”, then upload \
                     that file.";

/// Signatures of formats that are refused, with what to say.
const SIGNATURES: &[(&[u8], Code, &str)] = &[
    (b"\xD0\xCF\x11\xE0", Code::ExcelFile, EXCEL),
    (b"\x1F\x8B", Code::CompressedFile, "This is a gzip file. Unpack it and upload the CSV file inside."),
    (b"BZh", Code::CompressedFile, "This is a bzip2 file. Unpack it and upload the CSV file inside."),
    (b"\xFD7zXZ", Code::CompressedFile, "This is an xz file. Unpack it and upload the CSV file inside."),
    (
        b"\x28\xB5\x2F\xFD",
        Code::CompressedFile,
        "This is a zstd file. Unpack it and upload the CSV file inside.",
    ),
    (b"7z\xBC\xAF", Code::CompressedFile, "This is a 7-Zip file. Unpack it and upload the CSV file inside."),
    (b"Rar!", Code::CompressedFile, "This is a RAR file. Unpack it and upload the CSV file inside."),
    (b"PAR1", Code::ParquetFile, "This is a Parquet file. Export the table as CSV and upload that file."),
    (
        b"%PDF",
        Code::PdfFile,
        "This is a PDF document. Export the table behind it as CSV and upload that file.",
    ),
];

/// Beginnings of markup, in lower case.
const HTML: &[&str] = &["<!doctype html", "<html", "<head", "<body", "<table", "<div", "<meta", "<script"];

/// The text of a file without its byte order mark, or why it is not a text with cells.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > MAX_BYTES {
        let most = MAX_BYTES / 1_000_000;
        let what =
            format!("The file is larger than {most} MB. Leave out columns or years that you do not need.");
        return Err(Problem::file(Code::FileTooLarge, what));
    }
    if let Some((_, code, what)) = SIGNATURES.iter().find(|(signature, ..)| bytes.starts_with(signature)) {
        return Err(Problem::file(*code, *what));
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Err(archive(bytes));
    }
    if is_utf16(bytes) {
        let what =
            "The file is saved as UTF-16 (“Unicode text”). Save it as “CSV UTF-8” and upload it again.";
        return Err(Problem::file(Code::Utf16, what));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    // `contains` is much faster than the search for the place, and nearly always says no.
    if bytes.contains(&0) {
        let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
        let what = "there is a NUL character, so the file is damaged or not a CSV file. Export it again.";
        return Err(Problem::row(Code::NulByte, line_at(bytes, at), what));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let what =
            "some letters are not UTF-8, often ä, é or €. Save the file as “CSV UTF-8” and upload it again.";
        Problem::row(Code::NotUtf8, line_at(bytes, error.valid_up_to()), what)
    })?;
    if text.trim().is_empty() {
        return Err(Problem::file(
            Code::EmptyFile,
            "The file is empty. Export your data again and upload it.",
        ));
    }
    markup(text).map_or(Ok(text), Err)
}

fn archive(bytes: &[u8]) -> Problem {
    let head = bytes.get(..ARCHIVE_HEAD).unwrap_or(bytes);
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    if has(b"xl/") || has(b"[Content_Types].xml") {
        return Problem::file(Code::ExcelFile, EXCEL);
    }
    Problem::file(Code::ZipFile, "This is a ZIP archive. Unpack it and upload the CSV file inside.")
}

/// A byte order mark, or a NUL at every second byte as plain letters have in UTF-16.
fn is_utf16(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.starts_with(b"\0\0\xFE\xFF")
    {
        return true;
    }
    let head = bytes.get(..64).unwrap_or(bytes);
    let nul_at = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (nul_at(0), nul_at(1));
    head.len() >= 4 && even.abs_diff(odd) * 4 >= head.len()
}

fn markup(text: &str) -> Option<Problem> {
    let start = text.trim_start();
    let head: String = start.chars().take(32).collect::<String>().to_ascii_lowercase();
    if HTML.iter().any(|tag| head.starts_with(tag)) {
        let what = "This is a web page, not a CSV file; perhaps the login page of the tool you exported from. \
                    Export again as CSV.";
        return Some(Problem::file(Code::HtmlFile, what));
    }
    if head.starts_with('<') {
        let what = "This is an XML document. Export the table as CSV and upload that file.";
        return Some(Problem::file(Code::XmlFile, what));
    }
    let squeezed: String = head.chars().filter(|c| !c.is_whitespace()).take(2).collect();
    if matches!(squeezed.as_str(), "{\"" | "[{" | "[[" | "{}" | "[]") {
        let what = "This is a JSON document. Export the table as CSV and upload that file.";
        return Some(Problem::file(Code::JsonFile, what));
    }
    None
}

/// The line, counted from 1, that the byte at `at` is on.
fn line_at(bytes: &[u8], at: usize) -> usize {
    1 + bytes.iter().take(at).filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_named() {
        let table: &[(&[u8], Code)] = &[
            (b"", Code::EmptyFile),
            (b" \r\n\t\n", Code::EmptyFile),
            (b"\xEF\xBB\xBF", Code::EmptyFile),
            (b"PK\x03\x04....[Content_Types].xml", Code::ExcelFile),
            (b"PK\x03\x04....xl/workbook.xml", Code::ExcelFile),
            (b"PK\x03\x04....data.csv", Code::ZipFile),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Code::ExcelFile),
            (b"\x1F\x8B\x08\0\0", Code::CompressedFile),
            (b"PAR1\x15\x04", Code::ParquetFile),
            (b"%PDF-1.7", Code::PdfFile),
            (b"\n<!DOCTYPE HTML><html>", Code::HtmlFile),
            (b"<table><tr><td>1", Code::HtmlFile),
            (b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b \"b\">]>", Code::XmlFile),
            (b"<!DOCTYPE a [<!ENTITY b \"b\">]>", Code::XmlFile),
            (b"<data><row/></data>", Code::XmlFile),
            (b"[ { \"date\": 1 } ]", Code::JsonFile),
            (b"\xFF\xFEd\0a\0t\0e\0", Code::Utf16),
            (b"d\0a\0t\0e\0;\0y\0", Code::Utf16),
            (b"\0d\0a\0t\0e\0;\0y", Code::Utf16),
            (b"date,y\n2024-01-01,\0", Code::NulByte),
            (b"date,Umsatz \xE4\n", Code::NotUtf8),
        ];
        for (bytes, code) in table {
            let found = text(bytes).map_err(|problem| problem.code);
            assert_eq!(found, Err(*code), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn the_row_of_a_bad_byte_is_told() {
        let problem = text(b"date,y\n2024-01-01,1\n2024-01-08,\xFC\n").unwrap_err();
        assert_eq!((problem.code, problem.row), (Code::NotUtf8, Some(3)));
        let problem = text(b"date,y\n2024-01-01,1\0\n").unwrap_err();
        assert_eq!((problem.code, problem.row), (Code::NulByte, Some(2)));
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(text(b"\xEF\xBB\xBFdate,y"), Ok("date,y"));
    }

    #[test]
    fn a_file_above_the_limit_is_refused_unseen() {
        let problem = text(&vec![b'a'; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(problem.code, Code::FileTooLarge);
        assert!(text(&vec![b'a'; MAX_BYTES]).is_ok(), "fifty million bytes are not above it");
    }
}
