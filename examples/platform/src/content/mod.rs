//! Drafts of texts for a campaign, written by a provider.
//!
//! The provider is a trait, so that a service that writes better can take the place of the one that is
//! here: [`Templates`] fills sentences with what it was told, on this machine and with no one else.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use tenancy_core::Permission;
use tenancy_core::TenantContext;
use tenancy_tower::extract::Member;

use crate::app::App;
use crate::failure::{Body, Failure};
use crate::pages::{ContentView, DraftView, Section};
use crate::view;

/// What a draft is to be about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// What is advertised.
    #[serde(default)]
    pub product: String,
    /// For whom.
    #[serde(default)]
    pub audience: String,
    /// What it is good for.
    #[serde(default)]
    pub benefit: String,
}

/// A text for one kind of place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// Where it would stand.
    pub place: &'static str,
    /// The text.
    pub text: String,
}

/// Writes drafts.
pub trait TextProvider: Send + Sync {
    /// Drafts for a brief whose fields are not blank.
    fn write(&self, brief: &Brief) -> Vec<Draft>;
}

/// Fills fixed sentences.
#[derive(Clone, Copy, Debug, Default)]
pub struct Templates;

impl TextProvider for Templates {
    fn write(&self, brief: &Brief) -> Vec<Draft> {
        let Brief { product, audience, benefit } = brief;
        let draft = |place, text| Draft { place, text };
        vec![
            draft("Headline", format!("{product}: {benefit}")),
            draft("Post", format!("Made for {audience}: {product}. {benefit}. Tell us what you think.")),
            draft(
                "E-mail",
                format!(
                    "Hello,\n\nyou asked what {product} does for {audience}. In short: {benefit}.\n\nTry it."
                ),
            ),
        ]
    }
}

/// A brief without blanks and of a bearable length.
fn checked(brief: Brief) -> Result<Brief, Failure> {
    let tidy = |name: &str, text: String| {
        let text = text.trim().trim_end_matches('.').to_owned();
        let bad = text.is_empty() || text.chars().count() > 200 || text.chars().any(char::is_control);
        if bad {
            Err(Failure::invalid("bad_brief", format!("Say the {name} in 1 to 200 characters.")))
        } else {
            Ok(text)
        }
    };
    Ok(Brief {
        product: tidy("product", brief.product)?,
        audience: tidy("audience", brief.audience)?,
        benefit: tidy("benefit", brief.benefit)?,
    })
}

/// `POST /api/content/drafts`
pub async fn draft(Body(brief): Body<Brief>) -> Result<Json<serde_json::Value>, Failure> {
    Ok(Json(serde_json::json!({ "drafts": Templates.write(&checked(brief)?) })))
}

/// `GET /content`
pub async fn page(State(app): State<App>, Member { context, .. }: Member) -> Result<Response, Failure> {
    shown(&app, &context, StatusCode::OK, Brief::default(), None, Vec::new()).await
}

/// `POST /content`
pub async fn draft_form(
    State(app): State<App>,
    Member { context, .. }: Member,
    Form(typed): Form<Brief>,
) -> Result<Response, Failure> {
    match checked(typed.clone()) {
        Ok(brief) => {
            let drafts = Templates.write(&brief);
            shown(&app, &context, StatusCode::OK, typed, None, drafts).await
        }
        Err(failure) => {
            let (status, error) = failure.said()?;
            shown(&app, &context, status, typed, Some(error), Vec::new()).await
        }
    }
}

async fn shown(
    app: &App,
    context: &TenantContext,
    status: StatusCode,
    brief: Brief,
    error: Option<String>,
    drafts: Vec<Draft>,
) -> Result<Response, Failure> {
    let mut tx = app.database.begin_read(context).await?;
    let frame = view::frame(&mut tx, context, Section::Content).await?;
    let view = ContentView {
        product: brief.product,
        audience: brief.audience,
        benefit: brief.benefit,
        error,
        drafts: drafts.into_iter().map(|draft| DraftView { place: draft.place, text: draft.text }).collect(),
        may_write: context.may(Permission::ManageCampaigns),
    };
    Ok(view::html(status, view.render(&frame)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_says_what_the_brief_says_and_nothing_is_left_open() {
        let said = |text: &str| text.to_owned();
        let brief = Brief {
            product: said("Beans"),
            audience: said("early birds"),
            benefit: said("awake in minutes."),
        };
        for draft in Templates.write(&checked(brief).unwrap()) {
            assert!(draft.text.contains("Beans") && draft.text.contains("awake in minutes"), "{draft:?}");
            assert!(!draft.text.contains(['{', '}']) && !draft.text.contains(".."), "{draft:?}");
        }
    }

    #[test]
    fn blank_and_endless_briefs_are_refused() {
        for product in [String::new(), " \n".to_owned(), "x".repeat(201), "a\u{0}".to_owned()] {
            let brief = Brief { product, audience: "a".to_owned(), benefit: "b".to_owned() };
            assert!(checked(brief).is_err());
        }
    }
}
