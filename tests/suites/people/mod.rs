//! People: operators and what they change, invitations, sign-ins of programs.

mod installs;
mod operator;
mod passwords;
mod programs;
mod seats;
mod team;
mod tokens;

use tenancy_core::Role;
use tests::world::{OPERATOR, PASSWORD, email};
use tests::{Caller, World};

/// The operator, signed in as a program at the operator's address.
async fn operator(world: &World) -> Caller {
    Caller::new(world.operator_addr, "admin.mmm.localhost").sign_in(OPERATOR, PASSWORD).await
}

/// The part of a link after the host.
fn path(link: &str) -> &str {
    let (_, after) = link.split_once("://").expect("a link");
    &after[after.find('/').expect("a path")..]
}

/// Takes an invitation up with this name and password.
async fn accept(at: &Caller, link: &str, name: &str, password: &str) -> tests::Answer {
    let token = link.split_once("token=").expect("a token").1;
    let form = [("token", token), ("name", name), ("password", password)];
    at.send(at.request(reqwest::Method::POST, "/accept").form(&form)).await
}

/// The credentials of acme's person of a role.
fn person(role: Role) -> serde_json::Value {
    serde_json::json!({ "email": email("acme", role), "password": PASSWORD })
}
