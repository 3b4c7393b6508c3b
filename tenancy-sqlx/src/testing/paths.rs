//! Every relation × verb × path to another tenant's rows, each a case with its expected outcome.

use tenancy_core::TenantId;
use uuid::Uuid;

use super::attacker::token;
use super::case::{Case, Expected, Way};
use super::catalog::{Catalog, Relation};
use super::seed::{Row, Seeded, Seeds, quote};
use crate::lock;

/// Where views and the function live that the suite adds to the clone.
pub(super) const PROBE: &str = "tenancy_probe";

const DENIED: &[&str] = &["42501"];
const UNBOUND: &[&str] = &["28000"];

/// What is done to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Select,
    Insert,
    Update,
    Delete,
}

impl Verb {
    const ALL: [Self; 4] = [Self::Select, Self::Insert, Self::Update, Self::Delete];

    const fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A relation with what is attacked in it.
struct Target<'a> {
    relation: &'a Relation,
    mine: Uuid,
    other: Uuid,
    foreign: &'a Row,
    /// A column that can be set to itself.
    column: String,
    /// Whether the attacking tenant has rows here.
    owns: bool,
    sealed: bool,
}

/// The cases of one relation, and whose rows they are after.
pub(super) fn cases(catalog: &Catalog, relation: &Relation, seeds: &Seeds) -> Option<(Uuid, Vec<Case>)> {
    let Seeded { foreign, own, .. } = seeds.rows.get(&relation.oid)?;
    let (other, foreign) = foreign.as_ref()?;
    let column = relation.insertable().find(|column| !column.identity && column.plain != "tenant_id");
    let target = Target {
        relation,
        mine: seeds.mine,
        other: *other,
        foreign,
        column: column.map_or_else(|| "tenant_id".to_owned(), |column| column.name.clone()),
        owns: own.is_some(),
        sealed: catalog.sealed,
    };
    let mut cases = Vec::new();
    for verb in Verb::ALL {
        target.add(verb, &mut cases);
    }
    target.add_moves(&mut cases);
    Some((*other, cases))
}

/// `INSERT` of a row as it is, all columns named.
pub(super) fn insert(relation: &Relation, into: &str, row: &Row, without: &[&str]) -> String {
    let columns: Vec<&str> = relation
        .insertable()
        .filter(|column| !without.contains(&column.plain.as_str()))
        .map(|column| column.name.as_str())
        .collect();
    let columns = columns.join(", ");
    let identity =
        relation.columns.iter().any(|column| column.identity && !without.contains(&column.plain.as_str()));
    let overriding = if identity { " OVERRIDING SYSTEM VALUE" } else { "" };
    format!("INSERT INTO {into} ({columns}){overriding} SELECT {columns} FROM {}", record(relation, row))
}

/// A row as a relation of one.
fn record(relation: &Relation, row: &Row) -> String {
    let json = serde_json::Value::Object(row.clone()).to_string();
    format!("jsonb_populate_record(NULL::{}, {})", relation.name, quote(&json))
}

