//! What a tenant must be able to do with its own, or a refusal elsewhere would prove nothing; and what
//! keys and foreign keys must do between tenants.

use super::attacker::token;
use super::case::{Case, Expected, Way};
use super::catalog::{Function, Key, Reference, Relation};
use super::paths::insert;
use super::seed::{Row, Seeded, Seeds};
use serde_json::Value;

/// Deferred constraints are checked at once, so that a case sees them.
const NOW: &str = "SET CONSTRAINTS ALL IMMEDIATE; ";

fn case(name: String, relation: Option<i64>, control: bool, script: String, expected: Expected) -> Case {
    Case { name, relation, control, tells: true, way: Way::Bound, script, expected, by: None }
}

/// A table that the application cannot write has keys as well; what they do is asked as its administrator.
fn asked_of(relation: &Relation, mut case: Case) -> Case {
    if !relation.inserts {
        case.way = Way::Admin;
    }
    case
}

/// The cases about a tenant's own rows, keys and references.
pub(super) fn cases(relation: &Relation, seeds: &Seeds) -> Vec<Case> {
    let Some(rows) = seeds.rows.get(&relation.oid) else { return Vec::new() };
    let mut cases = own(relation, rows, seeds);
    if let (true, Some(fresh)) = (relation.is_table(), &rows.fresh) {
        let belongs = relation.columns.iter().any(|column| column.plain == "tenant_id" && column.not_null);
        if belongs || relation.reachable() {
            cases.push(nobodys(relation, fresh));
        }
        for key in relation.keys.iter().filter(|key| key.columns.iter().any(|c| c == "tenant_id")) {
            cases.extend(duplicate(relation, key, rows, fresh));
            cases.extend(collision(relation, key, rows, fresh));
        }
        for reference in &relation.references {
            cases.extend(refer(relation, reference, rows, fresh, seeds));
        }
    }
    cases
}

fn own(relation: &Relation, rows: &Seeded, seeds: &Seeds) -> Vec<Case> {
    let (name, mine) = (&relation.name, seeds.mine);
    let mut cases = Vec::new();
    let mut add = |verb: &str, path: &str, script: String, expected: Expected| {
        let name = format!("{name} · {verb} · {path}");
        cases.push(case(name, Some(relation.oid), true, script, expected));
    };
    let writes = relation.is_table() || relation.writable;
    if rows.own.is_some() {
        if relation.selects {
            let script = format!("SELECT 1 FROM {name} WHERE tenant_id = '{mine}'");
            add("select", "own", script, Expected::Rows);
        }
        let settable = relation.insertable().find(|column| !column.identity);
        if let (true, Some(column)) = (writes && relation.updates && relation.selects, settable) {
            let script = format!("UPDATE {name} SET {0} = {0} WHERE tenant_id = '{mine}'", column.name);
            add("update", "own", script, Expected::Rows);
        }
        if writes && relation.deletes && relation.selects {
            let script = format!("{NOW}DELETE FROM {name} WHERE tenant_id = '{mine}'");
            add("delete", "own", script, Expected::RowsOr(&["23503", "23001"]));
        }
    }
    let replaces = !rows.replaces || (relation.deletes && relation.selects);
    if let (true, Some(fresh)) = (writes && relation.inserts && replaces, &rows.fresh) {
        let first = if rows.replaces {
            format!("{NOW}DELETE FROM {name} WHERE tenant_id = '{mine}'; ")
        } else {
            NOW.to_owned()
        };
        add("insert", "own", format!("{first}{}", insert(relation, name, fresh, &[])), Expected::OneRow);
        if relation.is_table() {
            // What the schema gives by itself is left to it: the tenant, and numbers of sequences.
            let given: Vec<&str> = relation
                .columns
                .iter()
                .filter(|c| {
                    let counted = c.identity || c.fallback.as_ref().is_some_and(|f| f.contains("nextval"));
                    c.plain == "tenant_id" || counted && !relation.refers_to_itself_by(&c.plain)
                })
                .map(|column| column.plain.as_str())
                .collect();
            let script = format!("{first}{}", insert(relation, name, fresh, &given));
            add("insert", "own, the tenant by default", script, Expected::OneRow);
        }
    }
    cases
}

