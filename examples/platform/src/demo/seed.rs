//! Makes the demo's tenants, people, data and first runs. Each step looks whether it was done, so a
//! start that broke off is finished by the next one.

use anyhow::Context as _;
use tenancy_core::store::Directory as _;
use tenancy_core::{TenantContext, TenantId, TenantKey, UserId};
use tenancy_sqlx::{NewMember, NewOperator, NewTenant, OperatorDoor, Reason};

use super::people::{DemoTenant, OPERATOR_EMAIL, OPERATOR_NAME, TENANTS};
use crate::analysis::{self, ModelChoice};
use crate::data::{Incoming, accept, store};
use crate::ingest::{self, Roles};
use crate::platform::Platform;

/// Makes what is missing. `passwords` are those of the tenants' people, and the operator's last.
///
/// # Errors
///
/// When the database refuses; what was made stays.
pub async fn seed(platform: &Platform, door: &OperatorDoor, passwords: &[String]) -> anyhow::Result<()> {
    let reason = Reason::new("demo", "first start of the demo").context("a reason")?;
    for (tenant, password) in TENANTS.iter().zip(passwords) {
        let context = make_tenant(platform, door, &reason, tenant, password).await?;
        make_data(platform, &context, tenant).await?;
    }
    if platform.gate.operator(OPERATOR_EMAIL).await?.is_none() {
        let password = passwords.last().context("the operator's password")?;
        let operator = NewOperator {
            id: UserId::new(),
            email: OPERATOR_EMAIL.to_owned(),
            display_name: OPERATOR_NAME.to_owned(),
            password_hash: platform.passwords.hash(password.clone().into()).await?,
        };
        door.add_operator(&reason, &operator).await?;
    }
    Ok(())
}

async fn make_tenant(
    platform: &Platform,
    door: &OperatorDoor,
    reason: &Reason,
    tenant: &DemoTenant,
    password: &str,
) -> anyhow::Result<TenantContext> {
    let key = TenantKey::Slug(tenant.slug.parse()?);
    if platform.gate.find(&key).await?.is_none() {
        let new = NewTenant {
            id: TenantId::new(),
            slug: tenant.slug.parse()?,
            name: tenant.name.to_owned(),
            plan: tenant.plan.parse()?,
            settings: tenant.settings(),
        };
        door.create_tenant(reason, &new).await?;
        platform.gate.directory_memory().clear();
    }
    let found = platform.gate.find(&key).await?.context("the tenant that was just made")?;
    let context = TenantContext::for_request(found)?;

    let mut tx = platform.app.database.begin_read(&context).await?;
    let member: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM control.members() WHERE email = $1)")
        .bind(tenant.email)
        .fetch_one(&mut *tx)
        .await?;
    drop(tx);
    if !member {
        let member = NewMember {
            id: UserId::new(),
            email: tenant.email.to_owned(),
            display_name: tenant.person.to_owned(),
            password_hash: platform.passwords.hash(password.to_owned().into()).await?,
            role: tenant.role,
        };
        door.add_member(reason, context.tenant_id(), &member).await?;
    }
    Ok(context)
}

/// The data and the first run: an ordinary job, fitted by the worker like anybody's.
async fn make_data(platform: &Platform, context: &TenantContext, tenant: &DemoTenant) -> anyhow::Result<()> {
    let mut tx = platform.app.database.begin(context).await?;
    let ready = store::list(&mut tx).await?.into_iter().find(|source| source.summary.is_some());
    let source = if let Some(source) = ready {
        source.id
    } else {
        let csv = tenant.csv()?;
        let table = ingest::read(csv.as_bytes()).map_err(|problems| anyhow::anyhow!("{problems:?}"))?;
        let incoming = Incoming {
            file_name: tenant.file_name.to_owned(),
            roles: Some(Roles::suggested(&ingest::suggest(&table))),
            kpi_value: Some(1.0),
            bytes: csv.into_bytes(),
        };
        accept(&platform.app, context, incoming).await?.source_id
    };
    if analysis::list(&mut tx, None).await?.is_empty() {
        analysis::start(&mut tx, context, source, None, ModelChoice::default()).await?;
    }
    tx.commit().await?;
    Ok(())
}