impl Target<'_> {
    fn may(&self, verb: Verb) -> bool {
        let relation = self.relation;
        let writes = relation.is_table() || relation.writable;
        match verb {
            Verb::Select => relation.selects,
            Verb::Insert => relation.inserts && writes,
            Verb::Update => relation.updates && relation.selects && writes,
            Verb::Delete => relation.deletes && relation.selects && writes,
        }
    }

    /// The verb in its plainest form, on `name`.
    fn base(&self, verb: Verb, name: &str) -> String {
        let (mine, column) = (self.mine, &self.column);
        match verb {
            Verb::Select => format!("SELECT 1 FROM {name} WHERE tenant_id <> '{mine}'"),
            Verb::Insert => insert(self.relation, name, self.foreign, &[]),
            Verb::Update => format!("UPDATE {name} SET {column} = {column} WHERE tenant_id <> '{mine}'"),
            Verb::Delete => format!("DELETE FROM {name} WHERE tenant_id <> '{mine}'"),
        }
    }

    /// What must come of a verb that the tenant is bound for.
    fn held(&self, verb: Verb) -> Expected {
        match verb {
            _ if !self.may(verb) => self.closed(),
            Verb::Insert => Expected::Refused(DENIED),
            Verb::Select | Verb::Update | Verb::Delete => Expected::NoRow,
        }
    }

    /// What must come of a verb that the role has no right to.
    fn closed(&self) -> Expected {
        // A view that cannot be written says so before it asks who wants to.
        if self.relation.is_table() { Expected::Refused(DENIED) } else { Expected::Nothing }
    }

    fn refused(&self, verb: Verb, codes: &'static [&'static str]) -> Expected {
        if self.may(verb) { Expected::Refused(codes) } else { self.closed() }
    }

    fn case(&self, verb: Verb, path: &str, script: String, expected: Expected) -> Case {
        Case {
            name: format!("{} · {} · {path}", self.relation.name, verb.name()),
            relation: Some(self.relation.oid),
            control: false,
            tells: verb == Verb::Insert,
            way: Way::Bound,
            script,
            expected,
            by: None,
        }
    }

    fn add(&self, verb: Verb, cases: &mut Vec<Case>) {
        let relation = self.relation;
        let name = &relation.name;
        let base = self.base(verb, name);
        let held = self.held(verb);
        let mut add = |path: &str, script: String, expected: &Expected| {
            cases.push(self.case(verb, path, script, expected.clone()));
        };
        add("direct", base.clone(), &held);
        add("join", self.join(verb), &held);
        if verb != Verb::Select {
            add("returning", format!("WITH w AS ({base} RETURNING 1) SELECT 1 FROM w"), &held);
        }
        if relation.is_table() {
            self.merge(verb).into_iter().for_each(|merge| add("merge", merge, &held));
            let view = format!("{PROBE}.v{}", relation.oid);
            add("view", self.base(verb, &view), &held);
        }
        let body = base.replace('\'', "''");
        add("function", format!("SELECT FROM generate_series(1, {PROBE}.run('{body}'))"), &held);
        if verb != Verb::Insert {
            let lock = if verb == Verb::Select { "" } else { " FOR UPDATE" };
            // Locking rows takes the right to update them.
            let expected = match verb {
                Verb::Select => held.clone(),
                _ if !relation.is_table() && !relation.writable => Expected::Nothing,
                _ if relation.updates && relation.selects => Expected::NoRow,
                _ => self.closed(),
            };
            let select = self.base(Verb::Select, name);
            add("cursor", format!("DECLARE c CURSOR FOR {select}{lock}; FETCH ALL FROM c"), &expected);
            let whole = format!("({name}.*)::text::integer = 0");
            let narrow = format!("{base} AND {whole}");
            add("error text", narrow, &held);
        }
        let generic = "SET LOCAL plan_cache_mode = force_generic_plan; ";
        let reuse = format!(
            "{generic}{}PREPARE p AS {base}; {}{}EXECUTE p",
            token::BIND_OTHER,
            if verb == Verb::Select && self.may(verb) { "EXECUTE p; " } else { "" },
            token::BIND_MINE
        );
        add("prepared reuse", reuse, &held);
        add("savepoint", format!("SAVEPOINT s; {}ROLLBACK TO SAVEPOINT s; {base}", token::BIND_OTHER), &held);
        // Named as the other tenant's that is held meanwhile.
        let lock = lock::key(TenantId::from_uuid(self.mine), name);
        add("advisory lock", format!("SELECT pg_advisory_xact_lock({lock}); {base}"), &held);
        add("set role", format!("SET LOCAL ROLE {}; {base}", relation.owner), &Expected::Refused(DENIED));
        add(
            "reset",
            format!("RESET app.tenant_id; RESET app.tenant_seal; {base}"),
            &self.refused(verb, UNBOUND),
        );
        add("row_security off", format!("SET LOCAL row_security = off; {base}"), &self.refused(verb, DENIED));
        add(
            "injected set_config",
            format!("SELECT pg_catalog.set_config('app.tenant_id', '{}', true); {base}", self.other),
            &Expected::Refused(&["42501", "28000"]),
        );
        if self.sealed {
            add("forged seal", format!("{}{base}", token::FORGED), &self.refused(verb, UNBOUND));
            add("stolen seal", format!("{}{base}", token::STOLEN), &self.refused(verb, UNBOUND));
            add("replayed seal", format!("{}{base}", token::REPLAYED), &self.refused(verb, UNBOUND));
        }
        let garbage =
            format!("SET LOCAL app.tenant_id = 'not-a-uuid'; SET LOCAL app.tenant_seal = 'x'; {base}");
        add("garbage bound", garbage, &self.refused(verb, UNBOUND));
        let mut unbound = self.case(verb, "unbound", base, self.refused(verb, UNBOUND));
        unbound.way = Way::Unbound;
        cases.push(unbound);
        self.copies(verb, cases);
        if verb == Verb::Insert {
            self.conflicts(cases);
        }
    }

    fn join(&self, verb: Verb) -> String {
        let (name, other, column) = (&self.relation.name, self.other, &self.column);
        let others = format!("(VALUES ('{other}'::uuid)) x (t)");
        match verb {
            Verb::Select => format!("SELECT 1 FROM {others} JOIN {name} t ON t.tenant_id = x.t"),
            Verb::Insert => {
                let insert = self.base(verb, name);
                format!("{insert} r CROSS JOIN {others} WHERE r.tenant_id = x.t")
            }
            Verb::Update => {
                format!("UPDATE {name} t SET {column} = t.{column} FROM {others} WHERE t.tenant_id = x.t")
            }
            Verb::Delete => format!("DELETE FROM {name} t USING {others} WHERE t.tenant_id = x.t"),
        }
    }

    fn merge(&self, verb: Verb) -> Option<String> {
        let (name, other, column) = (&self.relation.name, self.other, &self.column);
        let on = format!("MERGE INTO {name} t USING (VALUES ('{other}'::uuid)) x (t) ON t.tenant_id = x.t");
        match verb {
            Verb::Select => None,
            Verb::Insert => {
                let columns: Vec<&str> =
                    self.relation.insertable().map(|column| column.name.as_str()).collect();
                let values: Vec<String> = columns.iter().map(|column| format!("r.{column}")).collect();
                let identity = self.relation.columns.iter().any(|column| column.identity);
                let overriding = if identity { "OVERRIDING SYSTEM VALUE " } else { "" };
                Some(format!(
                    "MERGE INTO {name} t USING {} r ON false WHEN NOT MATCHED THEN INSERT ({}) {overriding}VALUES ({})",
                    record(self.relation, self.foreign),
                    columns.join(", "),
                    values.join(", ")
                ))
            }
            Verb::Update => Some(format!("{on} WHEN MATCHED THEN UPDATE SET {column} = t.{column}")),
            Verb::Delete => Some(format!("{on} WHEN MATCHED THEN DELETE")),
        }
    }

    fn copies(&self, verb: Verb, cases: &mut Vec<Case>) {
        let name = &self.relation.name;
        let (script, way, expected) = match verb {
            Verb::Select => {
                (format!("COPY ({}) TO STDOUT", self.base(verb, name)), Way::CopyOut, self.held(verb))
            }
            // The server knows no COPY FROM under row security.
            Verb::Insert if self.relation.is_table() => {
                (format!("COPY {name} FROM STDIN"), Way::CopyIn, self.refused(verb, &["0A000"]))
            }
            _ => return,
        };
        let mut copy = self.case(verb, "copy", script, expected);
        copy.way = way;
        cases.push(copy);
    }

    fn conflicts(&self, cases: &mut Vec<Case>) {
        let (relation, verb) = (self.relation, Verb::Insert);
        if !relation.is_table() {
            return;
        }
        let base = self.base(verb, &relation.name);
        let held = self.held(verb);
        cases.push(self.case(
            verb,
            "on conflict do nothing",
            format!("{base} ON CONFLICT DO NOTHING"),
            held.clone(),
        ));
        let Some(key) = relation.keys.iter().find(|key| key.plain) else { return };
        let columns: Vec<&str> = relation
            .columns
            .iter()
            .filter(|column| key.columns.contains(&column.plain))
            .map(|column| column.name.as_str())
            .collect();
        let update = format!(
            "{base} ON CONFLICT ({}) DO UPDATE SET {1} = EXCLUDED.{1}",
            columns.join(", "),
            self.column
        );
        cases.push(self.case(verb, "on conflict do update", update, held));
    }

    /// Giving rows away, and making up tenants.
    fn add_moves(&self, cases: &mut Vec<Case>) {
        let (name, verb) = (&self.relation.name, Verb::Update);
        // A partition that the other tenant does not hash to refuses first.
        let codes: &'static [&'static str] =
            if self.relation.partition { &["42501", "23514"] } else { DENIED };
        let give =
            format!("UPDATE {name} SET tenant_id = '{}' WHERE tenant_id = '{}'", self.other, self.mine);
        let known = self.owns && self.may(verb) && self.relation.is_table();
        let expected = if known { Expected::Refused(codes) } else { Expected::Nothing };
        cases.push(self.case(verb, "give away", give, expected));
    }
}
