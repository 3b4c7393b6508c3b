//! Invitations: how one is made, and what may stand in it.
//!
//! The secret is in the link and nowhere else; the database keeps its hash. The link is made from the
//! tenant's own address, never from what a request calls itself, so that nobody can have a link to a
//! foreign site sent out.

use std::fmt;
use std::time::Duration;

use tenancy_core::Role;
use tenancy_sqlx::NewInvitation;
use tenancy_tower::SessionToken;
use uuid::Uuid;

use crate::failure::Failure;

/// How long an operator's invitation is good for.
pub const LIFETIME: Duration = Duration::from_hours(72);

/// The link that takes an invitation up. To be shown once, to whoever invited; `Debug` hides it.
#[derive(Clone)]
pub struct Link(String);

impl Link {
    /// The text of the link.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link(..)")
    }
}

/// A new invitation to the tenant with this address name, and its link.
pub fn new(
    (site, slug): (&str, &str),
    email: String,
    role: Role,
    lifetime: Duration,
) -> Result<(NewInvitation, Link), Failure> {
    let token = SessionToken::generate().map_err(Failure::internal)?;
    let link = Link(address(site, slug, &format!("/accept?token={}", *token.text())));
    let id = Uuid::now_v7();
    Ok((NewInvitation { id, token: token.hash(), email, role, lifetime }, link))
}

/// A tenant's own address. Encrypted everywhere but on the machine itself.
pub fn address(site: &str, slug: &str, path: &str) -> String {
    let host = site.split(':').next().unwrap_or(site);
    let scheme = if host == "localhost" || host.ends_with(".localhost") { "http" } else { "https" };
    format!("{scheme}://{slug}.{site}{path}")
}

/// An e-mail address as it is stored: without blanks around it, in lower case.
pub fn email(text: &str) -> Result<String, Failure> {
    let email = text.trim().to_lowercase();
    let plain = !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = email.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
    });
    if plain && parts && email.len() <= 320 {
        Ok(email)
    } else {
        Err(Failure::invalid("email_invalid", "Give one e-mail address, such as anna@example.com."))
    }
}

/// A role by its name.
pub fn role(text: &str) -> Result<Role, Failure> {
    text.parse().map_err(|_| Failure::invalid("role_unknown", "The role is owner, admin, analyst or viewer."))
}

/// The name of a tenant, as people read it.
pub fn tenant_name(text: &str) -> Result<String, Failure> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Failure::invalid("name_invalid", "A name has 1 to 200 characters, in one line."));
    }
    Ok(name.to_owned())
}

/// What inviting a member says.
pub fn member_already() -> Failure {
    Failure::Conflict {
        code: "member_already",
        message: "A person with this e-mail address is a member already.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_tenants_own_address() {
        let (invitation, link) =
            new(("mmm.localhost:8080", "acme"), "a@b".into(), Role::Viewer, LIFETIME).unwrap();
        let token = link.as_str().strip_prefix("http://acme.mmm.localhost:8080/accept?token=").unwrap();
        assert_eq!(SessionToken::parse(token).unwrap().hash(), invitation.token);
        assert_eq!(address("example.com", "acme", "/"), "https://acme.example.com/");
        assert!(!format!("{link:?}").contains(token));
    }

    #[test]
    fn only_one_plain_address_is_an_email() {
        for text in
            ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nbcc: x@y", &format!("a@{}", "b".repeat(320))]
        {
            assert!(email(text).is_err(), "{text:?}");
        }
        assert_eq!(email(" Anna@Example.COM ").unwrap(), "anna@example.com");
    }
}
