//! What an operator sees and changes. Pages and programs ask the same functions, so that what one
//! shows the other says, and no change goes without its reason.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::Row as _;
use tenancy_core::plan::Meter;
use tenancy_core::slug::SlugError;
use tenancy_core::store::Directory as _;
use tenancy_core::{Lifecycle, Plan, PlanCode, Slug, TenantContext, TenantId, TenantKey};
use tenancy_sqlx::control::OperatorIdentity;
use tenancy_sqlx::{ChangeError, NewTenant, OperatorEvent, Reason, TenantOverview};

use super::Console;
use crate::failure::Failure;
use crate::invite::{self, LIFETIME, Link};
use crate::pages::Accent;
use crate::usage;

/// One tenant with its numbers.
#[derive(Clone, Debug, Serialize)]
pub struct TenantLine {
    pub(super) id: TenantId,
    pub(super) subdomain: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) status: Lifecycle,
    pub(super) plan: String,
    pub(super) created_at: Timestamp,
    pub(super) health: Health,
    #[serde(flatten)]
    pub(super) statistics: Statistics,
}

/// Whether a tenant's work gets done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Health {
    /// Nothing of the last day speaks against it.
    Good,
    /// A run of the last day has failed.
    RunsFailed,
}

/// The numbers of one tenant, or their sums over all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Statistics {
    pub(super) users: i64,
    pub(super) open_invitations: i64,
    pub(super) sources: i64,
    pub(super) rows: i64,
    pub(super) runs: i64,
    pub(super) failed_runs: i64,
    pub(super) api_calls_today: i64,
    pub(super) storage_bytes: i64,
}

impl Statistics {
    /// The sums of two.
    pub(super) const fn and(self, other: Self) -> Self {
        Self {
            users: self.users + other.users,
            open_invitations: self.open_invitations + other.open_invitations,
            sources: self.sources + other.sources,
            rows: self.rows + other.rows,
            runs: self.runs + other.runs,
            failed_runs: self.failed_runs + other.failed_runs,
            api_calls_today: self.api_calls_today + other.api_calls_today,
            storage_bytes: self.storage_bytes + other.storage_bytes,
        }
    }
}

/// What makes a tenant: as JSON, and as the fields of the form.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onboarding {
    #[serde(default)]
    pub(super) subdomain: String,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) plan: String,
    #[serde(default)]
    pub(super) accent: String,
    #[serde(default)]
    pub(super) admin_email: String,
    #[serde(default)]
    pub(super) reason: String,
}

/// A tenant that was just made.
#[derive(Debug)]
pub(super) struct Onboarded {
    pub(super) id: TenantId,
    pub(super) slug: Slug,
    pub(super) link: Link,
}

/// Whether an address could be a new tenant's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressSaid {
    pub(super) free: bool,
    pub(super) message: String,
}

const COUNTS: &str = "
    SELECT tenant_id, sum(sources)::bigint AS sources, sum(rows)::bigint AS rows, sum(runs)::bigint AS runs,
           sum(failed)::bigint AS failed, sum(lately)::bigint AS lately
    FROM (
        SELECT tenant_id, 1 AS sources, row_count::bigint AS rows, 0 AS runs, 0 AS failed, 0 AS lately
        FROM data_sources
        UNION ALL SELECT tenant_id, 0, 0, 1, 0, 0 FROM mmm_models
        UNION ALL SELECT tenant_id, 0, 0, 0, 1, (finished_at > now() - interval '1 day')::int
        FROM jobs WHERE state = 'failed'
    ) AS each WHERE $1::uuid IS NULL OR tenant_id = $1 GROUP BY tenant_id";

