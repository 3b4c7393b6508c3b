//! What is in the database under test, as far as attacks and seeds need to know.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::PgConnection;

use super::error::{AttackError, at};

/// A table, partition or view of the application's.
#[derive(Clone, Debug, sqlx::FromRow)]
#[allow(clippy::struct_excessive_bools, reason = "a row of the catalog")]
pub(super) struct Relation {
    pub(super) oid: i64,
    /// Quoted, with its schema.
    pub(super) name: String,
    /// As in `pg_class.relkind`.
    pub(super) kind: String,
    pub(super) partition: bool,
    pub(super) owner: String,
    /// Whether it has a column `tenant_id`.
    pub(super) tenant: bool,
    /// What the application's role may do, where the relation lets anybody do it.
    pub(super) selects: bool,
    pub(super) inserts: bool,
    pub(super) updates: bool,
    pub(super) deletes: bool,
    /// Whether writing it is possible at all, as `pg_relation_is_updatable` says.
    pub(super) writable: bool,
    #[sqlx(skip)]
    pub(super) columns: Vec<Column>,
    #[sqlx(skip)]
    pub(super) checks: Vec<Check>,
    #[sqlx(skip)]
    pub(super) references: Vec<Reference>,
    #[sqlx(skip)]
    pub(super) keys: Vec<Key>,
}

impl Relation {
    pub(super) fn is_table(&self) -> bool {
        matches!(self.kind.as_str(), "r" | "p")
    }

    pub(super) fn reachable(&self) -> bool {
        self.selects || self.inserts || self.updates || self.deletes
    }

    /// Whether rows of it refer to others of it by this column.
    pub(super) fn refers_to_itself_by(&self, column: &str) -> bool {
        let own = self.references.iter().filter(|reference| reference.parent == self.oid);
        own.flat_map(|reference| &reference.parents).any(|parent| parent == column)
    }

    /// Whether a key is over this column, and nothing counts it.
    pub(super) fn is_key(&self, column: &Column) -> bool {
        self.keys.iter().any(|key| key.columns.contains(&column.plain))
            && !column.fallback.as_ref().is_some_and(|fallback| fallback.contains("nextval"))
    }

    /// The columns that an INSERT can name.
    pub(super) fn insertable(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.generated.is_none())
    }
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Column {
    relation: i64,
    /// As the catalog has it, and quoted.
    pub(super) plain: String,
    pub(super) name: String,
    /// What a value is cast to: of a domain the type below it.
    pub(super) base: String,
    /// `pg_type.typcategory` and `typname` of that type, of an array of its elements.
    pub(super) category: String,
    pub(super) word: String,
    pub(super) not_null: bool,
    pub(super) fallback: Option<String>,
    pub(super) identity: bool,
    pub(super) generated: Option<String>,
    pub(super) labels: Vec<String>,
}

/// What must hold for a row: a check, a domain's or a partition's.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Check {
    relation: i64,
    pub(super) text: String,
}

/// A foreign key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Reference {
    relation: i64,
    pub(super) name: String,
    pub(super) parent: i64,
    /// Plain names, pairwise.
    pub(super) columns: Vec<String>,
    pub(super) parents: Vec<String>,
}

/// A unique key.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Key {
    relation: i64,
    pub(super) name: String,
    /// Whether it is over columns alone, and of all rows.
    pub(super) plain: bool,
    /// Of a partial one, which rows it is of.
    pub(super) predicate: Option<String>,
    /// Plain names, also of columns in expressions and conditions.
    pub(super) columns: Vec<String>,
}

/// A function that the application may call.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) signature: String,
    pub(super) arguments: Vec<String>,
}

/// Everything above.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    pub(super) relations: BTreeMap<i64, Relation>,
    pub(super) functions: Vec<Function>,
    /// Sequences, quoted.
    pub(super) sequences: Vec<String>,
    /// Roles other than the application's, quoted.
    pub(super) roles: Vec<String>,
    /// Whether a seal is wanted.
    pub(super) sealed: bool,
    /// Views and partitions with what they read or belong to, both ways.
    near: Vec<(i64, i64)>,
}

