//! Rows of two tenants in every table, made so that the schema's own rules hold.
//!
//! Parents come before children; a value is the first of a few that the server says its checks admit,
//! with columns that share a check chosen together. A row that collides is tried again with others.
//! Where no row can be made the relation is reported, never passed over.

mod value;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};
use uuid::Uuid;

use super::catalog::{Catalog, Column, Relation};
use super::error::{AttackError, at};
pub(super) use value::quote;
use value::{Mark, candidates};

/// A row as JSON, by plain column name.
pub(super) type Row = Map<String, Value>;

/// The word in every text of rows that are not the first tenant's.
pub(super) const CANARY: &str = "okapi";
/// How many further tenants may be taken, for partitions that hash them.
const OTHERS: usize = 24;
/// How often a row that collides is tried with other values.
const TRIES: usize = 8;

/// What there is to attack.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeds {
    /// The tenant that attacks.
    pub(super) mine: Uuid,
    /// By relation.
    pub(super) rows: BTreeMap<i64, Seeded>,
    /// Tables that no rows could be made for, and why.
    pub(super) untried: Vec<String>,
    /// Partitions and views without another tenant's row.
    pub(super) notes: Vec<String>,
}

/// The rows of a relation.
#[derive(Clone, Debug, Default)]
pub(super) struct Seeded {
    /// A row of the tenant that attacks.
    pub(super) own: Option<Row>,
    /// One that it could write.
    pub(super) fresh: Option<Row>,
    /// Whether it could do so only in place of the one it has: the tenant alone is a key.
    pub(super) replaces: bool,
    /// A row of somebody else, and whose.
    pub(super) foreign: Option<(Uuid, Row)>,
    /// The partial keys, by name, that are about the row of the tenant that attacks.
    pub(super) within: BTreeSet<String>,
}

/// Why a row could not be made.
enum Why {
    /// This table takes none of the values that were tried.
    Unfit(String),
    /// The server is gone.
    Broken(AttackError),
}

/// Gives two tenants rows in every table that knows tenants.
pub(super) async fn seed(conn: &mut PgConnection, catalog: &Catalog) -> Result<Seeds, AttackError> {
    let mine = Uuid::now_v7();
    let others: Vec<Uuid> = (0..OTHERS).map(|_| Uuid::now_v7()).collect();
    let mut seeder = Seeder { conn, catalog, mine, made: BTreeMap::new(), busy: BTreeSet::new(), number: 0 };
    let mut seeds = Seeds { mine, ..Seeds::default() };
    for relation in catalog.relations.values().filter(|r| r.tenant && r.is_table()) {
        let mut why_not = None;
        if let Err(why) = unfit(seeder.ensure(relation, mine).await)? {
            why_not = Some(why);
        }
        // A partition takes only some tenants.
        let few = if relation.partition { others.as_slice() } else { &others[..1] };
        for other in few {
            match unfit(seeder.ensure(relation, *other).await)? {
                Ok(_) => break,
                Err(why) => why_not = Some(why),
            }
        }
        let fresh = unfit(seeder.make(relation, mine, &Row::new(), Which::Fresh).await)?.ok();
        let rows = seeds.rows.entry(relation.oid).or_default();
        rows.replaces = fresh.is_none();
        rows.fresh = fresh.or_else(|| seeder.made.get(&(relation.oid, mine, Which::First)).cloned());
        if let Some(why) = why_not.filter(|_| !relation.partition) {
            seeds.untried.push(format!("{}: {why}", relation.name));
        }
    }
    for relation in catalog.relations.values().filter(|r| r.tenant && (r.is_table() || r.reachable())) {
        let found = seeder.read_back(relation, &others).await.map_err(at("read the seeded rows"))?;
        let within = seeder.within(relation, found.0.as_ref()).await.map_err(at("read the seeded rows"))?;
        let rows = seeds.rows.entry(relation.oid).or_default();
        (rows.own, rows.foreign) = found;
        rows.within = within;
        if rows.foreign.is_none() && (relation.partition || !relation.is_table()) {
            seeds.notes.push(format!("{}: no other tenant's row is in it", relation.name));
        }
    }
    Ok(seeds)
}

