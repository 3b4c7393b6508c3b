//! Takes away what keeps tenants apart, one thing at a time, and asks who notices.
//!
//! A suite that stays green when a policy is gone proves nothing about policies. Each policy, row
//! security, FORCE, grant and key column of the catalog is removed on a clone of its own, and the proof,
//! the attacks and the controls run again.

use std::collections::BTreeSet;
use std::fmt;

use futures_util::{StreamExt, TryStreamExt};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqlSafeStr};

use super::error::{AttackError, at};
use super::scratch::Scratch;
use super::suite::Suite;
use super::{Target, case::Case};
use crate::proof::{self, Severity};

/// How many clones are attacked at once.
const AT_ONCE: usize = 2;

/// Something that was taken away, and who noticed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Mutant {
    /// `policy`, `row security`, `force`, `grant`, `key`, `default`, `not null` or `guard`.
    pub kind: String,
    /// What was taken away.
    pub what: String,
    /// The rules of the proof that found it.
    pub proof: Vec<&'static str>,
    /// How many attacks went through, and the first of them.
    pub attacks: (usize, Option<String>),
    /// How many controls failed, and the first of them.
    pub controls: (usize, Option<String>),
    /// Of one that nobody noticed, why that is harmless; without it, it is a defect.
    pub harmless: Option<String>,
}

impl Mutant {
    /// Whether anybody noticed.
    pub fn is_killed(&self) -> bool {
        !self.proof.is_empty() || self.attacks.0 > 0 || self.controls.0 > 0
    }

    /// Whether nobody noticed and nobody knows why.
    pub fn is_defect(&self) -> bool {
        !self.is_killed() && self.harmless.is_none()
    }
}

/// All mutants of a database.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MutationReport {
    /// By kind and name.
    pub mutants: Vec<Mutant>,
    /// How many policies, grants on relations, and keys with a tenant the catalog has.
    pub guards: usize,
}

impl MutationReport {
    /// Whether every policy, grant and key was taken away, and nothing of it was unnoticed without being
    /// harmless.
    pub fn is_clean(&self) -> bool {
        self.taken() >= self.guards && self.defects().next().is_none()
    }

    fn taken(&self) -> usize {
        ["policy", "grant", "key"].iter().map(|kind| self.count(kind)).sum()
    }

    /// Those that nobody noticed, though they are not harmless.
    pub fn defects(&self) -> impl Iterator<Item = &Mutant> {
        self.mutants.iter().filter(|mutant| mutant.is_defect())
    }

    /// How many mutants are of this kind.
    pub fn count(&self, kind: &str) -> usize {
        self.mutants.iter().filter(|mutant| mutant.kind == kind).count()
    }
}

/// A table: what was taken away, and what the proof, the attacks and the controls said.
impl fmt::Display for MutationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:12} {:90} {:>14} {:>8} {:>8}", "removed", "", "proof", "attacks", "controls")?;
        for Mutant { kind, what, proof, attacks, controls, .. } in &self.mutants {
            writeln!(f, "{kind:12} {what:90} {:>14} {:>8} {:>8}", proof.join(","), attacks.0, controls.0)?;
        }
        for mutant in self.mutants.iter().filter(|mutant| !mutant.is_killed()) {
            let why = mutant.harmless.as_deref().unwrap_or("DEFECT: nobody noticed");
            writeln!(f, "survived: {} {}: {why}", mutant.kind, mutant.what)?;
        }
        if self.taken() < self.guards {
            let (taken, guards) = (self.taken(), self.guards);
            writeln!(f, "INCOMPLETE: of {guards} policies, grants and keys {taken} were taken away")?;
        }
        let killed = self.mutants.iter().filter(|mutant| mutant.is_killed()).count();
        let harmless = self.mutants.iter().filter(|m| !m.is_killed() && m.harmless.is_some()).count();
        let meant = self.mutants.len() - harmless;
        let rate = 100.0 * killed as f64 / meant.max(1) as f64;
        write!(
            f,
            "{} mutants: {killed} noticed, {harmless} harmless, {} defects; kill rate {rate:.1} %",
            self.mutants.len(),
            self.defects().count()
        )
    }
}

/// As the catalog names it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Removal {
    kind: String,
    what: String,
    relation: Option<i64>,
    sql: String,
    /// For a right: the question whether it is there.
    holds: Option<String>,
    harmless: Option<String>,
}

/// Removes each guard and grant in turn on clones of the database, and says who notices.
///
/// # Errors
///
/// [`AttackError`] when the suite cannot run.
pub async fn mutate(target: &Target) -> Result<MutationReport, AttackError> {
    let seeded = Scratch::clone_of(&target.admin()?, &target.database()?).await?;
    let mutated = mutate_clones(&seeded, target).await;
    seeded.remove().await?;
    mutated
}

