//! The roles of the database, a role per job so that each stays small.
//!
//! Migrations are written with the default names; [`Roles::spell`] puts in the names in force. The
//! names come from configuration and reach SQL as identifiers, so they are restricted to what needs
//! no quoting.

use std::fmt;

/// The names of the seven roles.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Roles {
    /// Owns the tenant tables; nobody logs in as it.
    pub owner: String,
    /// Owns the function that says which tenant is bound; nobody logs in as it.
    pub keeper: String,
    /// Owns the schema `control`; nobody logs in as it.
    pub control: String,
    /// May ask what needs no tenant yet.
    pub gate: String,
    /// Reads and writes protected tables.
    pub rw: String,
    /// The operator's door.
    pub ops: String,
    /// Migrates and backs up.
    pub migrator: String,
}

/// A name that cannot be used as a role's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("role names have 1 to 50 of a-z, 0-9 and _, beginning with a letter; {0:?} does not")]
pub struct RoleNameError(String);

impl Default for Roles {
    fn default() -> Self {
        Self {
            owner: "app_owner".into(),
            keeper: "app_keeper".into(),
            control: "app_control".into(),
            gate: "app_gate".into(),
            rw: "app_rw".into(),
            ops: "app_ops".into(),
            migrator: "app_migrator".into(),
        }
    }
}

impl Roles {
    /// The default names with a suffix, for several applications on one server.
    ///
    /// # Errors
    ///
    /// [`RoleNameError`] when the result needs quoting or is too long.
    pub fn with_suffix(suffix: &str) -> Result<Self, RoleNameError> {
        let plain = Self::default();
        let name = |name: &String| {
            let name = format!("{name}{suffix}");
            let tame = name.len() <= 50
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if tame { Ok(name) } else { Err(RoleNameError(name)) }
        };
        Ok(Self {
            owner: name(&plain.owner)?,
            keeper: name(&plain.keeper)?,
            control: name(&plain.control)?,
            gate: name(&plain.gate)?,
            rw: name(&plain.rw)?,
            ops: name(&plain.ops)?,
            migrator: name(&plain.migrator)?,
        })
    }

    /// SQL written with the default names, with these names in their place.
    pub fn spell(&self, sql: &str) -> String {
        self.pairs().iter().fold(sql.to_owned(), |sql, (plain, name)| sql.replace(plain, name))
    }

    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("app_owner", &self.owner),
            ("app_keeper", &self.keeper),
            ("app_control", &self.control),
            ("app_gate", &self.gate),
            ("app_rw", &self.rw),
            ("app_ops", &self.ops),
            ("app_migrator", &self.migrator),
        ]
    }
}

/// The passwords of the roles that log in.
#[derive(Clone)]
pub struct Passwords {
    /// Of the gate.
    pub gate: String,
    /// Of the application.
    pub rw: String,
    /// Of the operator's door.
    pub ops: String,
    /// Of the migrator.
    pub migrator: String,
}

impl Passwords {
    /// New random passwords, 192 bits each.
    ///
    /// # Errors
    ///
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        Ok(Self { gate: password()?, rw: password()?, ops: password()?, migrator: password()? })
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}

fn password() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(48), |mut text, byte| {
        use fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_refused() {
        for suffix in ["\"", " x", ";", "_Ü", &"x".repeat(60)] {
            assert!(Roles::with_suffix(suffix).is_err(), "{suffix:?}");
        }
        assert_eq!(Roles::with_suffix("_t1").unwrap().rw, "app_rw_t1");
    }

    #[test]
    fn sql_is_spelled_with_the_names_in_force() {
        let roles = Roles::with_suffix("_x").unwrap();
        assert_eq!(roles.spell("GRANT a TO app_rw, app_gate"), "GRANT a TO app_rw_x, app_gate_x");
    }

    #[test]
    fn passwords_differ_and_are_not_printed() {
        let passwords = Passwords::random().unwrap();
        assert_ne!(passwords.gate, passwords.rw);
        assert!(!format!("{passwords:?}").contains(&passwords.rw));
    }
}