fn unfit<T>(made: Result<T, Why>) -> Result<Result<T, String>, AttackError> {
    match made {
        Ok(made) => Ok(Ok(made)),
        Err(Why::Unfit(why)) => Ok(Err(why)),
        Err(Why::Broken(error)) => Err(error),
    }
}

/// Which row of a tenant is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Which {
    /// The one that is kept.
    First,
    /// A second one, kept because rows that are not will refer to it.
    Second,
    /// One that could be written, and is not. It refers to second ones: a key may be a reference, too.
    Fresh,
}

struct Seeder<'a> {
    conn: &'a mut PgConnection,
    catalog: &'a Catalog,
    mine: Uuid,
    made: BTreeMap<(i64, Uuid, Which), Row>,
    busy: BTreeSet<i64>,
    number: u32,
}

impl Seeder<'_> {
    /// A row of `tenant` in `relation`, made if there is none.
    async fn ensure(&mut self, relation: &Relation, tenant: Uuid) -> Result<Row, Why> {
        self.ensure_with(relation, tenant, &Row::new(), Which::First).await
    }

    /// The same with some of its values given.
    async fn ensure_with(
        &mut self,
        relation: &Relation,
        tenant: Uuid,
        given: &Row,
        which: Which,
    ) -> Result<Row, Why> {
        // What is given decides which it is.
        let which = if given.is_empty() { which } else { Which::First };
        if let Some(row) = self.made.get(&(relation.oid, tenant, which)) {
            return Ok(row.clone());
        }
        if !relation.tenant && given.is_empty() {
            // Of what has no tenant, such as a list of currencies, rows that are there are taken; each
            // tenant its own, because it might be a list of people.
            let skipped = usize::from(tenant != self.mine) + 2 * usize::from(which != Which::First);
            let sql =
                format!("SELECT to_jsonb(t) FROM {} t ORDER BY ctid OFFSET {skipped} LIMIT 1", relation.name);
            if let Some(row) = self.ask(&sql).await.map_err(broken)? {
                self.made.insert((relation.oid, tenant, which), row.clone());
                return Ok(row);
            }
        }
        if !self.busy.insert(relation.oid) {
            return Err(Why::Unfit(format!("{} refers to itself by way of others", relation.name)));
        }
        let made = Box::pin(self.make(relation, tenant, given, which)).await;
        self.busy.remove(&relation.oid);
        let row = match made {
            // The tenant alone is a key: there is no second one.
            Err(Why::Unfit(_)) if which == Which::Second => {
                Box::pin(self.ensure_with(relation, tenant, given, Which::First)).await?
            }
            made => made?,
        };
        self.made.insert((relation.oid, tenant, which), row.clone());
        Ok(row)
    }

    async fn make(
        &mut self,
        relation: &Relation,
        tenant: Uuid,
        given: &Row,
        which: Which,
    ) -> Result<Row, Why> {
        if relation.kind != "p" {
            return self.make_in(relation, tenant, given, which).await;
        }
        let mut why = Why::Unfit("it has no partitions".to_owned());
        for leaf in self.catalog.leaves(relation.oid) {
            match self.make_in(&self.catalog.relations[&leaf], tenant, given, which).await {
                Err(Why::Unfit(reason)) => why = Why::Unfit(reason),
                made => return made,
            }
        }
        Err(why)
    }

    async fn make_in(
        &mut self,
        relation: &Relation,
        tenant: Uuid,
        given: &Row,
        which: Which,
    ) -> Result<Row, Why> {
        let fixed = self.parents(relation, tenant, given, which).await?;
        let mut why = String::new();
        for attempt in 0..TRIES {
            self.number += 1;
            let columns = self.choose(relation, tenant, &fixed, attempt).await?;
            let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
            let sql = format!(
                "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING to_jsonb(t)",
                relation.name,
                names.join(", "),
                values.join(", ")
            );
            match self.insert(&sql, which != Which::Fresh).await {
                Ok(row) => return Ok(row),
                Err(sqlx::Error::Database(error)) => {
                    error.message().clone_into(&mut why);
                    // Only another value can mend a collision.
                    if !matches!(error.code().as_deref(), Some("23505" | "23P01")) {
                        break;
                    }
                }
                Err(error) => return Err(broken(error)),
            }
        }
        Err(Why::Unfit(why))
    }

    /// What stands in a tenant's texts.
    fn word(&self, tenant: Uuid) -> String {
        format!("{}{}", if tenant == self.mine { "zebra" } else { CANARY }, self.number)
    }

    async fn insert(&mut self, sql: &str, keep: bool) -> sqlx::Result<Row> {
        let mut tx = self.conn.begin().await?;
        let row: sqlx::types::Json<Row> =
            sqlx::query_scalar(AssertSqlSafe(sql.to_owned()).into_sql_str()).fetch_one(&mut *tx).await?;
        sqlx::query("SET CONSTRAINTS ALL IMMEDIATE").execute(&mut *tx).await?;
        if keep {
            tx.commit().await?;
        } else {
            tx.rollback().await?;
        }
        Ok(row.0)
    }

    /// What foreign keys and the tenant decide: by plain name the values to try.
    async fn parents(
        &mut self,
        relation: &Relation,
        tenant: Uuid,
        given: &Row,
        which: Which,
    ) -> Result<BTreeMap<String, Vec<String>>, Why> {
        let parents = if which == Which::First { Which::First } else { Which::Second };
        let mut fixed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let typed = |column: &Column, value: &Value| match value {
            Value::Null => format!("CAST(NULL AS {})", column.base),
            Value::String(text) => format!("CAST({} AS {})", quote(text), column.base),
            other => format!("CAST({} AS {})", quote(&other.to_string()), column.base),
        };
        let column_of = |name: &str| relation.columns.iter().find(|column| column.plain == name);
        let mut known = given.clone();
        if relation.tenant {
            known.insert("tenant_id".into(), Value::String(tenant.to_string()));
        }
        for (name, value) in &known {
            if let Some(column) = column_of(name) {
                fixed.insert(name.clone(), vec![typed(column, value)]);
            }
        }
        for reference in &relation.references {
            let Some(parent) = self.catalog.relations.get(&reference.parent) else { continue };
            let pairs = || reference.columns.iter().zip(&reference.parents);
            // What is known of the child decides about a parent that has no tenant of its own.
            let wanted: Row = pairs()
                .filter(|_| !parent.tenant)
                .filter_map(|(child, of)| known.get(child).map(|value| (of.clone(), value.clone())))
                .collect();
            let optional = pairs().any(|(child, _)| column_of(child).is_some_and(|c| !c.not_null));
            if parent.oid == relation.oid && !optional {
                // The first row can refer to none but itself. Counted values are out of the way of sequences.
                let word = self.word(tenant);
                let mark = Mark { word: &word, number: self.number + 10_000 };
                for (child, of) in pairs().filter(|(child, _)| !known.contains_key(*child)) {
                    let Some(column) = column_of(of) else { continue };
                    let first = || candidates(column, mark, &[]).into_iter().take(1).collect();
                    let value = fixed.entry(of.clone()).or_insert_with(first).clone();
                    fixed.insert(child.clone(), value);
                }
                continue;
            }
            let found = if self.busy.contains(&parent.oid) && parent.oid != relation.oid {
                Err(Why::Unfit(format!("{} and {} refer to each other", relation.name, parent.name)))
            } else if parent.oid == relation.oid {
                // It need not refer to any.
                Err(Why::Unfit(format!("{} refers to itself", relation.name)))
            } else {
                Box::pin(self.ensure_with(parent, tenant, &wanted, parents)).await
            };
            let row = match found {
                Err(Why::Unfit(_)) if optional => None,
                other => Some(other?),
            };
            for (child, of) in pairs() {
                let Some(column) = column_of(child) else { continue };
                if known.contains_key(child) {
                    continue;
                }
                let mut values: Vec<String> =
                    row.iter().map(|row| typed(column, row.get(of).unwrap_or(&Value::Null))).collect();
                if !column.not_null {
                    values.push(typed(column, &Value::Null));
                }
                fixed.insert(child.clone(), values);
            }
        }
        Ok(fixed)
    }

    /// A value for every column that needs one, such that all checks hold.
    async fn choose(
        &mut self,
        relation: &Relation,
        tenant: Uuid,
        fixed: &BTreeMap<String, Vec<String>>,
        attempt: usize,
    ) -> Result<Vec<(String, String)>, Why> {
        let number = self.number;
        let word = self.word(tenant);
        let mark = Mark { word: &word, number };
        let mut single: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut joint: Vec<(&str, Vec<&Column>)> = Vec::new();
        for check in &relation.checks {
            let named = mentioned(relation, &check.text);
            match named.as_slice() {
                [one] => single.entry(&one.plain).or_default().push(&check.text),
                _ => joint.push((&check.text, named)),
            }
        }
        let mut options: BTreeMap<&str, (&Column, Vec<String>)> = BTreeMap::new();
        for column in relation.insertable() {
            let checks: Vec<&str> =
                relation.checks.iter().map(|c| c.text.as_str()).filter(|c| mentions(c, column)).collect();
            let values = match fixed.get(&column.plain) {
                Some(values) => values.clone(),
                None if column.identity => continue,
                // What has a value of its own, or may have none, is left alone, but for texts: they carry
                // the word that is looked for. Where that collides, another value may not.
                None if checks.is_empty()
                    && !(attempt > 0 && relation.is_key(column))
                    && (column.fallback.is_some() || !column.not_null && column.category != "S") =>
                {
                    continue;
                }
                None => {
                    let mut values = candidates(column, mark, &checks);
                    let shift = attempt % values.len().max(1);
                    values.rotate_left(shift);
                    values
                }
            };
            let own = single.get(column.plain.as_str()).map_or(&[][..], Vec::as_slice);
            let values = self.admitted(column, values, own).await?;
            if values.is_empty() {
                let checks = own.join(" AND ");
                return Err(Why::Unfit(format!("no value for {} is found that fits {checks}", column.name)));
            }
            options.insert(&column.plain, (column, values));
        }
        let chosen = self.together(relation, &options, &joint).await?;
        Ok(options
            .values()
            .map(|(column, values)| {
                let value = chosen.get(column.plain.as_str()).copied().unwrap_or(0);
                (column.name.clone(), values[value].clone())
            })
            .collect())
    }

    /// Those of the values that the column's own checks admit.
    async fn admitted(
        &mut self,
        column: &Column,
        values: Vec<String>,
        checks: &[&str],
    ) -> Result<Vec<String>, Why> {
        if checks.is_empty() {
            return Ok(values);
        }
        let list: Vec<String> =
            values.iter().enumerate().map(|(index, value)| format!("({index}, {value})")).collect();
        let checks: Vec<String> = checks.iter().map(|check| format!("({check}) IS NOT FALSE")).collect();
        let sql = format!(
            "SELECT i FROM (VALUES {}) AS x (i, {}) WHERE {} ORDER BY i",
            list.join(", "),
            column.name,
            checks.join(" AND ")
        );
        let admitted: Vec<i32> = self.fetch(&sql).await?;
        Ok(admitted.into_iter().filter_map(|i| values.get(usize::try_from(i).ok()?).cloned()).collect())
    }

    /// Which value each column takes that shares a check with others.
    async fn together<'o>(
        &mut self,
        relation: &Relation,
        options: &BTreeMap<&'o str, (&Column, Vec<String>)>,
        joint: &[(&str, Vec<&Column>)],
    ) -> Result<BTreeMap<&'o str, usize>, Why> {
        let named: BTreeSet<&str> =
            joint.iter().flat_map(|(_, columns)| columns.iter().map(|c| c.plain.as_str())).collect();
        let shared: Vec<_> = options.iter().filter(|(plain, _)| named.contains(**plain)).collect();
        if shared.is_empty() {
            return Ok(BTreeMap::new());
        }
        let (mut from, mut columns, mut ranks) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (_, (column, values))) in shared.iter().enumerate() {
            let list: Vec<String> = values
                .iter()
                .take(6)
                .enumerate()
                .map(|(index, value)| format!("({index}, {value})"))
                .collect();
            from.push(format!("(VALUES {}) AS c{at} (i, v)", list.join(", ")));
            columns.push(format!("c{at}.v AS {}, c{at}.i AS i{at}", column.name));
            ranks.push(format!("i{at}"));
        }
        let generated: Vec<String> = relation
            .columns
            .iter()
            .filter_map(|column| column.generated.as_ref().map(|of| (column, of)))
            .filter(|(column, of)| {
                named.contains(column.plain.as_str())
                    && mentioned(relation, of).iter().all(|c| named.contains(c.plain.as_str()))
            })
            .map(|(column, of)| format!(", ({of}) AS {}", column.name))
            .collect();
        let checks: Vec<String> = joint.iter().map(|(check, _)| format!("({check}) IS NOT FALSE")).collect();
        let sql = format!(
            "SELECT ARRAY[{}]::integer[] FROM (SELECT *{} FROM (SELECT {} FROM {}) plain) made WHERE {} ORDER BY {} LIMIT 1",
            ranks.join(", "),
            generated.concat(),
            columns.join(", "),
            from.join(", "),
            checks.join(" AND "),
            ranks.join(" + ")
        );
        let found: Vec<Vec<i32>> = self.fetch(&sql).await?;
        let Some(indexes) = found.into_iter().next() else {
            let checks: Vec<&str> = joint.iter().map(|(check, _)| *check).collect();
            return Err(Why::Unfit(format!("no values are found that fit {}", checks.join(" AND "))));
        };
        Ok(shared
            .iter()
            .zip(indexes)
            .map(|((plain, _), i)| (**plain, usize::try_from(i).unwrap_or(0)))
            .collect())
    }

    async fn fetch<T>(&mut self, sql: &str) -> Result<Vec<T>, Why>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let found =
            sqlx::query_scalar(AssertSqlSafe(sql.to_owned()).into_sql_str()).fetch_all(&mut *self.conn).await;
        found.map_err(|error| match error {
            sqlx::Error::Database(error) => Why::Unfit(error.message().to_owned()),
            other => broken(other),
        })
    }

    async fn ask(&mut self, sql: &str) -> sqlx::Result<Option<Row>> {
        let row: Option<sqlx::types::Json<Row>> =
            sqlx::query_scalar(AssertSqlSafe(sql.to_owned()).into_sql_str())
                .fetch_optional(&mut *self.conn)
                .await?;
        Ok(row.map(|row| row.0))
    }

    /// The partial keys that are about a row.
    async fn within(&mut self, relation: &Relation, row: Option<&Row>) -> sqlx::Result<BTreeSet<String>> {
        let mut within = BTreeSet::new();
        let Some(row) = row else { return Ok(within) };
        for key in &relation.keys {
            let Some(predicate) = &key.predicate else { continue };
            let sql = format!(
                "SELECT ({predicate}) IS TRUE FROM jsonb_populate_record(NULL::{}, $1)",
                relation.name
            );
            let about = sqlx::query_scalar(AssertSqlSafe(sql).into_sql_str()).bind(sqlx::types::Json(row));
            if about.fetch_one(&mut *self.conn).await? {
                within.insert(key.name.clone());
            }
        }
        Ok(within)
    }

    async fn read_back(
        &mut self,
        relation: &Relation,
        others: &[Uuid],
    ) -> sqlx::Result<(Option<Row>, Option<(Uuid, Row)>)> {
        let made =
            |of: &Uuid| self.made.get(&(relation.oid, *of, Which::First)).map(|row| (*of, row.clone()));
        if let (Some((_, own)), Some(foreign)) = (made(&self.mine), others.iter().find_map(made)) {
            return Ok((Some(own), Some(foreign)));
        }
        let name = &relation.name;
        let own = format!("SELECT to_jsonb(t) FROM {name} t WHERE tenant_id = '{}' LIMIT 1", self.mine);
        let list: Vec<String> = others.iter().map(|id| format!("'{id}'")).collect();
        let foreign =
            format!("SELECT to_jsonb(t) FROM {name} t WHERE tenant_id IN ({}) LIMIT 1", list.join(", "));
        let own = self.ask(&own).await?;
        let foreign = self.ask(&foreign).await?.and_then(|row| {
            let id = row.get("tenant_id")?.as_str()?.parse().ok()?;
            Some((id, row))
        });
        Ok((own, foreign))
    }
}

fn broken(source: sqlx::Error) -> Why {
    Why::Broken(at("seed the clone")(source))
}

fn mentioned<'r>(relation: &'r Relation, text: &str) -> Vec<&'r Column> {
    relation.columns.iter().filter(|column| mentions(text, column)).collect()
}

/// Whether an expression names a column, or may: a word in it is enough, unless it stands in a text.
fn mentions(text: &str, column: &Column) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.split('\'').step_by(2).any(|text| {
        text.match_indices(column.plain.as_str())
            .any(|(at, found)| !text[..at].ends_with(word) && !text[at + found.len()..].starts_with(word))
    })
}