impl Catalog {
    /// Reads the catalog; `role` is the application's.
    pub(super) async fn read(conn: &mut PgConnection, role: &str) -> Result<Self, AttackError> {
        let step = "read the catalog";
        let rows: Vec<Relation> =
            sqlx::query_as(RELATIONS).bind(role).fetch_all(&mut *conn).await.map_err(at(step))?;
        let mut relations: BTreeMap<i64, Relation> = rows.into_iter().map(|row| (row.oid, row)).collect();
        for column in sqlx::query_as::<_, Column>(COLUMNS).fetch_all(&mut *conn).await.map_err(at(step))? {
            if let Some(of) = relations.get_mut(&column.relation) {
                of.columns.push(column);
            }
        }
        for check in sqlx::query_as::<_, Check>(CHECKS).fetch_all(&mut *conn).await.map_err(at(step))? {
            if let Some(of) = relations.get_mut(&check.relation) {
                of.checks.push(check);
            }
        }
        for key in sqlx::query_as::<_, Reference>(REFERENCES).fetch_all(&mut *conn).await.map_err(at(step))? {
            if let Some(of) = relations.get_mut(&key.relation) {
                of.references.push(key);
            }
        }
        for key in sqlx::query_as::<_, Key>(KEYS).fetch_all(&mut *conn).await.map_err(at(step))? {
            if let Some(of) = relations.get_mut(&key.relation) {
                of.keys.push(key);
            }
        }
        let functions = sqlx::query_as(FUNCTIONS).bind(role).fetch_all(&mut *conn).await.map_err(at(step))?;
        let sequences = sqlx::query_scalar(SEQUENCES).fetch_all(&mut *conn).await.map_err(at(step))?;
        let roles = sqlx::query_scalar(ROLES).bind(role).fetch_all(&mut *conn).await.map_err(at(step))?;
        let near = sqlx::query_as(NEAR).fetch_all(&mut *conn).await.map_err(at(step))?;
        let sealed = sqlx::query_scalar(SEALED).fetch_one(&mut *conn).await.map_err(at(step))?;
        Ok(Self { relations, functions, sequences, roles, sealed, near })
    }

    /// The partitions of a table that hold rows themselves.
    pub(super) fn leaves(&self, parent: i64) -> Vec<i64> {
        let family = self.family(parent);
        let leaf = |oid: &i64| self.relations.get(oid).is_some_and(|r| r.partition && r.kind == "r");
        family.into_iter().filter(leaf).collect()
    }

    /// A relation with all that share its rows.
    pub(super) fn family(&self, oid: i64) -> BTreeSet<i64> {
        let mut family = BTreeSet::from([oid]);
        loop {
            let more: Vec<i64> = self
                .near
                .iter()
                .filter(|(a, b)| family.contains(a) && !family.contains(b))
                .map(|(_, b)| *b)
                .collect();
            if more.is_empty() {
                return family;
            }
            family.extend(more);
        }
    }
}

/// What is not the server's, an extension's or this suite's own.
macro_rules! ours {
    ($class:literal, $oid:literal) => {
        concat!(
            " n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy_probe') AND n.nspname !~ '^pg_(temp|toast)'
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '", $class, "'::regclass AND d.objid = ", $oid, " AND d.deptype = 'e') "
        )
    };
}

const RELATIONS: &str = concat!(
    "SELECT c.oid::bigint AS oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind::text AS kind,
        c.relispartition AS partition, quote_ident(o.rolname) AS owner, a.attnum IS NOT NULL AS tenant,
        u.usable AND has_table_privilege($1, c.oid, 'SELECT') AS selects,
        u.usable AND has_table_privilege($1, c.oid, 'INSERT') AS inserts,
        u.usable AND has_table_privilege($1, c.oid, 'UPDATE') AS updates,
        u.usable AND has_table_privilege($1, c.oid, 'DELETE') AS deletes,
        pg_relation_is_updatable(c.oid, false) & 28 = 28 AS writable
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
     CROSS JOIN LATERAL (SELECT has_schema_privilege($1, n.oid, 'USAGE') AS usable) u
     LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND",
    ours!("pg_class", "c.oid")
);