impl Console {
    /// Every tenant, or one, with its numbers.
    pub(super) async fn lines(&self, only: Option<TenantId>) -> Result<Vec<TenantLine>, Failure> {
        let tenants = self.door.tenants(only).await.map_err(Failure::internal)?;
        let mut counts = HashMap::new();
        for row in self.door.ask(COUNTS, only).await.map_err(Failure::internal)? {
            let get = |column| row.try_get::<i64, _>(column).map_err(Failure::internal);
            let of = TenantId::from_uuid(row.try_get("tenant_id").map_err(Failure::internal)?);
            counts.insert(of, (get("sources")?, get("rows")?, get("runs")?, get("failed")?, get("lately")?));
        }
        let line = |tenant: TenantOverview| {
            let (sources, rows, runs, failed_runs, lately) =
                counts.get(&tenant.id).copied().unwrap_or_default();
            TenantLine {
                url: invite::address(&self.site, &tenant.slug, "/"),
                id: tenant.id,
                subdomain: tenant.slug,
                name: tenant.name,
                status: tenant.status,
                plan: tenant.plan,
                created_at: moment(tenant.created_at),
                health: if lately == 0 { Health::Good } else { Health::RunsFailed },
                statistics: Statistics {
                    users: tenant.users,
                    open_invitations: tenant.invitations,
                    sources,
                    rows,
                    runs,
                    failed_runs,
                    api_calls_today: tenant.api_calls_today,
                    storage_bytes: tenant.storage_bytes,
                },
            }
        };
        Ok(tenants.into_iter().map(line).collect())
    }

    /// The tenant with this id, as the address spells it.
    pub(super) async fn line(&self, id: &str) -> Result<TenantLine, Failure> {
        let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
        self.lines(Some(id)).await?.pop().ok_or(Failure::NOT_FOUND)
    }

    /// What operators did to a tenant, newest first.
    pub(super) async fn events(&self, tenant: TenantId) -> Result<Vec<OperatorEvent>, Failure> {
        self.door.events(tenant).await.map_err(Failure::internal)
    }

    /// Makes a tenant and the invitation of its first owner.
    pub(super) async fn onboard(
        &self,
        by: &OperatorIdentity,
        new: &Onboarding,
    ) -> Result<Onboarded, Failure> {
        let reason = reason(by, &new.reason)?;
        let slug = slug(&new.subdomain)?;
        let name = invite::tenant_name(&new.name)?;
        let plan = plan(&new.plan)?;
        let accent: Option<Accent> = match new.accent.trim() {
            "" => None,
            text => Some(text.parse().map_err(|e| Failure::invalid("accent_invalid", format!("{e}.")))?),
        };
        let email = invite::email(&new.admin_email)?;
        let tenant = NewTenant {
            id: TenantId::new(),
            slug: slug.clone(),
            name,
            plan,
            settings: accent
                .map_or_else(|| json!({}), |accent| json!({ "brand": { "accent": accent.to_string() } })),
        };
        let (invitation, link) =
            invite::new((&self.site, slug.as_str()), email, tenancy_core::Role::Owner, LIFETIME)?;
        match self.door.onboard(&reason, &tenant, &invitation).await {
            Ok(()) => {
                // Somebody may have asked for the name while nobody had it.
                self.directory.clear();
                Ok(Onboarded { id: tenant.id, slug, link })
            }
            Err(ChangeError::Taken) => Err(taken(&slug)),
            Err(error) => Err(Failure::internal(error)),
        }
    }

    /// Whether a new tenant could have this address now, and why not.
    pub(super) async fn address_said(&self, text: &str) -> Result<AddressSaid, Failure> {
        let checked = match slug(text) {
            Ok(slug) if self.door.is_free(&slug).await.map_err(Failure::internal)? => Ok(()),
            Ok(slug) => Err(taken(&slug)),
            Err(failure) => Err(failure),
        };
        match checked {
            Ok(()) => Ok(AddressSaid { free: true, message: "This address is free.".to_owned() }),
            Err(failure) => failure.said().map(|(_, message)| AddressSaid { free: false, message }),
        }
    }

