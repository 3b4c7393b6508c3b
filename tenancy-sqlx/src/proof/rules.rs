//! The rules: what each means and how bad it is. What each looks for is in `sql/`.
//!
//! Numbers are stable and never used for something else. `R41s` is `R41` in a sealed database.

use super::Severity::{self, Error, Info, Warn};

/// A rule of the proof.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// Its name, as the statement answers it.
    pub(super) id: &'static str,
    /// How bad a finding is.
    pub(super) severity: Severity,
    /// Why it leaks, in one sentence.
    pub(super) reason: &'static str,
}

const fn rule(id: &'static str, severity: Severity, reason: &'static str) -> Rule {
    Rule { id, severity, reason }
}

pub(super) fn find(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// In the order of their numbers.
pub(super) const RULES: &[Rule] = &[
    rule("R01", Error, "A superuser is bound by no policy."),
    rule("R02", Error, "BYPASSRLS means that no policy applies."),
    rule(
        "R03",
        Error,
        "A role that makes roles or databases, or replicates, can give itself other rights or read the whole log.",
    ),
    rule("R04", Error, "A member of another role takes that role's rights with SET ROLE."),
    rule("R05", Error, "An owner can switch the policies of its table off."),
    rule("R06", Error, "Who creates in a schema can plant functions and tables that others then use."),
    rule(
        "R07",
        Warn,
        "Temporary tables outlive a transaction on a pooled connection, and pg_temp holds functions.",
    ),
    rule("R08", Error, "Who creates schemas can plant what others then use."),
    rule("R10", Error, "A tenant table without row security shows every tenant's rows."),
    rule(
        "R11",
        Error,
        "A table without a tenant that can be reached is shared by all: declare it shared in its comment, read only, or take the right away.",
    ),
    rule("R12", Error, "Without FORCE the owner's functions and views see every tenant's rows."),
    rule("R13", Warn, "Row security without a policy answers nothing to anybody."),
    rule(
        "R14",
        Error,
        "A partition or child that is asked directly uses its own row security, and this one has none.",
    ),
    rule(
        "R15",
        Error,
        "A permissive policy that does not name the tenant admits every row, because permissive policies are OR-ed.",
    ),
    rule(
        "R16",
        Error,
        "Rows of another tenant can be written, because what is written is not checked against the tenant.",
    ),
    rule("R17", Error, "Rows without a tenant are seen by all, and any tenant can write them."),
    rule(
        "R18",
        Warn,
        "A policy for certain roles leaves all others unguarded, and DROP OWNED drops it on old servers.",
    ),
    rule(
        "R19",
        Warn,
        "The tenant is asked for at every row, which costs many times a scan; use a sub-select.",
    ),
    rule("R20", Error, "The view reads with the rights of an owner who is bound by no policy."),
    rule(
        "R21",
        Warn,
        "The view reads with its owner's rights, which is safe only while that owner is bound by FORCE.",
    ),
    rule("R22", Error, "A materialised view holds every tenant's rows and knows no row security."),
    rule("R23", Error, "A foreign table knows no row security."),
    rule("R24", Error, "The function runs with the rights of an owner who is bound by no policy."),
    rule(
        "R25",
        Warn,
        "A function with its owner's rights and an open search path can be made to call other functions.",
    ),
    rule("R26", Error, "The function sets which tenant is bound."),
    rule("R27", Error, "A LEAKPROOF function sees rows before the policy does."),
    rule("R28", Error, "An untrusted language reaches the server's files and memory."),
    rule("R29", Warn, "A trigger with its owner's rights can copy rows to where no policy holds."),
    rule("R30", Error, "TRUNCATE empties the table for every tenant, whatever the policies say."),
    rule("R31", Error, "REFERENCES tells by a foreign key whether another tenant's row exists."),
    rule("R32", Warn, "TRIGGER lets code of its own run on every tenant's writes."),
    rule("R33", Error, "A unique key without the tenant tells that another tenant has the same value."),
    rule(
        "R34",
        Error,
        "A foreign key without the tenant links rows of different tenants, and cascades from one to the other.",
    ),
    rule("R35", Error, "A row without a tenant belongs to nobody, so nobody's policy holds it."),
    rule("R36", Warn, "No index begins with the tenant, so every question reads every tenant's rows."),
    rule("R37", Info, "The column's = is not leakproof, so under row security this index does not serve it."),
    rule(
        "R38",
        Info,
        "The operators of this kind of index are not leakproof, so under row security it is not used.",
    ),
    rule("R40", Info, "A sequence that can be read tells the volume of all tenants."),
    rule(
        "R41",
        Error,
        "One injected SELECT set_config(..) binds another tenant: take the right away, or seal the database.",
    ),
    rule(
        "R41s",
        Info,
        "set_config can be called; in a sealed database it can unbind a tenant, not bind another.",
    ),
    rule("R42", Warn, "Other sessions' statements can be read, and with them their values and seals."),
    rule("R43", Warn, "Large objects know no row security."),
    rule("R44", Error, "The extension reads files, pages or other databases, where no policy holds."),
    rule("R45", Warn, "New tables are given to the application before anybody has protected them."),
    rule("R46", Warn, "This server's version has known ways round row security."),
    rule("R47", Error, "A setting of role or database presets the tenant, the role or row security."),
    rule("R48", Error, "Row security is switched off in this session."),
    rule("R49", Info, "Replication of this table ignores row security."),
    rule("R50", Warn, "A rewrite rule does something else than the statement says."),
    rule("R51", Warn, "Nothing closes a new table until it is protected."),
    rule("R52", Warn, "Everybody's statements can be read from pg_stat_statements."),
    rule("R53", Info, "Extended statistics tell about values of all tenants in plans."),
    rule(
        "R54",
        Error,
        "The policies are not exactly those that tenancy.protect() writes, so what they admit is not proved.",
    ),
    rule(
        "R61",
        Warn,
        "Somebody logs in as the owner of tenant tables, or can become it, and an owner can switch their policies off.",
    ),
    rule(
        "R62",
        Error,
        "The keys of the seal are within reach of somebody other than the function that verifies it, so seals can be forged.",
    ),
    rule(
        "R63",
        Error,
        "What is known across tenants can be reached by other ways than the functions that ask for it.",
    ),
    rule(
        "R64",
        Error,
        "The gate is to call its fixed functions and nothing else: it serves whoever is not signed in yet.",
    ),
    rule(
        "R65",
        Error,
        "The function runs with the rights of an owner who reads every tenant's rows, and does not ask which tenant is bound.",
    ),
    rule("R66", Error, "The operator writes a tenant's table without leaving a reason."),
    rule("R67", Warn, "A login that no policy binds has rights on this table, and is not the operator's."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::STATEMENT;

    #[test]
    fn every_rule_has_its_sql_and_every_sql_its_rule() {
        let mut asked: Vec<&str> =
            STATEMENT.split('\'').filter(|word| word.len() <= 4 && word.starts_with('R')).collect();
        asked.retain(|word| word[1..3].bytes().all(|b| b.is_ascii_digit()));
        for rule in RULES {
            assert!(asked.contains(&rule.id), "nothing looks for {}", rule.id);
        }
        for id in asked {
            assert!(find(id).is_some(), "{id} is looked for and not explained");
        }
    }

    #[test]
    fn reasons_are_one_sentence() {
        for rule in RULES {
            assert!(rule.reason.ends_with('.') && !rule.reason.contains(". "), "{}", rule.id);
        }
    }
}
