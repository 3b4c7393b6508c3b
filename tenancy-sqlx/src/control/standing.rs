//! Where members stand, remembered for a second.
//!
//! So each subject costs the database one question a second, however many requests it makes, and a
//! lowered role, a removed member or an ended sign-in reaches every token that is out within that
//! second on every node. What was just ended by this node is forgotten at once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use sqlx::Row;
use tenancy_core::store::{Answer, Standing, StandingStore};
use tenancy_core::{Clock, SessionId, TenantId, UserId};

use super::{Gate, parse, unavailable};

const REMEMBERED: Duration = Duration::from_secs(1);
const MOST: usize = 10_000;

type Subject = (TenantId, UserId, Option<SessionId>);

/// The subject was not looked up a moment ago.
struct Unknown;

/// Standings that were looked up a moment ago.
pub(super) struct Standings {
    clock: Arc<dyn Clock>,
    known: RwLock<HashMap<Subject, (SystemTime, Option<Standing>)>>,
}

impl Standings {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, known: RwLock::default() }
    }

    fn get(&self, subject: &Subject) -> Result<Option<Standing>, Unknown> {
        let now = self.clock.now();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(subject).filter(|(until, _)| *until > now).map(|(_, standing)| *standing).ok_or(Unknown)
    }

    /// Remembers what was read by a question that began at `asked`.
    fn put(&self, subject: Subject, standing: Option<Standing>, asked: SystemTime) {
        let now = self.clock.now();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (until, _)| *until > now);
        }
        if known.len() < MOST {
            known.insert(subject, (asked + REMEMBERED, standing));
        }
    }

    pub(super) fn forget(&self, sign_in: SessionId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, _, of), _| *of != Some(sign_in));
    }
}

impl StandingStore for Gate {
    fn standing(
        &self,
        tenant: TenantId,
        user: UserId,
        sign_in: Option<SessionId>,
    ) -> Answer<'_, Option<Standing>> {
        Box::pin(async move {
            let subject = (tenant, user, sign_in);
            if let Ok(standing) = self.standings.get(&subject) {
                return Ok(standing);
            }
            let asked = self.standings.clock.now();
            let row = sqlx::query("SELECT * FROM control.standing($1, $2, $3)")
                .bind(tenant.as_uuid())
                .bind(user.as_uuid())
                .bind(sign_in.map(SessionId::as_uuid))
                .fetch_optional(&self.pool)
                .await
                .map_err(unavailable)?;
            let standing = match row {
                None => None,
                Some(row) => {
                    let role: String = row.try_get("role").map_err(unavailable)?;
                    let ver: i64 = row.try_get("ver").map_err(unavailable)?;
                    Some(Standing { role: parse(&role)?, ver: ver.unsigned_abs() })
                }
            };
            self.standings.put(subject, standing, asked);
            Ok(standing)
        })
    }
}