/// A tenant's own key is taken, unless it is a partial one and the row none of those that it is about.
fn duplicate(relation: &Relation, key: &Key, rows: &Seeded, fresh: &Row) -> Option<Case> {
    if key.predicate.is_some() && !rows.within.contains(&key.name) {
        return None;
    }
    let mut row = rows.own.clone()?;
    for other in relation.keys.iter().filter(|other| other.name != key.name) {
        for column in other.columns.iter().filter(|c| !key.columns.contains(c)) {
            row.insert(column.clone(), fresh.get(column)?.clone());
        }
    }
    let script = format!("{NOW}{}", insert(relation, &relation.name, &row, &[]));
    let name = format!("{} · insert · a key that is taken, {}", relation.name, key.name);
    let taken = Expected::Refused(&["23505", "23P01"]);
    Some(asked_of(relation, case(name, Some(relation.oid), true, script, taken)))
}

/// A row without a tenant is refused, whoever writes it.
fn nobodys(relation: &Relation, fresh: &Row) -> Case {
    let mut row = fresh.clone();
    row.insert("tenant_id".into(), Value::Null);
    let name = format!("{} · insert · nobody's", relation.name);
    let script = insert(relation, &relation.name, &row, &[]);
    // Of a partitioned table, no partition may take it.
    let refused = Expected::Refused(&["23502", "23514"]);
    let mut case = case(name, Some(relation.oid), false, script, refused);
    case.way = Way::Admin;
    case
}

/// A key that another tenant has is free: nothing is told about the other.
fn collision(relation: &Relation, key: &Key, rows: &Seeded, fresh: &Row) -> Option<Case> {
    let (_, foreign) = rows.foreign.as_ref()?;
    let mut row = fresh.clone();
    let columns: Vec<&String> = key.columns.iter().filter(|column| *column != "tenant_id").collect();
    // A key that both have tells nothing.
    let same = |own: &Row| columns.iter().all(|column| own.get(*column) == foreign.get(*column));
    if columns.is_empty() || rows.replaces || rows.own.as_ref().is_some_and(same) {
        return None;
    }
    for column in &columns {
        row.insert((*column).clone(), foreign.get(*column)?.clone());
    }
    // A row that referred to itself goes on doing so.
    for reference in relation.references.iter().filter(|reference| reference.parent == relation.oid) {
        for (child, of) in
            reference.columns.iter().zip(&reference.parents).filter(|(_, of)| columns.contains(of))
        {
            if fresh.get(child) == fresh.get(of) {
                row.insert(child.clone(), foreign.get(of)?.clone());
            }
        }
    }
    // Where the key is also a reference, the other's value is one that nobody here has.
    let refers = relation.references.iter().any(|reference| {
        reference.columns.iter().any(|c| c == "tenant_id")
            && reference.columns.iter().any(|c| columns.contains(&c) && foreign.get(c) != Some(&Value::Null))
    });
    let expected = if refers { Expected::Refused(&["23503"]) } else { Expected::OneRow };
    let script = format!("{NOW}{}", insert(relation, &relation.name, &row, &[]));
    let name = format!("{} · insert · another tenant's key, {}", relation.name, key.name);
    Some(asked_of(relation, case(name, Some(relation.oid), false, script, expected)))
}

