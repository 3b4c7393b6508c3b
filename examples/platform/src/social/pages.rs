//! Social accounts for people.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use tenancy_core::plan::Meter;
use tenancy_core::{Permission, TenantContext};
use tenancy_tower::extract::Member;

use super::store;
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{AccountsView, Section, TypedAccount};
use crate::{usage, view};

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
pub struct NewAccount {
    #[serde(default)]
    network: String,
    #[serde(default)]
    handle: String,
}

async fn shown(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    typed: TypedAccount,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let accounts = store::list(&mut tx).await?.into_iter();
    let view = AccountsView {
        accounts: accounts.map(|account| (account.id.to_string(), account.network, account.handle)).collect(),
        bar: usage::bar_of(&mut tx, &Meter::SOCIAL_ACCOUNTS).await?,
        may_change: context.may(Permission::ManageCampaigns),
        typed,
    };
    let frame = view::frame(&mut tx, context, Section::SocialAccounts).await?;
    Ok(view::html(status, view.render(&frame)?))
}

/// `GET /social-accounts`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    shown(&app, &context, StatusCode::OK, TypedAccount::default()).await
}

/// `POST /social-accounts`: what was typed stays when it cannot be used.
pub async fn connect_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Form(form): Form<NewAccount>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let Err(failure) = super::connect(&mut tx, &context, &form.network, &form.handle).await else {
        tx.commit().await?;
        return Ok(Redirect::to("/social-accounts").into_response());
    };
    drop(tx);
    let upgrade = matches!(failure, Failure::LimitExceeded { .. });
    let (status, error) = failure.said()?;
    let typed = TypedAccount { network: form.network, handle: form.handle, error: Some(error), upgrade };
    shown(&app, &context, status, typed).await
}

/// `POST /social-accounts/{id}/delete`
pub async fn disconnect_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Redirect, Failure> {
    let mut tx = app.database.begin(&context).await?;
    super::disconnect(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(Redirect::to("/social-accounts"))
}
