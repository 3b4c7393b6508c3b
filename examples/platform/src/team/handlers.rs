//! The page of people.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tenancy_core::{Role, TenantContext};
use tenancy_sqlx::TenantTx;
use tenancy_tower::extract::Member;

use super::{
    TenantSettings, change_role, invite_person, people, remove_person, waiting, withdraw_invitation,
};
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{Notice, NoticeKind, Section, TeamView};
use crate::view;

/// The forms of the page.
#[derive(Debug, Default, Deserialize)]
pub struct PersonForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

/// What the page says beside the people.
#[derive(Default)]
struct Said {
    notice: Option<Notice>,
    link: Option<String>,
    email: String,
}

async fn show(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    said: Said,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let me = context.actor().user();
    let people: Vec<_> = people(&mut tx).await?.into_iter().map(|p| (p.id.to_string(), p)).collect();
    let owner = people.iter().any(|(_, p)| Some(p.id) == me && p.role == Role::Owner);
    let view = TeamView {
        people: people.into_iter().map(|(id, p)| (id, p.name, p.email, p.role)).collect(),
        waiting: waiting(&mut tx).await?,
        owner,
        settings: TenantSettings::of(&mut tx).await?,
        link: said.link,
        email: said.email,
    };
    let mut frame = view::frame(&mut tx, context, Section::Team).await?;
    frame.notice = said.notice;
    Ok(view::html(status, view.render(&frame)?))
}

/// `GET /team`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    show(&app, &context, StatusCode::OK, Said::default()).await
}

/// `POST /team/invite`: the link is shown this once.
pub async fn invite_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Form(form): Form<PersonForm>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let who = (form.email.as_str(), Some(form.role.as_str()));
    match invite_person(&mut tx, &context, user, &app.site, who).await {
        Ok((link, _)) => {
            tx.commit().await?;
            let said = Said { link: Some(link.as_str().to_owned()), ..Said::default() };
            show(&app, &context, StatusCode::CREATED, said).await
        }
        Err(failure) => {
            drop(tx);
            let (status, notice) = failure.notice()?;
            show(&app, &context, status, Said { notice: Some(notice), link: None, email: form.email }).await
        }
    }
}

/// The page after a change, or with why there was none.
async fn after(
    app: &App,
    context: &TenantContext,
    tx: TenantTx,
    changed: Result<(), Failure>,
    done: &str,
) -> Result<Response, Failure> {
    let (status, notice) = match changed {
        Ok(()) => {
            tx.commit().await?;
            (StatusCode::OK, Notice { kind: NoticeKind::Done, text: done.to_owned() })
        }
        Err(failure) => {
            drop(tx);
            failure.notice()?
        }
    };
    show(app, context, status, Said { notice: Some(notice), ..Said::default() }).await
}

/// `POST /team/{id}/role`
pub async fn role_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
    Form(form): Form<PersonForm>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let changed = change_role(&mut tx, user, &id, &form.role).await;
    let done = "The role counts within a second, wherever the person is signed in.";
    after(&app, &context, tx, changed, done).await
}

/// `POST /team/{id}/remove`
pub async fn remove_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let removed = remove_person(&mut tx, user, &id).await;
    let done = "The person is no member any more. What they made stays.";
    after(&app, &context, tx, removed, done).await
}

/// `POST /team/invitations/{id}/withdraw`
pub async fn withdraw_form(
    State(app): State<App>,
    Member { context, user }: Member,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let withdrawn = withdraw_invitation(&mut tx, user, &id).await;
    after(&app, &context, tx, withdrawn, "The invitation is withdrawn. Its link opens nothing any more.")
        .await
}
