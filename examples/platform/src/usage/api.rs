//! Usage and plan for programs.
//!
//! The tenant's own systems may track usage of meters that they name themselves. The platform's own
//! meters are counted by the platform alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tenancy_core::plan::{Feature, Meter};
use tenancy_core::{Decision, Plan, Tenant};
use tenancy_sqlx::usage::{MeterUsage, Outlook, Recorded, UsageEvent};
use tenancy_tower::extract::Member;
use uuid::Uuid;

use super::plans;
use crate::app::App;
use crate::failure::{Body, Failure};

/// `GET /tenant/usage`
pub async fn usage(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let outlook = tx.outlook().await?;
    let meters: Vec<Value> = tx.usage().await?.iter().map(|usage| figures(usage, &outlook)).collect();
    let alerts: Vec<Value> = outlook
        .alerts
        .iter()
        .map(|alert| json!({ "resource": alert.meter, "percent": alert.percent, "at": unix(alert.at) }))
        .collect();
    let tracked = tx.recorded_this_month().await?.into_iter().filter(|(meter, _)| !is_ours(meter));
    let tracked: BTreeMap<String, u64> = tracked.map(|(meter, total)| (meter.to_string(), total)).collect();
    Ok(Json(json!({
        "plan": context.tenant().plan(),
        "meters": meters,
        "alerts": alerts,
        "tracked_this_month": tracked,
    })))
}

fn unix(at: SystemTime) -> Option<u64> {
    at.duration_since(UNIX_EPOCH).ok().map(|at| at.as_secs())
}

fn figures(usage: &MeterUsage, outlook: &Outlook) -> Value {
    let decision = usage.would_admit(1);
    json!({
        "resource": usage.meter,
        "kind": usage.kind,
        "unit": if usage.meter == Meter::STORAGE_GB { "bytes" } else { "count" },
        "used": usage.used,
        "limit": usage.limit,
        "remaining": decision.remaining(),
        "allowed": decision.is_allowed(),
        "resets_at": usage.resets_at.and_then(unix),
        "reaches_limit_at": outlook.reaches_limit(usage, SystemTime::now()).and_then(unix),
    })
}

/// `GET /tenant/config`: what the database says, whatever this process remembers.
pub async fn config(State(app): State<App>, Member { context, .. }: Member) -> Result<Json<Value>, Failure> {
    let load = || async {
        let mut tx = app.database.begin_read(&context).await?;
        Ok(described(&tx.tenant().await.map_err(Failure::internal)?))
    };
    Box::pin(app.kept.config(&context, load)).await.map(Json)
}

fn described(tenant: &Tenant) -> Value {
    let own = plans().entitlements(tenant);
    let known: BTreeSet<&Feature> = plans().plans().iter().flat_map(Plan::features).collect();
    let features: BTreeMap<&str, bool> = known
        .into_iter()
        .filter(|feature| **feature != Feature::ALL)
        .chain(own.overrides().features.keys())
        .map(|feature| (feature.as_str(), own.includes(feature)))
        .collect();
    let meters =
        plans().plans().iter().flat_map(|plan| plan.limits().keys()).chain(own.overrides().limits.keys());
    let limits: BTreeMap<&str, Option<u64>> =
        meters.map(|meter| (meter.as_str(), own.limit(meter))).collect();
    json!({
        "tenant_id": tenant.id(),
        "tenant_name": tenant.name(),
        "plan": tenant.plan(),
        "plan_name": own.plan().map(Plan::name),
        "features": features,
        "limits": limits,
        "rate": own.rate(),
        "overrides": own.overrides(),
    })
}

/// Something that the tenant's own systems used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    meter_id: String,
    #[serde(default)]
    user_id: Option<String>,
    event_value: Value,
    #[serde(default)]
    properties: Option<Value>,
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// `POST /api/usage/track`: the key comes in the body or as `Idempotency-Key`; an event without one
/// counts every time it is sent.
pub async fn track(
    State(app): State<App>,
    Member { context, .. }: Member,
    headers: HeaderMap,
    Body(body): Body<Track>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let meter = meter(&body.meter_id)?;
    if is_ours(&meter) {
        return Err(Failure::invalid(
            "reserved_meter",
            format!("{meter} is counted by the platform itself."),
        ));
    }
    let amount = body.event_value.as_u64().ok_or_else(|| {
        Failure::invalid("bad_event_value", "event_value is a whole number from 1 to 10^15.")
    })?;
    let sent = headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
    let key = body.idempotency_key.or(sent).unwrap_or_else(|| Uuid::now_v7().to_string());
    let event = UsageEvent::new(meter.clone(), amount, format!("track:{key}"))
        .subject(body.user_id)
        .properties(body.properties.unwrap_or_else(|| json!({})));
    let mut tx = app.database.begin(&context).await?;
    let recorded = tx.record(&event).await?;
    let total =
        tx.recorded_this_month().await?.into_iter().find(|(of, _)| *of == meter).map_or(0, |(_, n)| n);
    tx.commit().await?;
    let answer = json!({
        "meter_id": meter,
        "counted": recorded == Recorded::Counted,
        "total_this_month": total,
    });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// What somebody would like to use.
#[derive(Debug, Deserialize)]
pub struct Check {
    meter_id: String,
    #[serde(default)]
    amount: Option<String>,
}

/// `GET /api/usage/check`: whether so much more would be admitted now. Nothing is counted.
pub async fn check(
    State(app): State<App>,
    Member { context, .. }: Member,
    query: Result<Query<Check>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Decision>, Failure> {
    let Ok(Query(query)) = query else {
        return Err(Failure::invalid("bad_check", "Ask with ?meter_id=campaigns&amount=1."));
    };
    let meter = meter(&query.meter_id)?;
    let amount = query.amount.as_deref().unwrap_or("1").parse::<u64>().ok().filter(|amount| *amount > 0);
    let amount = amount.ok_or_else(|| Failure::invalid("bad_amount", "amount is a whole number from 1."))?;
    let mut tx = app.database.begin_read(&context).await?;
    if let Some(usage) = tx.usage().await?.into_iter().find(|usage| usage.meter == meter) {
        return Ok(Json(usage.would_admit(amount)));
    }
    let total =
        tx.recorded_this_month().await?.into_iter().find(|(of, _)| *of == meter).map_or(0, |(_, n)| n);
    Ok(Json(Decision::allowed(total, None)))
}

fn meter(name: &str) -> Result<Meter, Failure> {
    name.parse().map_err(|error| Failure::invalid("bad_meter", format!("meter_id: {error}.")))
}

fn is_ours(meter: &Meter) -> bool {
    plans().plans().iter().any(|plan| plan.limits().contains_key(meter))
}
