//! The proof on a real server: our own schema passes, and whatever breaks a rule is found, is mended by
//! the SQL that the finding names, and is then found no more.
#![cfg(feature = "embedded")]

#[path = "../kit/mod.rs"]
mod kit;

mod broken;
mod command;
mod drift;
mod rules;

use kit::{Place, place};
use tenancy_sqlx::SealKey;
use tenancy_sqlx::proof::{Policy, Report, Severity, Verdict, prove};

async fn proof(place: &Place) -> Report {
    prove(&place.login("app_rw"), &Policy::default()).await.expect("the proof")
}

/// The rules that were broken, each once.
fn rules_of(report: &Report) -> Vec<&'static str> {
    let mut rules: Vec<_> = report.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// What a correct schema may have on this server: the server's own version.
async fn baseline(place: &Place) -> Vec<&'static str> {
    let old = place
        .text(
            "SELECT (current_setting('server_version_num')::integer < CASE current_setting('server_version_num')::integer / 10000
                WHEN 15 THEN 150020 WHEN 16 THEN 160016 WHEN 17 THEN 170012 WHEN 18 THEN 180007 ELSE 0 END)::text",
        )
        .await;
    if old == "true" { vec!["R46"] } else { vec![] }
}

#[tokio::test]
async fn our_own_schema_has_nothing_but_the_servers_version() {
    let Some(place) = place().await else { return };
    let report = proof(&place).await;
    assert_eq!(rules_of(&report), baseline(&place).await, "{report}");
    assert!(report.verdict != Verdict::Refuse);
    place.seal(&SealKey::generate(1).expect("a key")).await;
    assert_eq!(proof(&place).await, report, "sealed as well");
}

#[tokio::test]
async fn what_is_allowed_with_a_reason_is_silent() {
    let Some(place) = place().await else { return };
    place.run("ALTER TABLE things NO FORCE ROW LEVEL SECURITY").await;
    assert_eq!(proof(&place).await.verdict, Verdict::Refuse);
    let policy = Policy::default().allow("R12", "the owner never logs in").expect("a rule");
    let report = prove(&place.login("app_rw"), &policy).await.expect("the proof");
    assert_eq!(rules_of(&report), baseline(&place).await);
}

#[tokio::test]
async fn a_seal_turns_set_config_from_a_hole_into_advice() {
    let Some(place) = place().await else { return };
    place.run("GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC").await;
    let severity = |report: &Report, rule| {
        report.findings.iter().find(|finding| finding.rule == rule).map(|finding| finding.severity)
    };
    assert_eq!(severity(&proof(&place).await, "R41"), Some(Severity::Error));
    place.seal(&SealKey::generate(1).expect("a key")).await;
    let sealed = proof(&place).await;
    assert_eq!((severity(&sealed, "R41"), severity(&sealed, "R41s")), (None, Some(Severity::Info)));
}

#[tokio::test]
async fn a_session_without_row_security_is_refused() {
    let Some(place) = place().await else { return };
    let options = place.login("app_rw").options([("row_security", "off")]);
    let report = prove(&options, &Policy::default()).await.expect("the proof");
    assert!(rules_of(&report).contains(&"R48"), "{report}");
    assert_eq!(report.verdict, Verdict::Refuse);
}

#[tokio::test]
async fn two_hundred_protected_tables_add_no_finding() {
    let Some(place) = place().await else { return };
    place
        .run(
            "DO $$ BEGIN FOR n IN 1..200 LOOP
                EXECUTE format('CREATE TABLE many_%s (tenant_id uuid, id integer, PRIMARY KEY (tenant_id, id));
                    SELECT tenancy.protect(''many_%1$s'')', n);
             END LOOP; END $$; ANALYZE",
        )
        .await;
    let report = proof(&place).await;
    assert_eq!(rules_of(&report), baseline(&place).await, "{report}");
}

#[tokio::test]
async fn reports_are_written_in_three_forms() {
    let Some(place) = place().await else { return };
    place.run("GRANT TRUNCATE ON things TO app_rw").await;
    let report = proof(&place).await;
    let json = report.to_json();
    assert_eq!(json["verdict"], "refuse");
    let first = json["findings"][0].as_object().expect("a finding");
    let mut keys: Vec<_> = first.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["fix", "object", "reason", "rule", "severity"]);
    assert_eq!(first["object"], "public.things");
    let sarif = report.to_sarif();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "R30");
    assert!(report.to_string().contains("REVOKE TRUNCATE ON public.things"), "{report}");
}
