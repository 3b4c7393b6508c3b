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
    wrong.extend(required().filter(|id| !seen.contains(id.as_str())).map(|id| format!("{id} has no line")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What must be in the table.
fn required() -> impl Iterator<Item = String> {
    let numbers: [(char, &[u8]); 14] = [
        ('E', &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]),
        ('T', &[2, 5, 6, 9, 13, 14, 19]),
        ('P', &[1, 3]),
        ('U', &[1, 2, 3]),
        ('K', &[1, 2, 3, 4, 5, 9, 10]),
        ('B', &[1, 2, 3, 4, 6]),
        ('O', &[1, 3]),
        ('R', &[6, 7, 10]),
        ('A', &[2, 4, 5, 6, 7, 10, 11, 12]),
        ('M', &[5, 6, 7, 8]),
        ('V', &[1, 2, 3, 4]),
        ('G', &[1, 2, 3, 4, 5, 6, 7, 8]),
        ('D', &[12]),
        ('Y', &[1]),
    ];
    numbers.into_iter().flat_map(|(row, numbers)| numbers.iter().map(move |number| format!("{row}{number}")))
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

/// What the README shows as Rust is what `examples/quickstart` is made of, which is compiled and tested.
#[test]
fn the_readme_shows_the_quickstart_as_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let read = |path: &str| read_to_string(root.join(path)).expect(path);
    let (readme, quickstart) = (read("README.md"), read("examples/quickstart/src/main.rs"));
    let shown: Vec<&str> =
        readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!shown.is_empty(), "the README shows no code");
    for code in shown {
        assert!(quickstart.contains(code), "this is not in the quickstart:\n{code}");
    }
    assert!(quickstart.lines().count() <= 120, "the quickstart has grown");
}

#[test]
fn a_test_is_told_from_a_function() {
    let source = "#[test]\nfn a_rule() {}\nfn no_rule() {}\n#[test]\n#[ignore]\nfn off() {}";
    let found: Vec<_> = ["a_rule", "no_rule", "off", "rule"].map(|name| is_test(source, name)).into();
    assert_eq!(found, [true, false, false, false]);
}
