//! The other two addresses: programs' own, and the operators'.

use reqwest::StatusCode;
use tests::world::{OPERATOR, PASSWORD};
use tests::{Answer, Caller, World};

use super::{Targets, call, caller, lines};

/// How an answer refuses its caller, if it does; what was made twice is another matter.
fn refused(answer: &Answer) -> Option<StatusCode> {
    let refusals = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    refusals.contains(&answer.status).then_some(answer.status)
}

/// R6: at the address of programs every member is answered as at their tenant's own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_answered_as_at_its_tenants_own_address() {
    let world = World::start().await;
    let routes = platform::routes::api();
    let mut compared = 0;
    for column in 1..=4 {
        let member = caller(&world, column).await;
        let there = member.at_host("api.mmm.localhost");
        for line in lines().iter().filter(|line| line.site == "tenant" && line.path != "/auth/logout") {
            if !routes.iter().any(|route| route.path == line.path && route.method.as_str() == line.method) {
                continue;
            }
            let own = call(&member, line, &Targets::missing(), false).await;
            let api = call(&there, line, &Targets::missing(), false).await;
            assert_eq!(refused(&api), refused(&own), "{}: {} and {}", line.name(), api.body, own.body);
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} answers were compared");
}

/// O1: an operator may read whatever is at the operators' address.
#[tokio::test]
async fn an_operator_reads_every_page_of_the_console() {
    let world = World::start().await;
    let operator = Caller::new(world.operator_addr, "admin.mmm.localhost").sign_in(OPERATOR, PASSWORD).await;
    let list = operator.get("/admin/tenants?q=acme").await.json();
    let acme = list["tenants"][0]["id"].as_str().expect("an id").to_owned();
    let lines = lines();
    let reads: Vec<_> =
        lines.iter().filter(|line| line.name().ends_with(" operator") && line.method == "GET").collect();
    for line in &reads {
        let answer = operator.get(&line.path.replace("{id}", &acme)).await;
        assert!(answer.status.is_success(), "{}: {} {}", line.name(), answer.status, answer.body);
    }
    assert!(reads.len() > 5, "the table has {}", reads.len());
}
