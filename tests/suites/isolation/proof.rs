//! The proof over the platform's own schema: nothing but what the server's version brings.

use tenancy_sqlx::proof::{Policy, Severity, prove};
use tests::World;

/// D10: no error, and no warning but R46, the server's version.
#[tokio::test]
async fn the_platforms_schema_is_proved() {
    let world = World::start().await;
    let report = prove(&world.options_for("app_rw"), &Policy::default()).await.expect("the proof");
    let worse = report.findings.iter().filter(|finding| finding.severity != Severity::Info);
    let rules: Vec<_> = worse.map(|finding| finding.rule).filter(|rule| *rule != "R46").collect();
    assert_eq!(rules, Vec::<&str>::new(), "{report}");
}
