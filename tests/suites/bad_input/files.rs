//! Files that are no data.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tenancy_core::Role;
use tests::{Answer, Caller, World};

use super::{assert_alive, assert_clear, stored};

const HEADING: &str = "week,orders,TV,Radio";

fn roles() -> Value {
    json!({ "week": "date", "orders": "kpi", "TV": "media_spend", "Radio": "media_spend" })
}

/// Good data with one line, counted as a spreadsheet does, put in place of another.
fn with(row: usize, line: &str) -> Vec<u8> {
    good(|at, good| if at == row { line.to_owned() } else { good })
}

fn good(change: impl Fn(usize, String) -> String) -> Vec<u8> {
    // Forty days, each the one after the last.
    let days = (0..40_u32).map(|n| {
        let (month, day) = if n < 31 { (1, n + 1) } else { (2, n - 30) };
        format!("2024-{month:02}-{day:02},{},{}.5,{}", 500 + n, 10 + n % 7, n % 5)
    });
    let lines = std::iter::once(HEADING.to_owned()).chain(days);
    lines.enumerate().map(|(at, line)| change(at + 1, line) + "\n").collect::<String>().into_bytes()
}

/// A name, the file, and code, row and column of one problem that is to be named.
type Case = (&'static str, Vec<u8>, &'static str, Option<u64>, Option<&'static str>);

fn cases() -> Vec<Case> {
    let text = String::from_utf8(good(|_, line| line)).unwrap();
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let few = text.lines().take(4).collect::<Vec<_>>().join("\n").into_bytes();
    vec![
        ("missing column", with(1, "week,orders,TV,Cinema"), "missing_column", None, Some("Radio")),
        ("wrong delimiter", text.replace(',', "|").into_bytes(), "wrong_delimiter", Some(1), None),
        ("not UTF-8", [text.as_bytes(), b"2024-02-13,1,\xFC,0\n"].concat(), "not_utf8", Some(42), None),
        ("UTF-16", utf16, "utf16", None, None),
        ("mixed date formats", with(7, "06.01.2024,505,15.5,0"), "mixed_date_formats", Some(7), Some("week")),
        ("negative spend", with(9, "2024-01-08,507,-3,2"), "negative_spend", Some(9), Some("TV")),
        (
            "all-zero channel",
            good(|at, l| if at == 1 { l } else { format!("{},0", l.rsplit_once(',').unwrap().0) }),
            "all_zero",
            None,
            Some("Radio"),
        ),
        ("gap", text.replace("2024-01-15,514,10.5,4\n", "").into_bytes(), "gap", None, Some("week")),
        ("duplicate date", with(12, "2024-01-10,510,13.5,0"), "duplicate_date", Some(12), Some("week")),
        ("3 rows", few, "too_few_rows", None, None),
        ("NaN", with(5, "2024-01-04,NaN,13.5,3"), "not_finite", Some(5), Some("orders")),
        ("infinity", with(5, "2024-01-04,503,inf,3"), "not_finite", Some(5), Some("TV")),
        ("1e308", with(5, "2024-01-04,503,1e308,3"), "too_large", Some(5), Some("TV")),
        ("empty cell", with(5, "2024-01-04,503,,3"), "empty_cell", Some(5), Some("TV")),
        ("a word", with(5, "2024-01-04,503,much,3"), "not_a_number", Some(5), Some("TV")),
        ("no such day", with(5, "2024-01-32,503,1,3"), "not_a_date", Some(5), Some("week")),
        ("ragged row", with(5, "2024-01-04,503,1"), "ragged_row", Some(5), None),
        ("NUL", with(8, "2024-01-07,506,\0,1"), "nul_byte", Some(8), None),
        ("web page", b"<!doctype html><html><body>Sign in".to_vec(), "html_file", None, None),
        (
            "XML",
            b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"&b;\">]><x>&a;</x>".to_vec(),
            "xml_file",
            None,
            None,
        ),
        ("workbook", b"PK\x03\x04\x14\0\x06\0[Content_Types].xml".to_vec(), "excel_file", None, None),
        ("gzip", b"\x1F\x8B\x08\0\0\0\0\0\0\x03".to_vec(), "compressed_file", None, None),
        ("empty", Vec::new(), "empty_file", None, None),
        ("a heading only", format!("{HEADING}\n").into_bytes(), "header_only", None, None),
    ]
}

async fn raw(caller: &Caller, bytes: &[u8]) -> Answer {
    let request = caller.request(Method::POST, "/tenant/data/upload").header("content-type", "text/csv");
    caller.send(request.query(&[("roles", roles().to_string())]).body(bytes.to_vec())).await
}

async fn form(caller: &Caller, path: &str, bytes: &[u8]) -> Answer {
    let part = Part::bytes(bytes.to_vec()).file_name("../../sales.csv").mime_str("text/csv").unwrap();
    let form = Form::new().text("roles", roles().to_string()).part("file", part);
    caller.send(caller.request(Method::POST, path).multipart(form)).await
}

/// The file that the cases break is good.
#[tokio::test]
async fn the_file_that_is_broken_below_is_good() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    for answer in
        [raw(&caller, &good(|_, l| l)).await, form(&caller, "/tenant/data/upload", &good(|_, l| l)).await]
    {
        assert_eq!(
            (answer.status, &answer.json()["status"]),
            (StatusCode::CREATED, &json!("ready")),
            "{}",
            answer.body
        );
    }
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM data_sources ORDER BY name")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(names, ["sales.csv", "upload.csv"], "AC59: a name is no path");
}

