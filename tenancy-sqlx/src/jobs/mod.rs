//! Work that outlives its request: enqueued in the request's own transaction, claimed fairly.