const COLUMNS: &str = concat!(
    "SELECT c.oid::bigint AS relation, a.attname::text AS plain, quote_ident(a.attname) AS name,
        CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END AS base,
        b.typcategory::text AS category, coalesce(e.typname, b.typname)::text AS word,
        a.attnotnull OR t.typnotnull AS not_null,
        CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS fallback,
        a.attidentity <> '' AS identity,
        CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END AS generated,
        ARRAY(SELECT l.enumlabel::text FROM pg_enum l WHERE l.enumtypid = b.oid ORDER BY l.enumsortorder) AS labels
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     JOIN pg_type t ON t.oid = a.atttypid
     JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
     LEFT JOIN pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
     LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND",
    ours!("pg_class", "c.oid"),
    "ORDER BY c.oid, a.attnum"
);

const CHECKS: &str = "
    SELECT k.conrelid::bigint AS relation, pg_get_expr(k.conbin, k.conrelid) AS text
    FROM pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
    UNION ALL
    SELECT a.attrelid::bigint, regexp_replace(pg_get_expr(k.conbin, 0), '\\mVALUE\\M', quote_ident(a.attname), 'g')
    FROM pg_attribute a JOIN pg_constraint k ON k.contypid = a.atttypid AND k.contype = 'c'
    WHERE a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT c.oid::bigint, pg_get_partition_constraintdef(c.oid) FROM pg_class c
    WHERE c.relispartition AND c.relkind = 'r' AND pg_get_partition_constraintdef(c.oid) IS NOT NULL";

const REFERENCES: &str = "
    SELECT k.conrelid::bigint AS relation, k.conname::text AS name, k.confrelid::bigint AS parent,
        ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY x (n, i)
              JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n ORDER BY x.i) AS columns,
        ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY x (n, i)
              JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n ORDER BY x.i) AS parents
    FROM pg_constraint k WHERE k.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_class p WHERE p.oid = k.confrelid AND p.relispartition)
    ORDER BY k.conrelid, k.conname";

const KEYS: &str = "
    SELECT i.indrelid::bigint AS relation, quote_ident(x.relname) AS name,
        i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL AS plain, pg_get_expr(i.indpred, i.indrelid) AS predicate,
        ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid AND (a.attnum = ANY (i.indkey::int2[])
              OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum))
              ORDER BY a.attnum) AS columns
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indisunique OR i.indisexclusion ORDER BY i.indrelid, x.relname";

const FUNCTIONS: &str = concat!(
    "SELECT format('%I.%I', n.nspname, p.proname) AS name, p.oid::regprocedure::text AS signature,
        ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY x (t, i) ORDER BY i) AS arguments
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND has_schema_privilege($1, n.oid, 'USAGE') AND has_function_privilege($1, p.oid, 'EXECUTE') AND",
    ours!("pg_proc", "p.oid"),
    "ORDER BY 3"
);

const SEQUENCES: &str = concat!(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'S' AND",
    ours!("pg_class", "c.oid"),
    "ORDER BY 1"
);

const ROLES: &str = "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname <> $1 ORDER BY 1";

const SEALED: &str = "
    SELECT to_regprocedure('tenancy.seal_required()') IS NOT NULL
        AND query_to_xml('SELECT tenancy.seal_required() AS required', false, false, '')::text LIKE '%<required>true<%'";

const NEAR: &str = "
    WITH edge AS (
        SELECT inhrelid::bigint AS a, inhparent::bigint AS b FROM pg_inherits
        UNION SELECT r.ev_class::bigint, d.refobjid::bigint FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND r.ev_class <> d.refobjid
    ) SELECT a, b FROM edge UNION SELECT b, a FROM edge";
