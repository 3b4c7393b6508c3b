//! Campaigns for people.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tenancy_core::plan::Meter;
use tenancy_core::{Permission, TenantContext};
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::{Campaign, Status, Wanted, store};
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{CampaignRow, CampaignsView, Section, Typed};
use crate::{usage, view, words};

/// `GET /campaigns`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    shown(&app, &context, StatusCode::OK, Typed::default()).await
}

async fn shown(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let campaigns = store::list(&mut tx).await?.into_iter().map(row).collect();
    let view = CampaignsView {
        campaigns,
        bar: usage::bar_of(&mut tx, &Meter::CAMPAIGNS).await?,
        may_change: context.may(Permission::ManageCampaigns),
        typed,
    };
    let frame = view::frame(&mut tx, context, Section::Campaigns).await?;
    Ok(view::html(status, view.render(&frame)?))
}

fn row(campaign: Campaign) -> CampaignRow {
    CampaignRow {
        id: campaign.id.to_string(),
        name: campaign.name,
        status: campaign.status.as_str(),
        budget: campaign.budget.map(|budget| words::count(budget.round() as u64)).unwrap_or_default(),
        created: campaign.created_at,
    }
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub struct NewCampaign {
    #[serde(default)]
    name: String,
    #[serde(default)]
    budget: String,
}

/// `POST /campaigns`
pub async fn create_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Form(form): Form<NewCampaign>,
) -> Result<Response, Failure> {
    let failure = match create(&app, &context, &form).await {
        Ok(()) => return Ok(Redirect::to("/campaigns").into_response()),
        Err(failure) => failure,
    };
    let upgrade = matches!(failure, Failure::LimitExceeded { .. });
    let (status, error) = failure.said()?;
    let typed = Typed { name: form.name, budget: form.budget, error: Some(error), upgrade };
    shown(&app, &context, status, typed).await
}

async fn create(app: &App, context: &TenantContext, form: &NewCampaign) -> Result<(), Failure> {
    let budget = match form.budget.trim() {
        "" => None,
        text => {
            let amount =
                text.parse::<f64>().map_err(|_| Failure::invalid("bad_budget", "A budget is a number."))?;
            Some(super::budget(amount)?)
        }
    };
    let wanted = Wanted { name: super::name(&form.name)?, status: Status::Draft, budget };
    let mut tx = app.database.begin(context).await?;
    super::create(&mut tx, context, &wanted).await?;
    Ok(tx.commit().await?)
}

/// `POST /campaigns/{id}/delete`
pub async fn remove_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::Missing("Campaign"))?;
    let mut tx = app.database.begin(&context).await?;
    if !super::remove(&mut tx, id).await? {
        return Err(Failure::Missing("Campaign"));
    }
    tx.commit().await?;
    Ok(Redirect::to("/campaigns"))
}