/// AC59, AC61, E8: every broken file is named with row and column, and leaves nothing.
#[tokio::test]
async fn a_broken_file_is_named_and_nothing_of_it_is_stored() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let before = stored(&world).await;
    for (name, bytes, code, row, column) in cases() {
        let sent = raw(&caller, &bytes).await;
        let formed = form(&caller, "/tenant/data/upload", &bytes).await;
        for (way, answer) in [("as it is", &sent), ("in a form", &formed)] {
            let what = format!("{name} {way}");
            assert_clear(&what, answer);
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{what}: {}", answer.body);
            let body = answer.json();
            assert_eq!(body["code"], "data_invalid", "{what}: {body}");
            let problems = body["problems"].as_array().unwrap();
            let named = problems.iter().any(|problem| {
                let place = row.is_none_or(|row| problem["row"] == row);
                problem["code"] == code && place && column.is_none_or(|column| problem["column"] == column)
            });
            assert!(named, "{what}: expected {code} at {row:?} {column:?} in {body}");
            for problem in problems {
                assert!(problem["message"].as_str().is_some_and(|text| text.len() > 10), "{what}: {problem}");
            }
        }
        assert_eq!(stored(&world).await, before, "{name} left something");
    }
    assert_alive("the broken files", &caller).await;
}

/// AC59: the page says the same, and whoever sent the file sees what to do.
#[tokio::test]
async fn a_broken_file_on_the_page_is_answered_with_the_page() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let mut refused = 0;
    for (name, bytes, ..) in cases() {
        let answer = form(&caller, "/data", &bytes).await;
        // Without roles, what is wrong under a role shows on the next page.
        if answer.status == StatusCode::SEE_OTHER {
            let next = caller.get_page(&answer.header("location")).await;
            assert_eq!(next.status, StatusCode::OK, "{name}");
            continue;
        }
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.body);
        assert!(answer.body.contains("Nothing was stored"), "{name}: {}", answer.body);
        refused += 1;
    }
    assert!(refused >= 10, "only {refused} files were refused");
    let sources: i64 = sqlx::query_scalar("SELECT count(*) FROM data_sources")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(sources, 0);
}

/// AC61: two steps are no way round: what was proposed is checked when its roles come, and waits on.
#[tokio::test]
async fn a_proposed_file_that_does_not_fit_its_roles_stays_proposed() {
    let world = World::start().await;
    let caller = world.signed_in("acme", Role::Analyst).await;
    let proposed = caller.upload(with(9, "2024-01-08,507,-3,2")).await;
    assert_eq!(proposed.status, StatusCode::CREATED, "{}", proposed.body);
    let id = proposed.json()["source_id"].as_str().unwrap().to_owned();
    let before = stored(&world).await;
    let path = format!("/tenant/data/sources/{id}/roles");
    let bodies = [
        json!({ "roles": roles() }),
        json!({ "roles": {} }),
        json!({ "roles": { "week": "king" } }),
        json!([]),
        json!(7),
        json!({ "roles": { "none": "date" } }),
        json!({ "roles": roles(), "kpi_value": -1 }),
        json!({ "roles": roles(), "kpi_value": 1e308 }),
        json!({ "roles": roles(), "kpi_value": "NaN" }),
        json!({ "roles": [[["week"]]] }),
        json!({ "columns": [{ "name": 1, "role": 2 }] }),
        Value::Null,
    ];
    for body in bodies {
        let answer = caller.put_json(&path, &body).await;
        assert_clear(&body.to_string(), &answer);
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.body);
        assert_eq!(stored(&world).await, before, "{body}");
    }
    assert_eq!(caller.get(&format!("/tenant/data/sources/{id}")).await.json()["status"], "proposed");
}
