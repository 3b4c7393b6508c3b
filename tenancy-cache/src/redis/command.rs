//! What lies in the server, and the commands that read and change it.
//!
//! ```text
//! <prefix>:{<tenant, 32 digits>}e                                       the tenant's epoch
//! <prefix>:{<tenant, 32 digits>}v<length of space (8 bytes)><space><name>   an entry
//! <prefix>:{<tenant, 32 digits>}t<length of space (8 bytes)><space><name>   the fence of a load
//! ```
//!
//! Epoch and fence are 16 hexadecimal digits of a random number; an entry is the digits of its epoch,
//! then its envelope. Random, because a counter that is lost starts again and would bring back what
//! was purged; here a lost epoch is another one. A fence is gone when the key changes, when it is
//! used, or when a load takes longer than [`LOAD`]: then the result is not stored.
//!
//! The first braces of a key decide its slot in a cluster: a tenant's keys are in one, whatever its
//! names contain. Scripts go as text, some hundred bytes: the server knows them by their hash, and
//! nothing has to be loaded again after it restarts. No command looks for keys by a pattern, and none
//! fetches more than the bound on entries.

use std::time::Duration;

use ::redis::{Pipeline, Value, pipe};
use tenancy_core::TenantId;

use crate::BackendError;
use crate::backend::Ticket;
use crate::key::CacheKey;

/// The longest that a load may take and still be stored.
const LOAD: Duration = Duration::from_mins(5);

/// The longest that the server is asked to keep an entry; the envelope knows the true time.
const LONGEST: Duration = Duration::from_hours(24 * 365);

/// Digits of an epoch or a fence.
const DIGITS: usize = 16;

/// Common to the scripts: reads a little of a key, whatever it is; the digits of one, made anew from
/// `fresh` where it holds none.
const PRELUDE: &str = "
local function text(key, last)
  local found = redis.pcall('GETRANGE', key, 0, last)
  return type(found) == 'string' and found or ''
end
local function digits(key, fresh)
  local found = text(key, 16)
  if string.match(found, '^' .. string.rep('[0-9a-f]', 16) .. '$') then return found end
  redis.call('SET', key, fresh)
  return fresh
end
";

/// The tenant's epoch and a fence, and what is stored by now. A load finds the fence of another one
/// that is under way: the first to end stores.
const BEGIN: &str = "
local epoch = digits(KEYS[2], ARGV[1])
local fence = digits(KEYS[3], ARGV[2])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return {text(KEYS[1], ARGV[4]), epoch, fence}
";

/// Stores what was loaded if epoch and fence still stand.
const FILL: &str = "
if text(KEYS[2], 16) ~= ARGV[1] or text(KEYS[3], 16) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] .. ARGV[3], 'PX', ARGV[4])
redis.call('DEL', KEYS[3])
return 1
";

/// Stores an entry in the present epoch, and ends the loads that began before.
const WRITE: &str = "
redis.call('SET', KEYS[1], digits(KEYS[2], ARGV[1]) .. ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[3])
return 1
";

/// Builds the commands of one cache.
#[derive(Clone, Debug)]
pub(crate) struct Commands {
    pub(crate) prefix: String,
    /// The most bytes of an entry.
    pub(crate) bound: usize,
}

impl Commands {
    pub(crate) fn read(&self, key: &CacheKey) -> Pipeline {
        let mut request = pipe();
        request.cmd("GETRANGE").arg(self.name(b'v', key)).arg(0).arg(self.last());
        request.cmd("GETRANGE").arg(self.epoch(key.tenant())).arg(0).arg(DIGITS);
        request
    }

    pub(crate) fn begin(&self, key: &CacheKey, fresh: Ticket) -> Pipeline {
        let mut request = self.script(BEGIN, key);
        let load = LOAD.as_millis() as u64;
        request.arg(hex(fresh.epoch)).arg(hex(fresh.fence)).arg(load).arg(self.last());
        request
    }

    pub(crate) fn fill(&self, key: &CacheKey, ticket: Ticket, bytes: &[u8], ttl: Duration) -> Pipeline {
        let mut request = self.script(FILL, key);
        request.arg(hex(ticket.epoch)).arg(hex(ticket.fence)).arg(bytes).arg(millis(ttl));
        request
    }

    pub(crate) fn write(&self, key: &CacheKey, fresh: u64, bytes: &[u8], ttl: Duration) -> Pipeline {
        let mut request = self.script(WRITE, key);
        request.arg(hex(fresh)).arg(bytes).arg(millis(ttl));
        request
    }

    pub(crate) fn remove(&self, key: &CacheKey) -> Pipeline {
        let mut request = pipe();
        request.cmd("UNLINK").arg(self.name(b'v', key)).arg(self.name(b't', key));
        request
    }

    pub(crate) fn purge(&self, tenant: TenantId, fresh: u64) -> Pipeline {
        let mut request = pipe();
        request.cmd("SET").arg(self.epoch(tenant)).arg(hex(fresh));
        request
    }

    /// The envelope in `stored`, if it is of the epoch in `epoch`.
    pub(crate) fn envelope<'a>(
        &self,
        stored: &'a Value,
        epoch: &Value,
    ) -> Result<Option<&'a [u8]>, BackendError> {
        let (stored, epoch) = (bytes(stored)?, bytes(epoch)?);
        if stored.is_empty() || epoch.is_empty() {
            return Ok(None);
        }
        if stored.len() > DIGITS + self.bound || epoch.len() != DIGITS {
            return Err(BackendError::Unreadable);
        }
        let (own, envelope) = stored.split_at_checked(DIGITS).ok_or(BackendError::Unreadable)?;
        Ok((own == epoch).then_some(envelope))
    }

    fn script(&self, script: &str, key: &CacheKey) -> Pipeline {
        let mut request = pipe();
        request.cmd("EVAL").arg(format!("{PRELUDE}{script}")).arg(3);
        request.arg(self.name(b'v', key)).arg(self.epoch(key.tenant())).arg(self.name(b't', key));
        request
    }

    /// The last byte fetched of an entry: one too many, by which it is known to be too large.
    const fn last(&self) -> usize {
        DIGITS + self.bound
    }

    fn epoch(&self, tenant: TenantId) -> Vec<u8> {
        format!("{}:{{{}}}e", self.prefix, tenant.as_uuid().simple()).into_bytes()
    }

    fn name(&self, kind: u8, key: &CacheKey) -> Vec<u8> {
        let mut name = self.epoch(key.tenant());
        name.pop();
        name.push(kind);
        // After the tenant's id, which stands in front already.
        name.extend(&key.as_bytes()[16..]);
        name
    }
}

/// The digits of an epoch or a fence.
fn hex(number: u64) -> String {
    format!("{number:016x}")
}

/// Reads the digits of an epoch or a fence.
pub(crate) fn number(value: &Value) -> Result<u64, BackendError> {
    let digits = std::str::from_utf8(bytes(value)?).map_err(|_| BackendError::Unreadable)?;
    u64::from_str_radix(digits, 16).map_err(|_| BackendError::Unreadable)
}

fn bytes(value: &Value) -> Result<&[u8], BackendError> {
    if let Value::BulkString(bytes) = value { Ok(bytes) } else { Err(BackendError::Unreadable) }
}

fn millis(ttl: Duration) -> u64 {
    ttl.min(LONGEST).as_millis().max(1) as u64
}
