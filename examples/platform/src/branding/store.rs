//! The table of logos.

use sqlx::Row as _;
use tenancy_core::UserId;
use tenancy_sqlx::TenantTx;

use super::Logo;
use crate::failure::Failure;

/// The logo as it is served: hash, media type and bytes.
pub(super) struct Stored {
    pub(super) hash: String,
    pub(super) kind: String,
    pub(super) image: Vec<u8>,
}

pub(super) async fn load(tx: &mut TenantTx) -> Result<Option<Stored>, Failure> {
    let row = sqlx::query("SELECT hash, kind, image FROM brand_logos")
        .fetch_optional(&mut **tx)
        .await
        .map_err(Failure::internal)?;
    row.map(|row| {
        Ok(Stored {
            hash: row.try_get("hash").map_err(Failure::internal)?,
            kind: row.try_get("kind").map_err(Failure::internal)?,
            image: row.try_get("image").map_err(Failure::internal)?,
        })
    })
    .transpose()
}

pub(super) async fn save(tx: &mut TenantTx, logo: &Logo, by: UserId) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO brand_logos (hash, kind, image, created_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id) DO UPDATE SET hash = excluded.hash, kind = excluded.kind,
             image = excluded.image, created_by = excluded.created_by, created_at = now()",
    )
    .bind(logo.hash())
    .bind(logo.kind().mime())
    .bind(logo.bytes())
    .bind(by.as_uuid())
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(Failure::internal)
}

pub(super) async fn remove(tx: &mut TenantTx) -> Result<(), Failure> {
    sqlx::query("DELETE FROM brand_logos").execute(&mut **tx).await.map(drop).map_err(Failure::internal)
}
