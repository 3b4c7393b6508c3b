//! Roles inside a tenant, and what each may do.
//!
//! A role is a fixed set of permissions. Routes ask for a permission, never for a role, so a new
//! role is one line in one table.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a member of a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers for the tenant; everything, including ending it.
    Owner,
    /// Runs the tenant: people, brand, data.
    Admin,
    /// Works with data and models.
    Analyst,
    /// Reads.
    Viewer,
}

/// One thing a route may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Permission {
    /// Read dashboards, sources and results.
    ViewAnalytics,
    /// Upload data and say what its columns mean.
    ManageData,
    /// Start model runs.
    RunAnalysis,
    /// Read campaigns and social accounts.
    ViewCampaigns,
    /// Make, change and remove campaigns and social accounts.
    ManageCampaigns,
    /// Invite people and change their roles.
    ManageUsers,
    /// Change brand and settings.
    ManageSettings,
}

/// A text that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}; roles are owner, admin, analyst, viewer")]
pub struct RoleError(String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Analyst, Self::Viewer];

    /// The name of the role, as it is stored and as tokens carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
        }
    }

    /// Everything this role may do.
    pub const fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ManageCampaigns, ManageData, ManageSettings, ManageUsers, RunAnalysis, ViewAnalytics,
            ViewCampaigns,
        };
        match self {
            Self::Owner | Self::Admin => &[
                ViewAnalytics,
                ViewCampaigns,
                ManageData,
                RunAnalysis,
                ManageCampaigns,
                ManageUsers,
                ManageSettings,
            ],
            Self::Analyst => &[ViewAnalytics, ViewCampaigns, ManageData, RunAnalysis, ManageCampaigns],
            Self::Viewer => &[ViewAnalytics, ViewCampaigns],
        }
    }

    /// Whether this role may do `permission`.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

impl Permission {
    /// The name of the permission, as tokens carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ViewAnalytics => "view_analytics",
            Self::ManageData => "manage_data",
            Self::RunAnalysis => "run_analysis",
            Self::ViewCampaigns => "view_campaigns",
            Self::ManageCampaigns => "manage_campaigns",
            Self::ManageUsers => "manage_users",
            Self::ManageSettings => "manage_settings",
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| RoleError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_never_does_less_than_the_one_below_it() {
        for pair in Role::ALL.windows(2) {
            for permission in pair[1].permissions() {
                assert!(pair[0].may(*permission), "{:?} lacks {permission:?}", pair[0]);
            }
        }
    }

    #[test]
    fn a_viewer_only_reads() {
        assert_eq!(Role::Viewer.permissions(), [Permission::ViewAnalytics, Permission::ViewCampaigns]);
    }

    #[test]
    fn stored_names_and_serialised_names_agree() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
            for permission in role.permissions() {
                assert_eq!(serde_json::to_value(permission).unwrap(), permission.as_str());
            }
        }
    }
}
