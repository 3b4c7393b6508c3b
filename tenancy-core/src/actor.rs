//! Who acts inside a tenant.

use serde::{Deserialize, Serialize};

use crate::{Permission, Role, TenantId, UserId};

/// A person as a verified credential (a session or a token) describes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The tenant that the credential was issued for.
    pub tenant_id: TenantId,
    /// The person.
    pub user_id: UserId,
    /// Their role in that tenant.
    pub role: Role,
}

/// Who a [`TenantContext`](crate::TenantContext) acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// Nobody has shown a credential.
    Anonymous,
    /// A member of the tenant.
    Member {
        /// The person.
        user: UserId,
        /// Their role.
        role: Role,
    },
    /// The application itself, such as a scheduled clean-up.
    Service {
        /// Which part of it.
        name: &'static str,
    },
}

impl Actor {
    /// Whether the actor may do `permission`. Nobody may do anything; a service does what it was
    /// written for and is not asked.
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Anonymous => false,
            Self::Member { role, .. } => role.may(permission),
            Self::Service { .. } => true,
        }
    }

    /// The person, if a person acts.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Member { user, .. } => Some(*user),
            Self::Anonymous | Self::Service { .. } => None,
        }
    }
}
