//! Data sources for programs.

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::intake::{self, Accepted, Incoming};
use super::store;
use crate::app::App;
use crate::failure::Failure;
use crate::ingest::{self, Code, Problem, Roles};

/// What may be said beside a file that is sent as it is.
#[derive(Debug, Default, Deserialize)]
pub struct UploadQuery {
    name: Option<String>,
    roles: Option<String>,
    kpi_value: Option<String>,
}

/// `POST /tenant/data/upload`
pub async fn upload(
    State(app): State<App>,
    Member { context, .. }: Member,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Accepted>), Failure> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // Until the file is stored: so long its bytes are in memory.
    let _turn = app.reading.take(context.tenant_id()).await;
    let incoming = match kind.as_str() {
        "multipart/form-data" => {
            intake::read_form(intake::form(&app, request, ingest::MAX_BYTES).await?).await?
        }
        "text/csv" | "text/plain" | "application/csv" | "application/octet-stream" => Incoming {
            roles: query.roles.as_deref().map(Roles::from_json).transpose().map_err(Failure::Data)?,
            kpi_value: kpi_value(query.kpi_value.as_deref())?,
            file_name: query.name.unwrap_or_default(),
            bytes: intake::read_body(request.into_body(), ingest::MAX_BYTES).await?,
        },
        _ => {
            let what = "Send the file as text/csv, or as the field `file` of multipart/form-data.";
            return Err(Failure::Unsupported(what));
        }
    };
    Ok((StatusCode::CREATED, Json(intake::accept(&app, &context, incoming).await?)))
}

fn kpi_value(text: Option<&str>) -> Result<Option<f64>, Failure> {
    text.map_or(Ok(None), |text| ingest::kpi_value(text).map_err(|problem| Failure::Data(vec![problem])))
}

/// `PUT /tenant/data/sources/{id}/roles`
pub async fn confirm(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
    body: Result<Json<Value>, axum::extract::rejection::JsonRejection>,
) -> Result<Json<Accepted>, Failure> {
    let id = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let asked = "Send {\"roles\": {\"column\": \"role\"}, \"kpi_value\": 1.0} as application/json.";
    let Json(body) = body.map_err(|error| Failure::unreadable(error.status(), "bad_roles", asked))?;
    let (roles, kpi_value) = roles_of(&body)?;
    let waiting = intake::waiting(&app, &context, id).await?;
    Ok(Json(intake::promote(&app, &context, &waiting, roles, kpi_value).await?))
}

/// The keys of a body that says more than roles.
const KEYS: [&str; 3] = ["roles", "columns", "kpi_value"];

/// Roles as an object of names, or as the list of columns that the upload answered; alone, or as `roles` or
/// `columns` beside what one unit of the KPI is worth.
fn roles_of(body: &Value) -> Result<(Roles, Option<f64>), Failure> {
    let worth = match body.get("kpi_value") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => kpi_value(Some(text))?,
        Some(other) => kpi_value(Some(&other.to_string()))?,
    };
    let said = match (body.get("roles"), body.get("columns")) {
        (None, None) => body,
        (Some(_), Some(_)) => {
            let what = "Send either `roles` or `columns`, not both.";
            return Err(Failure::Data(vec![Problem::file(Code::BadRoles, what)]));
        }
        (Some(said), None) | (None, Some(said)) => {
            let mut keys = body.as_object().into_iter().flat_map(|body| body.keys());
            if let Some(key) = keys.find(|key| !KEYS.contains(&key.as_str())) {
                let what =
                    format!("There is no `{key}` beside the roles. Leave it out, or correct its name.");
                return Err(Failure::Data(vec![Problem::file(Code::UnknownKey, what)]));
            }
            said
        }
    };
    Ok((Roles::from_value(said).map_err(Failure::Data)?, worth))
}

/// `GET /tenant/data/sources`
pub async fn sources(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let listed = store::list(&mut tx).await?;
    let sources: Vec<Value> = listed
        .iter()
        .map(|source| {
            json!({
                "source_id": source.id,
                "name": source.name,
                "status": if source.summary.is_some() { "ready" } else { "proposed" },
                "rows": source.rows,
                "summary": source.summary,
                "created_at": source.created.to_string(),
            })
        })
        .collect();
    Ok(Json(json!({ "sources": sources })))
}

/// `GET /tenant/data/sources/{id}`
pub async fn source(
    State(app): State<App>,
    Member { context, .. }: Member,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let id: Uuid = id.parse().map_err(|_| Failure::NOT_FOUND)?;
    let mut tx = app.database.begin_read(&context).await?;
    if let Some(stored) = store::load(&mut tx, id).await? {
        return Ok(Json(json!({
            "source_id": id,
            "status": "ready",
            "name": stored.name,
            "rows": stored.source.dates.len(),
            "summary": stored.source.extent().to_string(),
            "columns": stored.columns,
            "kpi_value": stored.source.kpi_value,
            "warnings": stored.warnings,
        })));
    }
    drop(tx);
    let intake::Waiting { file_name, table, .. } = intake::waiting(&app, &context, id).await?;
    let known = intake::suggested(&app, &context, &table).await?;
    Ok(Json(json!({
        "source_id": id,
        "status": "proposed",
        "name": file_name,
        "rows": table.rows(),
        "columns": known.columns,
        "kpi_value": known.kpi_value,
        "warnings": table.warnings(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_may_be_sent_as_an_object_or_as_the_list_of_columns() {
        let nested = json!({"roles": {"week": "date", "y": "kpi"}, "kpi_value": 2.5});
        let listed = json!({"columns": [{"name": "week", "role": "date"}, {"name": "y", "role": "kpi"}], "kpi_value": "2.5"});
        assert_eq!(roles_of(&nested).unwrap(), roles_of(&listed).unwrap());
        // No column has a role yet; the check of the data says what is missing.
        assert_eq!(roles_of(&json!([])).unwrap(), roles_of(&json!({})).unwrap());
        for bad in [
            json!(7),
            json!(null),
            json!([7]),
            json!({"roles": null}),
            json!({"roles": [{"name": "week"}]}),
            json!({"roles": [{"name": 1, "role": "date"}]}),
            json!({"roles": {"a": "b"}}),
            json!({"roles": {"a": 1}}),
            json!({"roles": {"week": "date"}, "kpi_value": "much"}),
            json!({"roles": {"week": "date"}, "kpi_value": []}),
        ] {
            assert!(matches!(roles_of(&bad), Err(Failure::Data(_))), "{bad}");
        }
    }

    #[test]
    fn a_key_that_means_nothing_is_named() {
        for (body, named) in [
            (json!({"roles": {}, "kpi_valeu": 2.5}), "unknown_key"),
            (json!({"columns": [], "colour": null}), "unknown_key"),
            (json!({"columns": [], "roles": {}}), "bad_roles"),
        ] {
            let Err(Failure::Data(problems)) = roles_of(&body) else { panic!("{body}") };
            assert_eq!(problems.iter().map(|p| p.code.as_str()).collect::<Vec<_>>(), [named], "{body}");
        }
    }
}
