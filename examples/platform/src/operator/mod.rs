//! The operator's console: another realm, another listener, another role in the database.
//!
//! | part        | what                                                              |
//! |-------------|-------------------------------------------------------------------|
//! | `realm`     | who is an operator, and where an operator's credential is foreign |
//! | `sign_in`   | the way in and out                                                |
//! | `tenants`   | what can be seen and changed; page and program ask the same       |
//! | `api`       | for programs                                                      |
//! | `console`   | for people                                                        |
//!
//! It exists only in a process that serves operators: nothing else holds an [`OperatorDoor`].
//!
//! What an operator changes, and why, is in `control.operator_log`, written by the function that makes
//! the change, so that there is no change without its line. What a tenant's own people change is in the
//! tenant's `audit_logs` (see [`trail`](crate::trail)): two logs, because a tenant may read and take
//! along its own, and never sees who of the platform did what to whom else.

mod api;
mod console;
mod realm;
mod sign_in;
mod tenants;

use std::fmt;
use std::sync::Arc;

use tenancy_sqlx::control::DirectoryMemory;
use tenancy_sqlx::{Gate, OperatorDoor};

pub use api::{change, check_address, create, invite, list, one, resume, statistics, suspend, totals};
pub use console::{
    change_plan, check_form, create_form, list_page, new_page, resume_form, suspend_form, tenant_page,
};
pub use realm::{identify, keep_out, require};
pub use sign_in::{api_login, api_logout, login, login_page, logout};

use crate::kept::Kept;
use crate::login::password::Passwords;

/// What the console's handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    gate: Gate,
    passwords: Passwords,
    door: OperatorDoor,
    directory: DirectoryMemory,
    kept: Kept,
    site: Arc<str>,
}

impl Console {
    /// Signs operators in through `gate` and lets them act through `door`; `site` is the domain of the
    /// tenants as links have it. What is `kept` of a tenant is forgotten when it is changed.
    pub fn new(gate: Gate, passwords: Passwords, door: OperatorDoor, kept: Kept, site: Arc<str>) -> Self {
        let directory = gate.directory_memory();
        Self { gate, passwords, door, directory, kept, site }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Console(..)")
    }
}
