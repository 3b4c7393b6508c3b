//! Breaks each rule, mends what was found with the SQL that came with it, and proves again.

use sqlx::{Connection, PgConnection};
use tenancy_sqlx::proof::{Policy, Report, prove};

use crate::broken::{CASES, Case};
use crate::kit::{Place, place, unique};

/// A login of this case alone.
async fn make(place: &Place, role: &str) {
    let make = format!("CREATE ROLE {role} LOGIN NOINHERIT PASSWORD '{}'", place.password());
    let let_in = format!("GRANT CONNECT ON DATABASE \"{}\" TO {role}", place.server.name());
    place.run(format!("{make}; {let_in}")).await;
}

async fn break_and_mend(place: &Place, case: &Case) -> Vec<String> {
    let (mut wrong, own, other) = (Vec::new(), unique("proved"), unique("other"));
    let role = if case.own_role { own.as_str() } else { "app_rw" };
    let others = case.sql.contains("$other");
    let made: Vec<&str> = [(case.own_role, &own), (others, &other)]
        .into_iter()
        .filter_map(|(wanted, role)| wanted.then_some(role.as_str()))
        .collect();
    for role in &made {
        make(place, role).await;
    }
    let asked = async || prove(&place.login(role), &Policy::default()).await.expect("the proof");
    let before = asked().await;
    place.run(case.sql.replace("$role", role).replace("$other", &other)).await;
    let found = asked().await;
    if !found.findings.iter().any(|finding| finding.rule == case.rule) {
        wrong.push(format!("{} is not found after {}: {found}", case.rule, case.sql));
    }
    // Mending one may show the next, as it does for a person.
    let mut now = found;
    for _ in 0..3 {
        for finding in now.findings.iter().filter(|finding| !before.findings.contains(finding)) {
            if let Err(error) = place.try_run(finding.fix.clone()).await {
                wrong.push(format!("{} cannot be mended with {}: {error}", finding.rule, finding.fix));
            }
        }
        now = asked().await;
    }
    if now != before {
        wrong.push(format!("{} is not mended: {now}", case.rule));
    }
    for role in made {
        place
            .run(format!("REASSIGN OWNED BY {role} TO app_owner; DROP OWNED BY {role}; DROP ROLE {role}"))
            .await;
    }
    wrong
}

/// AC20: a fourth of the cases, so that four run side by side.
async fn every_fourth(from: usize) {
    let mut wrong = Vec::new();
    for case in CASES.iter().skip(from).step_by(4) {
        let Some(place) = place().await else { return };
        wrong.extend(break_and_mend(&place, case).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_rule_is_found_and_mended_first_part() {
    every_fourth(0).await;
}

#[tokio::test]
async fn every_rule_is_found_and_mended_second_part() {
    every_fourth(1).await;
}

#[tokio::test]
async fn every_rule_is_found_and_mended_third_part() {
    every_fourth(2).await;
}

#[tokio::test]
async fn every_rule_is_found_and_mended_fourth_part() {
    every_fourth(3).await;
}

#[tokio::test]
async fn every_rule_has_a_case() {
    let Some(place) = place().await else { return };
    let mut admin = PgConnection::connect_with(&place.server.admin()).await.expect("a superuser");
    let report: Report =
        tenancy_sqlx::proof::prove_on(&mut admin, &Policy::default()).await.expect("the proof");
    admin.close().await.expect("closed");
    // The rules by their public list: the one of SARIF.
    let sarif = report.to_sarif();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules").clone();
    // Shown by tests of their own: a sealed R41, the server's version, the session's setting.
    let elsewhere = ["R41s", "R46", "R48"];
    for rule in rules.iter().filter_map(|rule| rule["id"].as_str()).filter(|id| !elsewhere.contains(id)) {
        assert!(CASES.iter().any(|case| case.rule == rule), "nothing breaks {rule}");
    }
}
