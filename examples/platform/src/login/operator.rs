//! The operator's door: another realm, another listener, another list of people.

use std::fmt;

use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tenancy_sqlx::Gate;

use super::password::Passwords;
use crate::failure::Failure;
use crate::pages::{LoginDoor, LoginView};
use crate::view;

/// Checks operators' passwords. Cheap to clone.
#[derive(Clone)]
pub struct OperatorSignIn {
    gate: Gate,
    passwords: Passwords,
}

impl OperatorSignIn {
    /// Checks against the operators that `gate` knows.
    pub const fn new(gate: Gate, passwords: Passwords) -> Self {
        Self { gate, passwords }
    }
}

impl fmt::Debug for OperatorSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorSignIn(..)")
    }
}

/// The operator's sign-in form.
#[derive(Deserialize)]
pub struct OperatorForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// `GET /login` on the operator's host.
pub async fn operator_page() -> Result<Response, Failure> {
    page(StatusCode::OK, String::new(), None, None)
}

/// `POST /login` on the operator's host.
pub async fn operator_login(
    State(door): State<OperatorSignIn>,
    Form(form): Form<OperatorForm>,
) -> Result<Response, Failure> {
    let found = if form.email.len() <= 320 {
        door.gate.operator(form.email.trim()).await.map_err(Failure::internal)?
    } else {
        None
    };
    let hash = found.as_ref().map(|operator| operator.password_hash.clone());
    let right = door.passwords.verify(form.password.into(), hash).await;
    let Some(operator) = found.filter(|_| right) else {
        tracing::info!(target: "security", event = "operator_sign_in_failed");
        let error = Some("E-mail and password do not match. Check both and try again.".to_owned());
        return page(StatusCode::UNAUTHORIZED, form.email, error, None);
    };
    let notice = format!(
        "Your password is right, {}. The operator's console is not part of this version.",
        operator.display_name
    );
    page(StatusCode::OK, String::new(), None, Some(notice))
}

fn page(
    status: StatusCode,
    email: String,
    error: Option<String>,
    notice: Option<String>,
) -> Result<Response, Failure> {
    let view = LoginView { door: LoginDoor::Operator, email, next: String::new(), error, notice };
    Ok(view::html(status, view.render()?))
}
