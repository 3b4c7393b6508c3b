//! How a tenant presents itself: name, accent colour and logo, changed by those who manage it.
//!
//! What is small (name, accent, and the logo's hash) is part of the tenant that the directory answers,
//! so every page has it without asking. The database lets a tenant change its brand and nothing else of
//! its settings. A change is forgotten by this node's directory at once and by every other within the
//! second that it remembers; each leaves a line in the tenant's audit log.

mod api;
mod logo;
mod pages;
mod serve;
mod store;

use serde_json::{Map, Value, json};
use tenancy_core::{Permission, Tenant, TenantContext, UserId};
use tenancy_sqlx::TenantTx;
use tenancy_tower::refusal::Refusal;

pub use api::{change, put_logo, read, remove_logo};
pub use logo::{Logo, LogoError, LogoKind};
pub use pages::{logo_form, page, remove_logo_form, save_form};
pub use serve::logo;

use crate::app::App;
use crate::assets;
use crate::failure::Failure;
use crate::invite;
use crate::pages::{Accent, Brand};
use crate::trail;
use crate::usage;

/// What a tenant has said about its looks. What it has not said is the platform's to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The name people read, where it is not the one the operator keeps.
    pub name: Option<String>,
    /// The accent colour.
    pub accent: Option<Accent>,
    /// The hash of the logo.
    pub logo: Option<String>,
}

impl Look {
    /// The look of a tenant.
    pub fn of(tenant: &Tenant) -> Self {
        Self::read(&tenant.settings()["brand"])
    }

    /// What cannot be used counts as not said, whoever wrote it.
    fn read(brand: &Value) -> Self {
        let text = |key: &str| brand[key].as_str();
        let hash = |text: &&str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        Self {
            name: text("name").map(str::to_owned),
            accent: text("accent").and_then(|text| text.parse().ok()),
            logo: text("logo").filter(hash).map(str::to_owned),
        }
    }

    /// The accent that is drawn with.
    pub fn accent(&self) -> Accent {
        self.accent.unwrap_or(Accent::PLATFORM)
    }

    /// The look as the tenant's pages show it.
    pub fn brand(self, tenant: &Tenant) -> Brand {
        Brand {
            stylesheet: assets::stylesheet(self.accent()),
            name: self.name.unwrap_or_else(|| tenant.name().to_owned()),
            // The address changes with the picture, whatever keeps pictures on the way.
            logo: self.logo.map(|hash| format!("/brand/logo?v={}", &hash[..16])),
            mark: !usage::plans().entitlements(tenant).includes(&tenancy_core::plan::Feature::WHITE_LABEL),
        }
    }
}

/// A change of name and accent, checked: null goes back to the platform's choice.
fn checked(change: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let fields = change.into_iter().map(|(key, value)| {
        let value = match (key.as_str(), &value) {
            ("name" | "accent", Value::Null) => Value::Null,
            ("name", Value::String(text)) => json!(invite::tenant_name(text)?),
            ("accent", Value::String(text)) => json!(accent(text)?.to_string()),
            _ => {
                let asked = "Send {\"name\": \"…\", \"accent\": \"#0b6bcb\"}; null goes back to the default.";
                return Err(Failure::invalid("bad_brand", asked));
            }
        };
        Ok((key, value))
    });
    fields.collect()
}

fn accent(text: &str) -> Result<Accent, Failure> {
    let words = "An accent colour is # and six hexadecimal digits, such as #0b6bcb.";
    text.trim().parse().map_err(|_| Failure::invalid("accent_invalid", words))
}

/// Writes a change, and what it was, into the brand and the audit log; answers the new look.
async fn write(tx: &mut TenantTx, by: UserId, change: Value) -> Result<Look, Failure> {
    let (before, after): (Value, Value) = sqlx::query_as("SELECT * FROM control.set_brand($1, $2)")
        .bind(by.as_uuid())
        .bind(&change)
        .fetch_one(&mut **tx)
        .await
        .map_err(refused)?;
    trail::change(tx, by, "set_brand", (before, change)).await?;
    Ok(Look::read(&after))
}

/// Changes name and accent.
async fn set(
    app: &App,
    context: &TenantContext,
    by: UserId,
    change: Map<String, Value>,
) -> Result<Look, Failure> {
    let change = checked(change)?;
    let mut tx = app.database.begin(context).await?;
    let look = write(&mut tx, by, Value::Object(change)).await?;
    tx.commit().await?;
    app.directory.forget(context.tenant_id());
    Ok(look)
}

/// Puts up a logo, or takes it down.
async fn set_logo(
    app: &App,
    context: &TenantContext,
    by: UserId,
    logo: Option<&Logo>,
) -> Result<Look, Failure> {
    let mut tx = app.database.begin(context).await?;
    match logo {
        Some(logo) => store::save(&mut tx, logo, by).await?,
        None => store::remove(&mut tx).await?,
    }
    let look = write(&mut tx, by, json!({ "logo": logo.map(Logo::hash) })).await?;
    tx.commit().await?;
    app.directory.forget(context.tenant_id());
    Ok(look)
}

/// What the database's refusals mean.
fn refused(error: sqlx::Error) -> Failure {
    let code = error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned));
    match code.as_deref() {
        Some("42501") => Refusal::Forbidden(Permission::ManageSettings).into(),
        _ => Failure::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(value: Value) -> Result<Value, Failure> {
        let Value::Object(change) = value else { panic!("an object") };
        checked(change).map(Value::Object)
    }

    #[test]
    fn only_name_and_accent_can_be_changed_and_only_to_what_is_one() {
        let good = change(json!({ "name": " Acme ", "accent": "#FFD400" })).unwrap();
        assert_eq!(good, json!({ "name": "Acme", "accent": "#ffd400" }));
        assert_eq!(change(json!({ "name": null })).unwrap(), json!({ "name": null }));
        for bad in [
            json!({ "features": { "ai_content": true } }),
            json!({ "logo": "00" }),
            json!({ "accent": "red" }),
            json!({ "accent": "#fff;}*{display:none" }),
            json!({ "accent": ["#ffffff"] }),
            json!({ "name": "" }),
            json!({ "name": "a\nb" }),
            json!({ "name": "x".repeat(201) }),
            json!({ "name": 7 }),
        ] {
            assert!(change(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_cannot_be_used_counts_as_not_said() {
        for brand in [
            json!(null),
            json!("x"),
            json!({ "accent": "url(x)", "logo": "../../etc/passwd", "name": 7 }),
            json!({ "logo": "g".repeat(64) }),
        ] {
            assert_eq!(Look::read(&brand), Look::default(), "{brand}");
        }
        let hash = "a".repeat(64);
        assert_eq!(Look::read(&json!({ "logo": hash })).logo, Some(hash));
    }
}
