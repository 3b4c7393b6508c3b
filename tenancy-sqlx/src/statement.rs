//! The only place that puts a value into SQL text, and the check of what a tenant's transaction runs.
//!
//! Values that reach text are ids, seals and whole numbers, printed by their own types: nothing to quote.
//! Names of tables and columns are quoted.

use std::time::Duration;

use tenancy_core::TenantId;

use crate::error::StatementRefused;
use crate::seal::Seal;

/// How a transaction is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads and writes.
    Write,
    /// Reads only; the server refuses everything else.
    Read,
}

/// What a transaction begins with.
pub(crate) struct Begin {
    /// What it may do.
    pub(crate) access: Access,
    /// Whose it is.
    pub(crate) tenant: TenantId,
    /// The proof of that, where the database wants one.
    pub(crate) seal: Option<Seal>,
    /// How long one statement may take.
    pub(crate) statement_timeout: Duration,
}

/// One message: begin, bind the tenant, bound the time of a statement. `SET LOCAL` ends with the
/// transaction, so nothing is left on the connection.
pub(crate) fn begin(Begin { access, tenant, seal, statement_timeout }: &Begin) -> String {
    let begin = match access {
        Access::Write => "BEGIN",
        Access::Read => "BEGIN READ ONLY",
    };
    let millis = milliseconds(*statement_timeout);
    let seal = seal.as_ref().map(|seal| format!("SET LOCAL app.tenant_seal = '{}'; ", seal.as_str()));
    let seal = seal.unwrap_or_default();
    format!("{begin}; SET LOCAL app.tenant_id = '{tenant}'; {seal}SET LOCAL statement_timeout = {millis}")
}

/// One message: forget every setting, bind the tenant to the session, let it only read.
pub(crate) fn session(tenant: TenantId, seal: Option<&Seal>, statement_timeout: Duration) -> String {
    let millis = milliseconds(statement_timeout);
    let seal = seal.map(|seal| format!("SET app.tenant_seal = '{}'; ", seal.as_str())).unwrap_or_default();
    format!(
        "RESET ALL; SET app.tenant_id = '{tenant}'; {seal}SET statement_timeout = {millis}; \
         SET default_transaction_read_only = on"
    )
}

fn milliseconds(duration: Duration) -> u128 {
    duration.as_millis().clamp(1, 86_400_000)
}

/// Rows from arrays: `$1` is the tenant, then one array a column.
pub(crate) fn bulk_insert(table: &str, columns: &[String]) -> String {
    let table = table_name(table);
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let arrays: Vec<String> = (2..columns.len() + 2).map(|number| format!("${number}")).collect();
    let (names, arrays) = (names.join(", "), arrays.join(", "));
    format!("INSERT INTO {table} (tenant_id, {names}) SELECT $1, u.* FROM unnest({arrays}) u")
}

/// The name of a table, such as `campaigns` or `shop.orders`.
pub(crate) fn table_name(table: &str) -> String {
    table.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

/// A name that can be nothing but a name.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const VERBS: [&str; 8] = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE"];

/// Lets a statement pass whose first word reads or writes rows. The extended protocol takes one
/// statement at a time, so the first word decides.
pub(crate) fn vet(sql: &str) -> Result<(), StatementRefused> {
    let rest = skip_blanks(sql);
    let word: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').take(20).collect();
    if VERBS.iter().any(|verb| verb.eq_ignore_ascii_case(&word)) {
        return Ok(());
    }
    let shown = if word.is_empty() { rest.chars().take(1).collect() } else { word };
    Err(StatementRefused::Verb(shown))
}

/// Skips white space, comments (nested as the server nests them) and opening parentheses.
fn skip_blanks(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}' || c == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.split_once(['\n', '\r']).map_or("", |(_, after)| after);
        } else if rest.starts_with("/*") {
            rest = skip_block_comment(rest);
        } else {
            return rest;
        }
    }
}

fn skip_block_comment(sql: &str) -> &str {
    let bytes = sql.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return sql.get(at..).unwrap_or("");
                }
            }
            _ => at += 1,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::SealKey;
    use std::time::UNIX_EPOCH;

    #[test]
    fn begin_is_one_message_of_local_settings() {
        let tenant: TenantId = "018f2f4e-0000-7000-8000-000000000002".parse().unwrap();
        let begun =
            Begin { access: Access::Read, tenant, seal: None, statement_timeout: Duration::from_secs(5) };
        assert_eq!(
            begin(&begun),
            "BEGIN READ ONLY; SET LOCAL app.tenant_id = '018f2f4e-0000-7000-8000-000000000002'; \
             SET LOCAL statement_timeout = 5000"
        );
        let seal = SealKey::new(1, [0; 32]).unwrap().seal(tenant, UNIX_EPOCH);
        let sealed = begin(&Begin { access: Access::Write, seal: Some(seal), ..begun });
        assert!(sealed.starts_with("BEGIN; SET LOCAL app.tenant_id = '018f"), "{sealed}");
        assert!(sealed.contains("'; SET LOCAL app.tenant_seal = '1.018f"), "{sealed}");
    }

    #[test]
    fn a_session_forgets_all_that_was_set_before_it_is_bound() {
        let tenant: TenantId = "018f2f4e-0000-7000-8000-000000000002".parse().unwrap();
        assert_eq!(
            session(tenant, None, Duration::from_secs(5)),
            "RESET ALL; SET app.tenant_id = '018f2f4e-0000-7000-8000-000000000002'; \
             SET statement_timeout = 5000; SET default_transaction_read_only = on"
        );
    }

    #[test]
    fn names_stay_names() {
        assert_eq!(
            bulk_insert("shop.o\"x", &["id".into(), "a, b".into()]),
            "INSERT INTO \"shop\".\"o\"\"x\" (tenant_id, \"id\", \"a, b\") SELECT $1, u.* FROM unnest($2, $3) u"
        );
    }

    #[test]
    fn what_reads_or_writes_rows_passes() {
        let nested = "/* a /* nested */ one */ insert into t values (1)";
        for sql in
            ["SELECT 1", "  \n select 1", "-- why\nwith x as (select 1) table x", nested, "(values (1))"]
        {
            assert_eq!(vet(sql), Ok(()), "{sql:?}");
        }
    }

    #[test]
    fn every_way_out_is_refused() {
        let ways = [
            "SET app.tenant_id = 'x'",
            "RESET ALL",
            "COMMIT",
            "ROLLBACK",
            "BEGIN",
            "DO $$ begin end $$",
            "COPY t FROM STDIN",
            "LISTEN x",
            "EXPLAIN SELECT 1",
            "PREPARE a AS SELECT 1",
            "DISCARD ALL",
            "/* SELECT */ SET ROLE x",
            "-- SELECT\nSET ROLE x",
            "/*/* */ SELECT */ CALL p()",
            "",
            ";",
            "/* open",
            "SELECTED",
            "CREATE TABLE t ()",
            "LOCK TABLE t",
            "DECLARE c CURSOR FOR SELECT 1",
            "\u{a0}SELECT 1",
        ];
        for sql in ways {
            assert!(vet(sql).is_err(), "{sql:?}");
        }
    }
}
