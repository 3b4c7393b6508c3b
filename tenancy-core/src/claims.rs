//! The claims of an access token: who, in which tenant, until when.

use serde::{Deserialize, Serialize};

use crate::{Identity, PlanCode, Role, SessionId, TenantId, UserId};

/// The payload of a tenant's access token.
///
/// Older names are accepted when a token is read (`organization_id`, `organization_name`,
/// `subscription_plan`, `user_id`), never written. A token that carries `tenant_id` and
/// `organization_id` at once is refused while it is read, whether they agree or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person.
    #[serde(alias = "user_id")]
    pub sub: UserId,
    /// The tenant the token was issued for.
    #[serde(alias = "organization_id")]
    pub tenant_id: TenantId,
    /// The tenant's name when the token was issued, for display only.
    #[serde(alias = "organization_name")]
    pub tenant_name: String,
    /// The tenant's plan when the token was issued, for display only.
    #[serde(alias = "subscription_plan")]
    pub plan: PlanCode,
    /// The person's role in the tenant.
    pub role: Role,
    /// The permissions of that role, for clients; the server decides by `role`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Issued at, in seconds since 1970.
    pub iat: u64,
    /// Refused from then on, in seconds since 1970.
    pub exp: u64,
    /// Who issued it.
    pub iss: String,
    /// Whom it is for.
    pub aud: String,
    /// The token's own id.
    pub jti: String,
    /// Version of the subject's rights; where the server has a higher one, its present role counts.
    #[serde(default)]
    pub ver: u64,
    /// The sign-in that the token belongs to; when that ends, so does the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

impl Claims {
    /// The identity that the token proves.
    pub const fn identity(&self) -> Identity {
        Identity { tenant_id: self.tenant_id, user_id: self.sub, role: self.role }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token() -> serde_json::Value {
        json!({
            "sub": "018f2f4e-0000-7000-8000-000000000001",
            "tenant_id": "018f2f4e-0000-7000-8000-000000000002",
            "tenant_name": "Acme", "plan": "starter", "role": "admin",
            "iat": 0, "exp": 3600, "iss": "i", "aud": "a", "jti": "j",
        })
    }

    #[test]
    fn the_older_spelling_decodes_to_the_same_tenant() {
        let ours: Claims = serde_json::from_value(token()).unwrap();
        let mut older = token();
        let fields = older.as_object_mut().unwrap();
        for (new, old) in [
            ("tenant_id", "organization_id"),
            ("tenant_name", "organization_name"),
            ("plan", "subscription_plan"),
            ("sub", "user_id"),
        ] {
            let value = fields.remove(new).unwrap();
            fields.insert(old.into(), value);
        }
        let older: Claims = serde_json::from_value(older).unwrap();
        assert_eq!(ours, older);
    }

    #[test]
    fn two_spellings_at_once_are_refused() {
        let mut both = token();
        let other = json!("018f2f4e-0000-7000-8000-000000000003");
        both.as_object_mut().unwrap().insert("organization_id".into(), other);
        assert!(serde_json::from_value::<Claims>(both).is_err());
    }

    #[test]
    fn a_token_without_a_tenant_is_refused() {
        let mut none = token();
        none.as_object_mut().unwrap().remove("tenant_id");
        assert!(serde_json::from_value::<Claims>(none).is_err());
    }
}
