//! What goes round a tenant does not compile, and the message says what to do instead.
//!
//! Each file in `cases` begins with the code of its error, and with the words (`says:`) of this crate that
//! must be in it. The whole text is compared only with `TENANCY_UI=exact`, because the compiler words it
//! anew now and then; `TRYBUILD=overwrite TENANCY_UI=exact` writes it anew.

use std::path::{Path, PathBuf};
use std::process::Command;

const CASES: &str = "tests/ui/cases";
/// Tells the second process, which only compiles, where the copies are.
const COPIES: &str = "TENANCY_UI_COPIES";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(CASES)
}

fn cases() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).expect("the cases").map(|entry| entry.expect("a file").path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// What a text of the compiler lacks of what its case is about.
fn lacks(case: &Path, text: &str) -> Option<String> {
    let source = std::fs::read_to_string(case).expect("a case");
    let mut comments = source.lines().map_while(|line| line.strip_prefix("// "));
    let (code, _) =
        comments.next().and_then(|line| line.split_once(':')).expect("a code, and what it is about");
    let code = format!("error[{code}]");
    // The compiler breaks lines of a note where it likes.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted = comments.filter_map(|line| line.strip_prefix("says: ")).chain([code.as_str()]);
    let missing: Vec<_> = wanted.filter(|words| !text.contains(words)).collect();
    (!missing.is_empty()).then(|| format!("{}: {missing:?} is not in {text}", case.display()))
}

#[test]
fn what_goes_round_a_tenant_does_not_compile() {
    if std::env::var("TENANCY_UI").as_deref() == Ok("exact") {
        trybuild::TestCases::new().compile_fail(format!("{CASES}/*.rs"));
        return;
    }
    let copies = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let _ = std::fs::remove_dir_all(&copies);
    std::fs::create_dir_all(&copies).expect("a folder for the copies");
    for case in cases() {
        std::fs::copy(&case, copies.join(case.file_name().expect("a name"))).expect("a copy");
    }
    let compiled = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "only_compile", "--nocapture"])
        .env(COPIES, &copies)
        .env("TRYBUILD", "overwrite")
        .output()
        .expect("a second process");
    let said = String::from_utf8_lossy(&compiled.stdout) + String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{said}");
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let copy = copies.join(case.file_name().expect("a name")).with_extension("stderr");
            lacks(case, &std::fs::read_to_string(copy).unwrap_or_default())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The second process: writes down what the compiler says of each copy, and fails where one compiles.
#[test]
fn only_compile() {
    if let Some(copies) = std::env::var_os(COPIES) {
        trybuild::TestCases::new().compile_fail(Path::new(&copies).join("*.rs"));
    }
}

#[test]
fn every_case_is_written_down_with_its_error() {
    assert!(cases().len() >= 20, "the cases are there");
    for case in cases() {
        let text = std::fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        assert_eq!(lacks(&case, &text), None);
    }
}
