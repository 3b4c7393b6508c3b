//! The same as one text, where nobody but a provider's administrator is a superuser.

use std::fmt::Write as _;

use super::{Schema, TENANCY, attributes, literal};
use crate::operator::{NewOperator, Reason};
use crate::roles::{Passwords, Roles};
use crate::seal::SealKey;

/// SQL for `psql` that makes everything in an empty database that [`migrate`](super::migrate),
/// [`seal::install`](crate::seal::install) and
/// [`first_operator`](crate::first_operator) make: roles, schemas with the record of their
/// steps, the seal's key and an operator. It is one transaction, so it is all there or nothing is. It
/// holds the passwords' and the key's texts.
pub fn script(
    roles: &Roles,
    passwords: &Passwords,
    schemas: &[Schema],
    seal: &SealKey,
    (reason, operator): (&Reason, &NewOperator),
) -> String {
    let mut sql = String::from("\\set ON_ERROR_STOP on\nBEGIN;\n");
    for (name, attributes) in attributes(roles, Some(passwords)) {
        // Roles belong to the server, which may have them for another database.
        let missing = format!("IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}')");
        line(&mut sql, &format!("DO $$ BEGIN {missing} THEN CREATE ROLE {name}; END IF; END $$;"));
        line(&mut sql, &format!("ALTER ROLE {name} {attributes};"));
    }
    for schema in std::iter::once(&TENANCY).chain(schemas) {
        record(&mut sql, schema, roles);
    }
    line(
        &mut sql,
        &format!("SELECT tenancy.add_seal_key({}, '\\x{}');", literal(seal.kid()), hex(seal.bytes())),
    );
    let NewOperator { id, email, display_name, password_hash } = operator;
    let texts = [reason.actor(), reason.why(), &id.to_string(), email, display_name, password_hash];
    let texts: Vec<String> = texts.into_iter().map(literal).collect();
    line(&mut sql, &format!("SELECT control.admin_add_operator({});", texts.join(", ")));
    sql.push_str("COMMIT;\n");
    sql
}

/// A schema's steps, and the record of them as a migrator would have left it.
fn record(sql: &mut String, schema: &Schema, roles: &Roles) {
    let table = schema.table;
    line(sql, &format!("CREATE SCHEMA IF NOT EXISTS {};", schema.name));
    line(
        sql,
        &format!(
            "CREATE TABLE {table} (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
             installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, \
             checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL);"
        ),
    );
    for step in schema.migrations(roles) {
        // Nobody uses an empty database: there an index is made like anything else, in the one transaction.
        let text = step.sql.as_str();
        line(sql, &if step.no_tx { text.replace(" CONCURRENTLY", "") } else { text.to_owned() });
        let (version, name, checksum) = (step.version, literal(&step.description), hex(&step.checksum));
        line(
            sql,
            &format!(
                "INSERT INTO {table} (version, description, success, checksum, execution_time) \
                 VALUES ({version}, {name}, true, '\\x{checksum}', 0);"
            ),
        );
    }
    line(sql, &format!("{};", schema.shared()));
}

fn line(sql: &mut String, text: &str) {
    sql.push_str(text.trim_end());
    sql.push('\n');
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