/// A row cannot refer to another tenant's, nor belong to a tenant that does not exist.
fn refer(relation: &Relation, key: &Reference, rows: &Seeded, fresh: &Row, seeds: &Seeds) -> Option<Case> {
    if !key.columns.iter().any(|column| column == "tenant_id") {
        return None;
    }
    let mut row = fresh.clone();
    let script = |row: &Row| format!("{NOW}{}", insert(relation, &relation.name, row, &[]));
    if key.columns.len() == 1 {
        row.insert("tenant_id".into(), Value::String(token::NOBODY.into()));
        let name = format!("{} · insert · a tenant that does not exist, {}", relation.name, key.name);
        let script = format!("{}{}", token::BIND_NOBODY, script(&row));
        let refused = Expected::Refused(&["23503"]);
        let mut case = case(name, Some(relation.oid), false, script, refused);
        // A trigger may write where another key refuses the same tenant.
        let alone = relation.references.iter().filter(|other| other.columns.iter().any(|c| c == "tenant_id"));
        case.by = (alone.count() == 1).then(|| key.name.clone());
        return Some(asked_of(relation, case));
    }
    let foreign = rows.foreign.as_ref().map(|(_, row)| row);
    let parent = seeds.rows.get(&key.parent).and_then(|parent| parent.foreign.as_ref()).map(|(_, row)| row);
    for (column, of) in key.columns.iter().zip(&key.parents).filter(|(column, _)| *column != "tenant_id") {
        let here = foreign.and_then(|row| row.get(column)).filter(|value| !value.is_null());
        let there = parent.and_then(|row| row.get(of));
        row.insert(column.clone(), here.or(there)?.clone());
    }
    let name = format!("{} · insert · another tenant's row, {}", relation.name, key.name);
    let refused = Expected::Refused(&["23503"]);
    if rows.replaces {
        let own = format!("DELETE FROM {} WHERE tenant_id = '{}'; ", relation.name, seeds.mine);
        let mut case = case(name, Some(relation.oid), false, format!("{own}{}", script(&row)), refused);
        case.way = Way::Admin;
        return Some(case);
    }
    Some(asked_of(relation, case(name, Some(relation.oid), false, script(&row), refused)))
}

/// What has no tenant: it is read, never written, and holds nothing of a tenant's.
pub(super) fn shared(relation: &Relation, other: uuid::Uuid) -> Vec<Case> {
    let name = &relation.name;
    let mut cases = Vec::new();
    let mut add = |verb: &str, path: &str, control: bool, script: String, expected: Expected| {
        let name = format!("{name} · {verb} · {path}");
        cases.push(case(name, Some(relation.oid), control, script, expected));
    };
    if relation.selects {
        add("select", "shared", true, format!("SELECT 1 FROM {name} LIMIT 1"), Expected::Runs);
        let text = format!("SELECT 1 FROM {name} t WHERE {}", tells("t", other));
        add("select", "other tenants' values", false, text, Expected::NoRow);
    }
    if relation.is_table() {
        add("delete", "shared", false, format!("DELETE FROM {name}"), Expected::Refused(&["42501"]));
    }
    cases
}

/// What functions answer when they are asked about another tenant.
pub(super) fn function(function: &Function, other: uuid::Uuid) -> Vec<Case> {
    let arguments = |uuid: &str| -> String {
        let typed = function.arguments.iter().map(|kind| match kind.as_str() {
            "uuid" => uuid.to_owned(),
            "uuid[]" => format!("ARRAY[{uuid}]"),
            kind => format!("NULL::{kind}"),
        });
        typed.collect::<Vec<_>>().join(", ")
    };
    let theirs = arguments(&format!("'{other}'::uuid"));
    let asked = format!("SELECT 1 FROM {}({theirs}) t WHERE {}", function.name, tells("t", other));
    let called = format!("EXPLAIN SELECT {}({})", function.name, arguments("NULL::uuid"));
    let name = |path: &str| format!("{} · call · {path}", function.signature);
    let mut cases = vec![case(name("may be called"), None, true, called, Expected::Runs)];
    let mut asked = case(name("other tenants' values"), None, false, asked, Expected::Nothing);
    asked.tells = false;
    cases.push(asked);
    cases
}

/// Whether a row has something of another tenant's in it.
fn tells(alias: &str, other: uuid::Uuid) -> String {
    let canary = super::seed::CANARY;
    format!("{alias}::text LIKE '%{canary}%' OR {alias}::text LIKE '%{other}%'")
}
