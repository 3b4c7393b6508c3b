//! The people of a tenant, who is invited, and the form that invites.

use askama::Template;
use tenancy_core::Role;

use super::frame::{Frame, asset_version};
use crate::team::{TenantSettings, Waiting};

/// Roles that may be given, and whether each is the present one.
type Offered = Vec<(&'static str, bool)>;

/// What the page shows.
#[derive(Clone, Debug)]
pub struct TeamView {
    /// Id, name, e-mail and role of each person.
    pub people: Vec<(String, String, String, Role)>,
    /// Who is invited and has not come yet.
    pub waiting: Vec<Waiting>,
    /// Whether the reader is an owner, who alone makes and changes owners.
    pub owner: bool,
    /// How people are invited.
    pub settings: TenantSettings,
    /// The invitation that was just made, shown this once.
    pub link: Option<String>,
    /// What was typed as e-mail.
    pub email: String,
}

impl TeamView {
    /// The page.
    pub fn render(&self, frame: &Frame) -> Result<String, askama::Error> {
        Page { frame, view: self, assets: asset_version() }.render()
    }

    fn lead(&self) -> String {
        let people = match self.people.len() {
            1 => "One person works here".to_owned(),
            n => format!("{n} people work here"),
        };
        match self.waiting.len() {
            0 => format!("{people}; nobody is invited."),
            1 => format!("{people}; one more is invited."),
            n => format!("{people}; {n} more are invited."),
        }
    }

    /// What an invited person can be, in words, and whether that is what is offered first.
    fn roles(&self) -> Vec<(Role, &'static str, bool)> {
        let roles = [
            (Role::Viewer, "viewer: reads"),
            (Role::Analyst, "analyst: works with data and models"),
            (Role::Admin, "admin: runs the workspace"),
            (Role::Owner, "owner: answers for the workspace"),
        ];
        let may_give = roles.into_iter().filter(|(role, _)| self.owner || *role != Role::Owner);
        may_give.map(|(role, words)| (role, words, role == self.settings.invited_role)).collect()
    }

    /// Id, name, e-mail and role of each person, and the roles the reader may give them, which is none
    /// where only an owner may.
    fn rows(&self) -> Vec<(&str, &str, &str, &'static str, Offered)> {
        let offered = |now: Role| {
            let roles = Role::ALL.into_iter().filter(|role| self.owner || *role != Role::Owner);
            if now == Role::Owner && !self.owner {
                Vec::new()
            } else {
                roles.map(|role| (role.as_str(), role == now)).collect()
            }
        };
        let rows = self.people.iter();
        rows.map(|(id, name, email, role)| {
            (id.as_str(), name.as_str(), email.as_str(), role.as_str(), offered(*role))
        })
        .collect()
    }
}

#[derive(Template)]
#[template(path = "team.html")]
struct Page<'a> {
    frame: &'a Frame,
    view: &'a TeamView,
    assets: String,
}
