//! Where a member stands now, whatever the token says that was issued some time ago.

use super::Answer;
use crate::{Role, SessionId, TenantId, UserId};

/// A member's present rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The role now.
    pub role: Role,
    /// The version of the member's rights; it rises with every change of them.
    pub ver: u64,
}

/// Answers whether what a token says still holds.
///
/// An implementation may answer from memory for a stated time, and says for how long: that is how
/// long a change takes to reach tokens that are out.
pub trait StandingStore: Send + Sync + 'static {
    /// Where `user` stands in `tenant`; `None` when they are no member any more, or `sign_in`, the one
    /// that the token belongs to, has ended.
    fn standing(
        &self,
        tenant: TenantId,
        user: UserId,
        sign_in: Option<SessionId>,
    ) -> Answer<'_, Option<Standing>>;
}
