//! Attacks a database as one of its tenants, and says what came of it: feature `testing`.
//!
//! ```no_run
//! // The whole of a test file:
//! tenancy_sqlx::isolation_test!("DATABASE_URL", "TENANCY_TEST_ADMIN_URL");
//! ```
//!
//! The database is cloned, and only the clone is touched. There the suite
//!
//! 1. makes rows of two tenants in every table, such that foreign keys, checks, unique keys, enums and
//!    generated columns hold;
//! 2. tries every relation × verb × path from one tenant to the other, as the application's login and
//!    without this crate in between: what SQL that was injected could try;
//! 3. tries that a tenant can use its own, or the refusals would prove nothing;
//! 4. proves what the login can reach ([`crate::proof`]).
//!
//! Each case has a name, an expected outcome and a verdict. [`mutate`] turns the question round: it takes
//! every policy, grant and key away, one at a time, and says which of the three notices.
//!
//! A database cannot be cloned while others are connected to it. A run that is killed leaves a clone
//! behind, named `attack_` and a number.

mod attacker;
mod case;
mod catalog;
mod controls;
mod error;
mod mutate;
mod paths;
mod report;
mod scratch;
mod seed;
mod suite;

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

use crate::proof::{self, Policy};
pub use error::AttackError;
pub use mutate::{Mutant, MutationReport, mutate};
pub use report::{AttackReport, Tried};
use scratch::Scratch;
use suite::Suite;

/// A database to attack.
#[derive(Clone, Debug)]
pub struct Target {
    app: PgConnectOptions,
    admin: PgConnectOptions,
    policy: Policy,
    schemas: Option<Vec<String>>,
}

impl Target {
    /// The application's login, and a superuser's in the same database.
    pub fn new(app: PgConnectOptions, admin: PgConnectOptions) -> Self {
        Self { app, admin, policy: Policy::default(), schemas: None }
    }

    /// The same from addresses such as `postgres://app_rw:…@host/database`.
    ///
    /// # Errors
    ///
    /// [`AttackError::Address`] for one that cannot be read.
    pub fn from_urls(app: &str, admin: &str) -> Result<Self, AttackError> {
        let read = |url: &str, which: &str| {
            PgConnectOptions::from_str(url).map_err(|_| AttackError::Address(which.to_owned()))
        };
        Ok(Self::new(read(app, "the URL of the application")?, read(admin, "the URL of the administrator")?))
    }

    /// What the proof is not to complain about.
    #[must_use]
    pub fn allowing(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What [`mutate`] takes away: only what is in these schemas.
    #[must_use]
    pub fn within<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.schemas = Some(schemas.into_iter().map(Into::into).collect());
        self
    }

    /// The database itself, by the application's address.
    fn database(&self) -> Result<String, AttackError> {
        self.app.get_database().map(ToOwned::to_owned).ok_or(AttackError::NoDatabase("of the application"))
    }

    /// The administrator in that database.
    fn admin(&self) -> Result<PgConnectOptions, AttackError> {
        Ok(self.admin.clone().database(&self.database()?))
    }
}

/// Attacks a clone of the database, which is dropped at the end.
///
/// # Errors
///
/// [`AttackError`] when the suite cannot run. What it finds is in the report.
pub async fn attack(target: &Target) -> Result<AttackReport, AttackError> {
    let scratch = Scratch::clone_of(&target.admin()?, &target.database()?).await?;
    let attacked = attack_clone(&scratch, target).await;
    scratch.remove().await?;
    attacked
}

async fn attack_clone(scratch: &Scratch, target: &Target) -> Result<AttackReport, AttackError> {
    let suite = Suite::prepare(scratch, target).await?;
    let login = scratch.login(&target.app);
    let proof = proof::prove(&login, &target.policy).await.map_err(error::at("prove the clone"))?;
    let tried = suite.run(scratch, &target.app, |_| true).await?;
    Ok(AttackReport { proof, tried, untried: suite.seeds.untried, notes: suite.seeds.notes })
}

/// Fails, with the report, where one tenant reaches another. For tests; see [`isolation_test`](crate::isolation_test).
///
/// The variables hold the addresses of the application's login and of a superuser's.
///
/// # Panics
///
/// Where the suite cannot run, or finds something.
pub fn assert_isolated(app_variable: &str, admin_variable: &str) {
    let read = |name: &str| std::env::var(name).map_err(|_| AttackError::Variable(name.to_owned()));
    let attacked = async {
        let target = Target::from_urls(&read(app_variable)?, &read(admin_variable)?)?;
        attack(&target).await
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let report = match runtime.map(|runtime| runtime.block_on(attacked)) {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => panic!("{}", chain(&error)),
        Err(error) => panic!("no runtime to attack with: {error}"),
    };
    assert!(report.is_clean(), "{report}");
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A test that attacks the database whose addresses are in these environment variables: the application's
/// login, and a superuser's. See [`testing`](crate::testing).
#[macro_export]
macro_rules! isolation_test {
    ($app:literal, $admin:literal $(,)?) => {
        #[test]
        fn tenants_are_isolated() {
            $crate::testing::assert_isolated($app, $admin);
        }
    };
}
