//! Usage and plans for people.

use std::time::SystemTime;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use tenancy_core::TenantContext;
use tenancy_core::plan::{Feature, Meter};
use tenancy_sqlx::TenantTx;
use tenancy_sqlx::usage::{MeterUsage, Outlook};
use tenancy_tower::extract::Member;

use super::{entitlements, plans};
use crate::app::App;
use crate::failure::Failure;
use crate::pages::{MeterBar, PlanColumn, Section, UsageView};
use crate::{view, words};

/// `GET /usage`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(&context).await?;
    let outlook = tx.outlook().await?;
    let bars = tx.usage().await?.iter().map(|usage| bar(usage, &outlook)).collect();
    let own = entitlements(&context).plan().map(tenancy_core::Plan::code);
    let columns = plans().plans().iter().map(|plan| PlanColumn {
        name: plan.name().to_owned(),
        current: Some(plan.code()) == own,
        cells: FEATURES
            .iter()
            .map(|feature| if plan.includes(feature) { "Yes" } else { "No" }.to_owned())
            .chain(METERS.iter().map(|meter| cap(meter, plan.limits().get(meter).copied())))
            .collect(),
    });
    let name = |text: String| {
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    };
    let rows = FEATURES.iter().map(|feature| feature.as_str().replace('_', " ").replace("ai ", "AI "));
    let rows = rows.chain(METERS.iter().map(Meter::words)).map(name).collect();
    let view = UsageView { plan: plan_name(&context), bars, plans: columns.collect(), rows };
    let frame = view::frame(&mut tx, &context, Section::Usage).await?;
    Ok(view::html(StatusCode::OK, view.render(&frame)?))
}

/// The name of the tenant's plan.
pub(crate) fn plan_name(context: &TenantContext) -> String {
    let plan = entitlements(context).plan();
    plan.map_or_else(|| context.tenant().plan().to_string(), |plan| plan.name().to_owned())
}

/// What is shown beside every page: a few meters that people fill by their work, where they are limited.
pub(crate) async fn watched(tx: &mut TenantTx) -> Result<Vec<MeterBar>, Failure> {
    const WATCHED: [Meter; 3] = [Meter::CAMPAIGNS, Meter::ANALYSIS_RUNS_MONTH, Meter::STORAGE_GB];
    let meters = tx.usage().await?;
    Ok(meters
        .iter()
        .filter(|usage| usage.limit.is_some() && WATCHED.contains(&usage.meter))
        .map(|usage| bar(usage, &Outlook::default()))
        .collect())
}

/// One meter's figures as the pages show them.
pub(crate) async fn bar_of(tx: &mut TenantTx, meter: &Meter) -> Result<MeterBar, Failure> {
    let usage = tx.usage().await?.into_iter().find(|usage| usage.meter == *meter);
    usage
        .map(|usage| bar(&usage, &Outlook::default()))
        .ok_or_else(|| Failure::internal(format!("{meter} are not counted")))
}

fn bar(usage: &MeterUsage, outlook: &Outlook) -> MeterBar {
    let alert = outlook.alerts.iter().find(|alert| alert.meter == usage.meter);
    let passed = alert.and_then(|alert| Some((alert.percent, Timestamp::try_from(alert.at).ok()?)));
    let reaches = outlook.reaches_limit(usage, SystemTime::now());
    let resets = usage.resets_at.and_then(|at| Timestamp::try_from(at).ok());
    MeterBar {
        name: usage.meter.words(),
        used: usage.used,
        limit: usage.limit,
        bytes: usage.meter == Meter::STORAGE_GB,
        resets: resets.map(|at| format!("on {}", crate::pages::moment(&at))).unwrap_or_default(),
        passed,
        reaches: reaches.and_then(|at| Timestamp::try_from(at).ok()),
    }
}

static FEATURES: [Feature; 5] = [
    Feature::BASIC_SOCIAL,
    Feature::BASIC_ANALYTICS,
    Feature::ADVANCED_ANALYTICS,
    Feature::AI_CONTENT,
    Feature::WHITE_LABEL,
];

static METERS: [Meter; 6] = [
    Meter::CAMPAIGNS,
    Meter::SOCIAL_ACCOUNTS,
    Meter::USERS,
    Meter::STORAGE_GB,
    Meter::ANALYSIS_RUNS_MONTH,
    Meter::API_CALLS_HOUR,
];

fn cap(meter: &Meter, cap: Option<u64>) -> String {
    match cap {
        None => "No limit".to_owned(),
        Some(gigabytes) if *meter == Meter::STORAGE_GB => format!("{}\u{a0}GB", words::count(gigabytes)),
        Some(cap) => words::count(cap),
    }
}
