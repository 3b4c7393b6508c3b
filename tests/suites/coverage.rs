//! The table of `requirements.txt`: what is required, and the tests that show it.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::Path;

/// The table, part of this program so that it cannot be missing.
const TEXT: &str = include_str!("../requirements.txt");

/// A line a requirement, and no test that was renamed, taken away, or is never run.
#[test]
fn every_requirement_names_tests_that_are_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for line in TEXT.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let id = words.next().expect("a line with words");
        if !seen.insert(id) {
            wrong.push(format!("{id} has two lines"));
        }
        let tests: Vec<&str> = words.collect();
        if tests.is_empty() {
            wrong.push(format!("{id} names no test"));
        }
        for test in tests {
            let found = test.split_once("::").and_then(|(file, name)| {
                let source = read_to_string(root.join(file)).ok()?;
                is_test(&source, name).then_some(())
            });
            if found.is_none() {
                wrong.push(format!("{id}: there is no test {test}"));
            }
        }
    }
    assert!(!seen.is_empty(), "the table has lines");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a source has a function of this name with the attribute of a test, and does not ignore it.
fn is_test(source: &str, name: &str) -> bool {
    let declared = [format!("fn {name}("), format!("async fn {name}(")];
    let mut attributes = Vec::new();
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[") {
            attributes.push(line);
        } else if declared.iter().any(|declared| line.starts_with(declared)) {
            return attributes.iter().any(|line| line.contains("test")) && !attributes.contains(&"#[ignore]");
        } else {
            attributes.clear();
        }
    }
    false
}

#[test]
fn a_test_is_told_from_a_function() {
    let source = "#[test]\nfn a_rule() {}\nfn no_rule() {}\n#[test]\n#[ignore]\nfn off() {}";
    let found: Vec<_> = ["a_rule", "no_rule", "off", "rule"].map(|name| is_test(source, name)).into();
    assert_eq!(found, [true, false, false, false]);
}