async fn mutate_clones(seeded: &Scratch, target: &Target) -> Result<MutationReport, AttackError> {
    let suite = Suite::prepare(seeded, target).await?;
    let mut admin = seeded.admin().await?;
    let (guards, unknown): (i64, Option<String>) = sqlx::query_as(include_str!("guards.sql"))
        .bind(&target.schemas)
        .fetch_one(&mut admin)
        .await
        .map_err(at("count what can be removed"))?;
    if let Some(schema) = unknown {
        return Err(AttackError::Schema(schema));
    }
    let removals: Vec<Removal> = sqlx::query_as(include_str!("mutants.sql"))
        .bind(target.app.get_username())
        .bind(&target.schemas)
        .fetch_all(&mut admin)
        .await
        .map_err(at("enumerate what can be removed"))?;
    admin.close().await.map_err(at("leave the clone"))?;
    let login = seeded.login(&target.app);
    let report = proof::prove(&login, &target.policy).await.map_err(at("prove the clone"))?;
    let known = found(&report).map(|finding| (finding.rule, finding.object.clone())).collect();
    let broken = suite.run(seeded, &target.app, |_| true).await?;
    let broken = broken.into_iter().filter(|tried| tried.wrong.is_some()).map(|tried| tried.name).collect();
    let baseline = Baseline { known, broken };
    let held: Vec<&str> = removals.iter().filter_map(|removal| removal.holds.as_deref()).collect();
    let mutants = futures_util::stream::iter(&removals)
        .map(|removal| one(seeded, target, &suite, &baseline, &held, removal))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(MutationReport { mutants, guards: usize::try_from(guards).unwrap_or(usize::MAX) })
}

/// What was wrong before anything was removed.
struct Baseline {
    known: BTreeSet<(&'static str, String)>,
    broken: BTreeSet<String>,
}

/// What of the proof turns a run red.
fn found(report: &proof::Report) -> impl Iterator<Item = &proof::Finding> {
    report.findings.iter().filter(|finding| finding.severity >= Severity::Warn)
}

async fn one(
    seeded: &Scratch,
    target: &Target,
    suite: &Suite,
    baseline: &Baseline,
    held: &[&str],
    removal: &Removal,
) -> Result<Mutant, AttackError> {
    let clone = Scratch::clone_of(&target.admin()?, &seeded.name).await?;
    let mutant = without(&clone, target, suite, baseline, held, removal).await;
    clone.remove().await?;
    mutant
}

async fn without(
    clone: &Scratch,
    target: &Target,
    suite: &Suite,
    baseline: &Baseline,
    held: &[&str],
    removal: &Removal,
) -> Result<Mutant, AttackError> {
    let mut admin = clone.admin().await?;
    let sql = removal.sql.replace("DATABASE current_database", &format!("DATABASE {}", clone.name));
    admin.execute(AssertSqlSafe(sql).into_sql_str()).await.map_err(at("remove a guard from the clone"))?;
    let lost = lost(&mut admin, held).await?;
    let still = match &removal.holds {
        Some(question) => lost.iter().all(|lost| lost != question),
        None => false,
    };
    admin.close().await.map_err(at("leave the clone"))?;
    let mut mutant = Mutant {
        kind: removal.kind.clone(),
        what: removal.what.clone(),
        proof: Vec::new(),
        attacks: (0, None),
        controls: (lost.len(), lost.first().map(|right| format!("no longer {right}"))),
        harmless: removal.harmless.clone(),
    };
    let login = clone.login(&target.app);
    let report = match proof::prove(&login, &target.policy).await {
        Ok(report) => report,
        // Whoever cannot log in can do nothing of what a tenant must be able to do.
        Err(error) => {
            mutant.controls = (mutant.controls.0 + 1, Some(error.to_string()));
            return Ok(mutant);
        }
    };
    let new = found(&report).filter(|f| !baseline.known.contains(&(f.rule, f.object.clone())));
    mutant.proof = new.map(|finding| finding.rule).collect();
    mutant.proof.dedup();
    // Only what shares rows with the relation can change; without a relation, functions and the login.
    let near = removal.relation.map(|oid| suite.catalog.family(oid)).unwrap_or_default();
    let everywhere = removal.kind == "guard";
    let wanted = |case: &Case| {
        everywhere || case.relation.map_or(removal.relation.is_none(), |oid| near.contains(&oid))
    };
    for tried in suite.run(clone, &target.app, wanted).await? {
        if tried.wrong.is_none() || baseline.broken.contains(&tried.name) {
            continue;
        }
        let (count, first) = if tried.control { &mut mutant.controls } else { &mut mutant.attacks };
        *count += 1;
        first.get_or_insert(tried.name);
    }
    if still && mutant.harmless.is_none() && !mutant.is_killed() {
        mutant.harmless = Some("another grant gives the same right".to_owned());
    }
    Ok(mutant)
}

/// The rights that are no longer there.
async fn lost(admin: &mut PgConnection, held: &[&str]) -> Result<Vec<String>, AttackError> {
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let list: Vec<String> =
        held.iter().enumerate().map(|(index, question)| format!("({index}, {question})")).collect();
    let sql =
        format!("SELECT i FROM (VALUES {}) AS held (i, there) WHERE NOT there ORDER BY i", list.join(", "));
    let lost: Vec<i32> = sqlx::query_scalar(AssertSqlSafe(sql).into_sql_str())
        .fetch_all(admin)
        .await
        .map_err(at("ask for rights"))?;
    Ok(lost
        .into_iter()
        .filter_map(|i| held.get(usize::try_from(i).ok()?))
        .map(|right| (*right).to_owned())
        .collect())
}
