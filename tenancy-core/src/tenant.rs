//! The tenant as a directory knows it, and the stages of its life.
//!
//! ```text
//! Provisioning -> Active <-> Suspended -> Erasing -> Erased
//! ```
//!
//! Only an active tenant is served. A suspended tenant's own people are told so; to everybody else
//! a tenant that is not (or no longer) there looks like one that never was.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{PlanCode, Slug, TenantId};

/// Where in its life a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// Being set up; nobody is served yet.
    Provisioning,
    /// Served.
    Active,
    /// Kept but not served: its people see why.
    Suspended,
    /// Its data is being removed.
    Erasing,
    /// Gone; only the id remains, so that it is never used again.
    Erased,
}

/// A text that names no stage of a tenant's life.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no tenant can be {0:?}")]
pub struct LifecycleError(String);

impl Lifecycle {
    /// The name of the stage, as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Erasing => "erasing",
            Self::Erased => "erased",
        }
    }

    /// Whether a stranger may learn that the tenant exists.
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Active | Self::Suspended)
    }
}

impl FromStr for Lifecycle {
    type Err = LifecycleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Provisioning, Self::Active, Self::Suspended, Self::Erasing, Self::Erased]
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| LifecycleError(text.to_owned()))
    }
}

/// The fields of a [`Tenant`], for those who implement a [`Directory`](crate::store::Directory).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantRecord {
    /// The tenant's id.
    pub id: TenantId,
    /// The name in its address.
    pub slug: Slug,
    /// The name people read.
    pub name: String,
    /// Where in its life it is.
    pub status: Lifecycle,
    /// The plan it has bought.
    pub plan: PlanCode,
    /// What the application keeps about it: brand, flags, preferences.
    pub settings: serde_json::Value,
}

/// A tenant that a directory answered. Read-only: changing a tenant is the operator's work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tenant {
    record: TenantRecord,
}

impl Tenant {
    /// The tenant that a directory found. Only directories call this: whoever makes a tenant up
    /// makes up an authority.
    pub const fn from_directory(record: TenantRecord) -> Self {
        Self { record }
    }

    /// The tenant's id.
    pub const fn id(&self) -> TenantId {
        self.record.id
    }

    /// The name in its address.
    pub const fn slug(&self) -> &Slug {
        &self.record.slug
    }

    /// The name people read.
    pub fn name(&self) -> &str {
        &self.record.name
    }

    /// Where in its life it is.
    pub const fn status(&self) -> Lifecycle {
        self.record.status
    }

    /// The plan it has bought.
    pub const fn plan(&self) -> &PlanCode {
        &self.record.plan
    }

    /// What the application keeps about it.
    pub const fn settings(&self) -> &serde_json::Value {
        &self.record.settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_read_back_what_they_print() {
        for text in ["provisioning", "active", "suspended", "erasing", "erased"] {
            assert_eq!(text.parse::<Lifecycle>().map(Lifecycle::as_str), Ok(text));
        }
        assert!("Active".parse::<Lifecycle>().is_err());
    }

    #[test]
    fn only_living_tenants_are_known_to_strangers() {
        assert!(Lifecycle::Active.is_known() && Lifecycle::Suspended.is_known());
        for stage in [Lifecycle::Provisioning, Lifecycle::Erasing, Lifecycle::Erased] {
            assert!(!stage.is_known(), "{stage:?}");
        }
    }
}