    /// Invites a person to a tenant.
    pub(super) async fn invite(
        &self,
        by: &OperatorIdentity,
        tenant: &TenantLine,
        (email, role, why): (&str, &str, &str),
    ) -> Result<Link, Failure> {
        let reason = reason(by, why)?;
        let (email, role) = (invite::email(email)?, invite::role(role)?);
        let (invitation, link) = invite::new((&self.site, &tenant.subdomain), email, role, LIFETIME)?;
        let invited = self.door.invite(&reason, tenant.id, &invitation).await;
        invited.map_err(|error| match error {
            ChangeError::Taken => invite::member_already(),
            other => failure(other),
        })?;
        Ok(link)
    }

    /// Puts a tenant on another plan, from the next request on.
    pub(super) async fn set_plan(
        &self,
        by: &OperatorIdentity,
        tenant: TenantId,
        to: &str,
        why: &str,
    ) -> Result<(), Failure> {
        let (reason, to) = (reason(by, why)?, plan(to)?);
        self.door.set_plan(&reason, tenant, &to).await.map_err(failure)?;
        self.changed(tenant).await;
        Ok(())
    }

    /// Suspends or resumes a tenant, from the next request on.
    pub(super) async fn set_status(
        &self,
        by: &OperatorIdentity,
        tenant: TenantId,
        to: Lifecycle,
        why: &str,
    ) -> Result<(), Failure> {
        let reason = reason(by, why)?;
        self.door.set_status(&reason, tenant, to).await.map_err(|error| failure(error.into()))?;
        self.changed(tenant).await;
        Ok(())
    }

    /// Makes every process see a change. One that has no memory in common with this one sees it within
    /// a second.
    async fn changed(&self, tenant: TenantId) {
        self.directory.clear();
        let found = self.gate.find(&TenantKey::Id(tenant)).await.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, %tenant, "what is kept of a changed tenant stays until it expires");
            None
        });
        // Nobody reads anything of a tenant that is not served; resuming it is a change as well.
        if let Some(Ok(context)) = found.map(TenantContext::for_request) {
            self.kept.forget(&context).await;
        }
    }
}

fn slug(text: &str) -> Result<Slug, Failure> {
    text.trim().parse().map_err(|error| {
        let code = if error == SlugError::Reserved { "subdomain_reserved" } else { "subdomain_invalid" };
        Failure::invalid(code, format!("The address cannot be {text:?}: {error}."))
    })
}

fn taken(slug: &Slug) -> Failure {
    Failure::Conflict {
        code: "subdomain_taken",
        message: format!("The address {slug} is taken. Choose another one."),
    }
}

fn reason(by: &OperatorIdentity, why: &str) -> Result<Reason, Failure> {
    let missing = || {
        Failure::invalid("reason_missing", "reason: say why; a change needs a reason, which is written down.")
    };
    if why.chars().count() > 500 {
        return Err(Failure::invalid("reason_too_long", "reason: it has at most 500 characters."));
    }
    Reason::new(&by.email, why).ok_or_else(missing)
}

/// The codes of the plans that can be chosen, from the smallest.
pub(super) fn plans() -> Vec<String> {
    usage::plans().plans().iter().map(|plan| plan.code().to_string()).collect()
}

fn plan(text: &str) -> Result<PlanCode, Failure> {
    let known = usage::plans().plans().iter().map(Plan::code).find(|code| code.as_str() == text);
    known
        .cloned()
        .ok_or_else(|| Failure::invalid("plan_unknown", format!("plan: one of {}.", plans().join(", "))))
}

fn failure(error: ChangeError) -> Failure {
    match error {
        ChangeError::Impossible => Failure::Conflict {
            code: "cannot_change",
            message: "The tenant is not in a state in which this can be done.".to_owned(),
        },
        ChangeError::Full(decision) => Failure::LimitExceeded { meter: Meter::USERS, decision },
        other => Failure::internal(other),
    }
}

/// A moment the database told.
pub(super) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
