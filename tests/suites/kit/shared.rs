//! Reference data beside the project, and skips that can be seen.

use std::io::Write as _;
use std::path::PathBuf;

/// Says that a test was skipped and why; fails where nothing may be skipped.
///
/// # Panics
///
/// Under `TENANCY_REQUIRE=all`.
pub fn skip(test: &str, why: &str) {
    assert!(std::env::var("TENANCY_REQUIRE").as_deref() != Ok("all"), "{test} may not be skipped: {why}");
    let _ = writeln!(std::io::stderr().lock(), "SKIPPED: {test}: {why}");
}

/// A file of the reference data, if the folder is there.
pub fn file(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("TENANCY_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let file = folder.join(path);
    file.exists().then_some(file)
}
