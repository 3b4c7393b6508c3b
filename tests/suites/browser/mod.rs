//! The platform as people see it: the same journeys as over HTTP, in a real browser.

mod checks;
mod chromium;
mod gallery;
mod journey;
mod plain;

use std::path::PathBuf;

use tempfile::TempDir;
use tests::World;
use tests::world::BASE;

/// A tenant's address in this world.
fn origin(world: &World, tenant: &str) -> String {
    format!("http://{tenant}.{BASE}:{}", world.addr.port())
}

/// The simulated example as a file that a form can send.
fn example_file() -> (TempDir, PathBuf) {
    file("weekly.csv", World::example().as_bytes())
}

fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a file");
    (folder, path)
}

/// A text as a browser's file field takes it.
fn typed(path: &std::path::Path) -> String {
    path.display().to_string()
}
