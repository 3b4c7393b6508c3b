//! What travels from the request that asks for work to the worker that does it.

use serde::{Deserialize, Serialize};

use crate::{JobId, TenantId, UserId};

/// Ids only: the worker asks a directory for the tenant and reads the rest inside the tenant's own
/// transaction, so a forged envelope gains nothing and a stale one cannot carry old rights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobEnvelope {
    /// The job.
    pub job_id: JobId,
    /// The tenant whose work it is.
    pub tenant_id: TenantId,
    /// The person who asked for it, if a person did.
    pub requested_by: Option<UserId>,
}

impl JobEnvelope {
    /// An envelope for a job of a tenant.
    pub const fn new(job_id: JobId, tenant_id: TenantId, requested_by: Option<UserId>) -> Self {
        Self { job_id, tenant_id, requested_by }
    }
}
