//! The cases of a database, and their run.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Executor, PgConnection, SqlSafeStr};
use tenancy_core::TenantId;
use uuid::Uuid;

use super::Target;
use super::attacker::{Attacker, Sides};
use super::case::{Case, Expected, Way};
use super::catalog::Catalog;
use super::controls;
use super::error::{AttackError, at};
use super::paths::{self, PROBE};
use super::report::Tried;
use super::scratch::Scratch;
use super::seed::{Seeded, Seeds, seed};
use crate::statement::quoted;
use crate::{lock, seal};

/// A clone with rows of two tenants in it, and what is tried there.
pub(super) struct Suite {
    pub(super) catalog: Catalog,
    pub(super) seeds: Seeds,
    pub(super) sides: Sides,
    /// Each with the tenant whose rows it is after.
    pub(super) cases: Vec<(Uuid, Case)>,
    /// Locks that the attacked tenants hold, each by a relation's name.
    locks: Vec<i64>,
}

impl Suite {
    /// Seeds the clone and works out what to try.
    pub(super) async fn prepare(scratch: &Scratch, target: &Target) -> Result<Self, AttackError> {
        let mut admin = scratch.admin().await?;
        let role = target.app.get_username();
        let catalog = Catalog::read(&mut admin, role).await?;
        // A key of the clone's own: nobody has to hand theirs out.
        let key = if catalog.sealed {
            Some(seal::rotate(&mut admin, std::time::Duration::from_hours(1)).await?)
        } else {
            None
        };
        let seeds = seed(&mut admin, &catalog).await?;
        probes(&mut admin, &catalog, role).await?;
        let sides = Sides { mine: seeds.mine, nobody: Uuid::now_v7(), key };
        let cases = cases(&catalog, &seeds);
        let locks = locks(&catalog, &seeds);
        Ok(Self { catalog, seeds, sides, cases, locks })
    }

    /// Tries all cases that `wanted` lets through, as the application's login `app`.
    pub(super) async fn run(
        &self,
        scratch: &Scratch,
        app: &PgConnectOptions,
        wanted: impl Fn(&Case) -> bool,
    ) -> Result<Vec<Tried>, AttackError> {
        let mut attacker = Attacker::connect(scratch, app, &self.sides, &self.locks).await?;
        let mut tried = Vec::new();
        for (other, case) in self.cases.iter().filter(|(_, case)| wanted(case)) {
            let came = attacker.attempt(case, *other).await?;
            tried.push(Tried {
                name: case.name.clone(),
                expected: case.expected.to_string(),
                control: case.control,
                wrong: case.wrong(&came),
            });
        }
        attacker.leave().await?;
        Ok(tried)
    }
}

/// Views that read with their caller's rights, and a function that runs what it is given: paths that a
/// schema may have, whether it has them or not.
async fn probes(admin: &mut PgConnection, catalog: &Catalog, role: &str) -> Result<(), AttackError> {
    let role = quoted(role);
    let views: Vec<String> = catalog
        .relations
        .values()
        .filter(|relation| relation.is_table() && relation.reachable())
        .map(|relation| {
            let view = format!("{PROBE}.v{}", relation.oid);
            format!(
                "CREATE VIEW {view} WITH (security_invoker = true) AS SELECT * FROM {};
                 GRANT SELECT, INSERT, UPDATE, DELETE ON {view} TO {role};",
                relation.name
            )
        })
        .collect();
    let sql = format!(
        "CREATE SCHEMA {PROBE}; GRANT USAGE ON SCHEMA {PROBE} TO {role};
         CREATE FUNCTION {PROBE}.run(statement text) RETURNS bigint LANGUAGE plpgsql AS $run$
         DECLARE
             n bigint;
         BEGIN
             EXECUTE statement;
             GET DIAGNOSTICS n = ROW_COUNT;
             RETURN n;
         END $run$;
         REVOKE EXECUTE ON FUNCTION {PROBE}.run(text) FROM PUBLIC;
         GRANT EXECUTE ON FUNCTION {PROBE}.run(text) TO {role}; {}",
        views.concat()
    );
    admin.execute(AssertSqlSafe(sql).into_sql_str()).await.map(drop).map_err(at("make views to attack by"))
}

fn locks(catalog: &Catalog, seeds: &Seeds) -> Vec<i64> {
    let foreign = |(oid, rows): (&i64, &Seeded)| {
        let (other, _) = rows.foreign.as_ref()?;
        Some(lock::key(TenantId::from_uuid(*other), &catalog.relations.get(oid)?.name))
    };
    seeds.rows.iter().filter_map(foreign).collect()
}

fn cases(catalog: &Catalog, seeds: &Seeds) -> Vec<(Uuid, Case)> {
    let mut all = Vec::new();
    let somebody = seeds.rows.values().find_map(|rows| rows.foreign.as_ref().map(|(other, _)| *other));
    let somebody = somebody.unwrap_or_default();
    for relation in catalog.relations.values() {
        if relation.tenant && !relation.reachable() {
            let controls = controls::cases(relation, seeds);
            all.extend(controls.into_iter().map(|case| (somebody, case)));
        } else if relation.tenant {
            let (other, attacks) = paths::cases(catalog, relation, seeds).unwrap_or((somebody, Vec::new()));
            let controls = controls::cases(relation, seeds);
            all.extend(attacks.into_iter().chain(controls).map(|case| (other, case)));
        } else if relation.reachable() {
            all.extend(controls::shared(relation, somebody).into_iter().map(|case| (somebody, case)));
        }
    }
    for function in &catalog.functions {
        all.extend(controls::function(function, somebody).into_iter().map(|case| (somebody, case)));
    }
    all.extend(login(catalog).into_iter().map(|case| (somebody, case)));
    all
}

/// What the login must not be able to do anywhere.
fn login(catalog: &Catalog) -> Vec<Case> {
    let refused = |name: String, script: String| Case {
        name,
        relation: None,
        control: false,
        tells: false,
        way: Way::Bound,
        script,
        // Roles are the server's: one that somebody drops meanwhile (22023) nobody becomes either.
        expected: Expected::Refused(&["42501", "22023"]),
        by: None,
    };
    let roles = catalog.roles.iter().map(|role| {
        refused(format!("the login · become {role} · set role"), format!("SET LOCAL ROLE {role}"))
    });
    let sessions = catalog.roles.iter().map(|role| {
        let script = format!("SET LOCAL SESSION AUTHORIZATION {role}");
        refused(format!("the login · become {role} · session authorization"), script)
    });
    let sequences = catalog.sequences.iter().map(|sequence| {
        refused(format!("{sequence} · select · sequence"), format!("SELECT last_value FROM {sequence}"))
    });
    roles.chain(sessions).chain(sequences).collect()
}
