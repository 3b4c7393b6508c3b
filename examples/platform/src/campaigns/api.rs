//! Campaigns for programs.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use serde_json::{Map, Value, json};
use tenancy_sqlx::TenantTx;
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::{Campaign, Status, Wanted, store};
use crate::app::App;
use crate::failure::Failure;

type Body = Result<Json<Map<String, Value>>, JsonRejection>;

/// `GET /api/campaigns`
pub async fn api_list(
    State(app): State<App>,
    Member { context, .. }: Member,
) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    Ok(Json(json!({ "campaigns": store::list(&mut tx).await? })))
}

/// `POST /api/campaigns`
pub async fn api_create(
    State(app): State<App>,
    Member { context, .. }: Member,
    body: Body,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Campaign>), Failure> {
    let said = Said::of(body)?;
    let name = said.name.ok_or_else(|| Failure::invalid("bad_name", "A campaign has a name."))?;
    let wanted =
        Wanted { name, status: said.status.unwrap_or(Status::Draft), budget: said.budget.unwrap_or(None) };
    let mut tx = app.database.begin(&context).await?;
    let campaign = super::create(&mut tx, &context, &wanted).await?;
    tx.commit().await?;
    let location = [(header::LOCATION, format!("/api/campaigns/{}", campaign.id))];
    Ok((StatusCode::CREATED, location, Json(campaign)))
}

/// `GET /api/campaigns/{id}`
pub async fn api_read(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Campaign>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    Ok(Json(one(&mut tx, &id).await?))
}

/// `PATCH /api/campaigns/{id}`: what is not named stays.
pub async fn api_change(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
    body: Body,
) -> Result<Json<Campaign>, Failure> {
    let mut tx = app.database.begin(&context).await?;
    let mut campaign = one(&mut tx, &id).await?;
    let said = Said::of(body)?;
    campaign.name = said.name.unwrap_or(campaign.name);
    campaign.status = said.status.unwrap_or(campaign.status);
    campaign.budget = said.budget.unwrap_or(campaign.budget);
    store::update(&mut tx, &campaign).await?;
    tx.commit().await?;
    Ok(Json(campaign))
}

/// `DELETE /api/campaigns/{id}`
pub async fn api_remove(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<StatusCode, Failure> {
    let id: Uuid = id.parse().map_err(|_| MISSING)?;
    let mut tx = app.database.begin(&context).await?;
    if !super::remove(&mut tx, id).await? {
        return Err(MISSING);
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

const MISSING: Failure = Failure::Missing("Campaign");

async fn one(tx: &mut TenantTx, id: &str) -> Result<Campaign, Failure> {
    let id = id.parse().map_err(|_| MISSING)?;
    store::find(tx, id).await?.ok_or(MISSING)
}

/// The fields of a body; `None` was not named.
#[derive(Debug, PartialEq)]
struct Said {
    name: Option<String>,
    status: Option<Status>,
    #[expect(clippy::option_option, reason = "not named, taken away, or set")]
    budget: Option<Option<f64>>,
}

impl Said {
    fn of(body: Body) -> Result<Self, Failure> {
        let Ok(Json(fields)) = body else {
            let form = "Send {\"name\": \"…\", \"status\": \"draft\", \"budget\": 1000} as JSON.";
            return Err(Failure::invalid("bad_campaign", form));
        };
        let mut said = Self { name: None, status: None, budget: None };
        for (field, value) in &fields {
            match (field.as_str(), value) {
                ("name", Value::String(text)) => said.name = Some(super::name(text)?),
                ("status", Value::String(text)) => {
                    let status = text.parse::<Status>();
                    said.status = Some(
                        status
                            .map_err(|error| Failure::invalid("bad_status", format!("status: {error}.")))?,
                    );
                }
                ("budget", Value::Null) => said.budget = Some(None),
                ("budget", Value::Number(number)) => {
                    said.budget = Some(Some(super::budget(number.as_f64().unwrap_or(f64::NAN))?));
                }
                _ => {
                    let what = format!("A campaign has no {field:?} like this: name, status and budget.");
                    return Err(Failure::invalid("bad_campaign", what));
                }
            }
        }
        Ok(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: Value) -> Result<Said, Failure> {
        let Value::Object(fields) = body else { panic!("an object") };
        Said::of(Ok(Json(fields)))
    }

    #[test]
    fn what_is_not_named_stays_and_null_takes_a_budget_away() {
        let changed = said(json!({"budget": null})).unwrap();
        assert_eq!(changed, Said { name: None, status: None, budget: Some(None) });
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for body in [
            json!({"name": ""}),
            json!({"name": " \t"}),
            json!({"name": 7}),
            json!({"name": "a\u{0}b"}),
            json!({"name": "x".repeat(201)}),
            json!({"status": "Active"}),
            json!({"budget": -1}),
            json!({"budget": 1e300}),
            json!({"budget": "7"}),
            json!({"tenant_id": "x"}),
        ] {
            assert!(matches!(said(body.clone()), Err(Failure::Invalid { .. })), "{body}");
        }
    }
}
